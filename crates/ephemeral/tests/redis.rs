//! What is shared through a private Redis, and what becomes of it when Redis, or the way to it, breaks.

#![cfg(test)]

#[path = "redis/faults.rs"]
mod faults;
#[path = "redis/forms.rs"]
mod forms;
#[path = "redis/sharing.rs"]
mod sharing;
#[path = "redis/world.rs"]
mod world;
