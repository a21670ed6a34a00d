//! What only PostgreSQL can fail at: many committers of one log, and connections that end in the middle of a commit.

#![cfg(test)]

mod claims;
mod commits;
mod cutter;
mod poolers;
mod readers;
mod refused;
mod tenants;

use std::time::Duration;

use domain::message::{Message, MessageId};
use store::conformance::world::{NOW, World};
use store::{PostgresOptions, Store};
use testkit::postgres::Postgres;

/// How long anything may take.
const SOON: Duration = Duration::from_secs(120);

/// A database of its own.
fn database(postgres: &Postgres) -> String {
    postgres.create_database("coordination").expect("a database")
}

/// One process's store on a database that others use as well.
async fn store(url: &str) -> Store {
    Store::open_postgres(&PostgresOptions::new(url), true).await.expect("a store")
}

/// So many of them.
async fn stores(url: &str, count: usize) -> Vec<Store> {
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(store(url).await);
    }
    stores
}

/// A message whose id no other writer draws: each one's world draws the same.
fn message(world: &World<'_>, writer: usize) -> Message {
    let mut random = [0; 10];
    random[1] = writer as u8 + 1;
    random[2..].copy_from_slice(&world.draw().to_be_bytes());
    let id = MessageId::new(NOW, random);
    Message { id, thread_id: id, ..world.message(&["chat"]) }
}
