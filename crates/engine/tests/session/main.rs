//! Sessions: no verb is reached without one, and it ends with its key in every process.

#![cfg(test)]

mod ended;
mod refused;
mod source;
mod verbs;
mod world;
