//! Pushing, from a message that is sent to what a real receiver on loopback gets, and back.

#![cfg(test)]

mod answers;
mod order;
mod places;
mod receiver;
mod signed;
mod world;
