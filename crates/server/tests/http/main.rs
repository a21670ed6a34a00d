//! The HTTP face through its real router, over a real engine.

mod agent;
mod attachment;
mod authority;
mod bad_input;
mod docs;
mod event;
mod gate;
mod health;
mod inbox;
mod key;
mod message;
mod open;
mod problem;
mod rate;
mod stream;
mod tenant;
mod wire;
mod world;
