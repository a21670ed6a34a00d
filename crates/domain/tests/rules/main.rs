//! The rules, held to tables.

mod delivery;
mod notice;
mod rebuild;
mod send;
mod world;
