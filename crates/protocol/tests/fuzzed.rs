//! Bodies from outside: whatever they are, they are read or refused, and what was read can be written and read again.

use protocol::json;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a body as one shape.
fn read<T: DeserializeOwned + Serialize>(input: &[u8]) {
    match json::read::<T>(input) {
        Ok(body) => {
            let written = serde_json::to_vec(&body).expect("what was read can be written");
            drop(json::read::<T>(&written).expect("what was written can be read"));
        }
        Err(refusal) => {
            assert!(!refusal.detail.is_empty());
            let count = refusal.detail.chars().count();
            assert!(count < 1_500, "an answer repeats little of a request: {count} characters");
        }
    }
}

#[test]
fn fuzzed_bodies_are_read_or_refused() {
    fuzz::fuzz("json", |input| {
        read::<protocol::SendMessage>(input);
        read::<protocol::Receive>(input);
        read::<protocol::Ack>(input);
        read::<protocol::Nack>(input);
        read::<protocol::Defer>(input);
        read::<protocol::Extend>(input);
        read::<protocol::Terminate>(input);
        read::<protocol::PutAgent>(input);
        read::<protocol::CreateKey>(input);
        read::<protocol::CreateGrant>(input);
        read::<protocol::CreateTenant>(input);
        read::<protocol::EvaluateGates>(input);
        drop(json::read::<protocol::BatchRequest>(input));
    });
}
