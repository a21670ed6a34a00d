//! The HTTP face through its real router, over a real engine.

#![cfg(test)]

mod agent;
mod attachment;
mod authority;
mod bad_input;
mod by_hand;
mod contract;
mod cursors;
mod damage;
mod decision;
mod docs;
mod ending;
mod event;
mod gate;
mod health;
mod hostile;
mod inbox;
mod key;
mod listening;
mod malformed;
mod message;
mod one_process;
mod open;
mod place;
mod problem;
mod rate;
mod shares;
mod stream;
mod suite;
mod tenant;
mod webhook;
mod wire;
mod world;

/// Runs every case over servers in this process.
macro_rules! in_this_process {
    ($($file:ident: [$($case:ident),+ $(,)?],)+) => {
        mod api {
            $(mod $file {
                $(#[tokio::test]
                async fn $case() {
                    crate::$file::$case(&crate::place::Place).await;
                })+
            })+
        }
    };
}

suite::api_suite!(in_this_process);
