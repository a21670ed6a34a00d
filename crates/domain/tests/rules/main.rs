//! The rules, held to tables.

mod bounds;
mod decision;
mod delivery;
mod fields;
mod notice;
mod rebuild;
mod send;
mod verdict;
mod world;
