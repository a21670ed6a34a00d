use client::{Stream, Streamed};
use serde::de::DeserializeOwned;

use crate::{Failure, output::remark};

/// Hands on what a stream brings until it fails for good; says once when it is interrupted, and once when it is back.
pub(crate) async fn follow<T: DeserializeOwned>(
    mut stream: Stream<T>,
    what: &str,
    mut item: impl FnMut(T, String) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut is_interrupted = false;
    let mut connections = 0;
    loop {
        match stream.next().await? {
            Streamed::Item { value, json } => item(value, json)?,
            Streamed::Connected if connections == 0 => remark(&format!("following {what}; stop with Ctrl-C")),
            Streamed::Connected => remark("connected again; nothing was missed"),
            Streamed::Interrupted { .. } if is_interrupted => continue,
            Streamed::Interrupted { why, .. } => {
                remark(&format!("interrupted: {why}; connecting again"));
                is_interrupted = true;
                continue;
            }
        }
        is_interrupted = false;
        connections += 1;
    }
}
