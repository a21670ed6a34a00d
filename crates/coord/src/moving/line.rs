//! One event as a line of an export.

use domain::event::{Event, EventKind};
use domain::{AgentName, Digest, MessageId, Time};
use serde::{Deserialize, Serialize};

/// A line: `at` in microseconds since 1970, and `data` as a text, since its very bytes are what is hashed.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    seq: i64,
    at: i64,
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<AgentName>,
    hash: Digest,
    #[serde(borrow)]
    data: std::borrow::Cow<'a, str>,
}

/// Writes an event, with the end of its line.
pub(super) fn write(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    let line = Line {
        seq: event.seq,
        at: event.at.0,
        kind: event.kind.as_str().into(),
        message: event.message,
        agent: event.agent.clone(),
        hash: event.hash,
        data: event.data.as_str().into(),
    };
    let mut bytes = serde_json::to_vec(&line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads the event of a line; the hash before it is left out, since whoever takes it links it anew.
pub(super) fn read(bytes: &[u8]) -> Result<Event, String> {
    let line: Line<'_> = serde_json::from_slice(bytes).map_err(|error| format!("a line is no event: {error}"))?;
    let kind = EventKind::ALL.iter().copied().find(|kind| kind.as_str() == line.kind);
    Ok(Event {
        seq: line.seq,
        kind: kind.ok_or_else(|| format!("event {} has the unknown type {}", line.seq, line.kind))?,
        at: Time(line.at),
        message: line.message,
        agent: line.agent,
        data: line.data.into_owned(),
        hash: line.hash,
        previous: Digest::ZERO,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_back_as_it_was() {
        let event = Event {
            seq: 7,
            kind: EventKind::MessageAcked,
            at: Time(1_700_000_000_123_000),
            message: Some(MessageId(uuid::Uuid::from_u128(5))),
            agent: Some(AgentName::stored("chat".to_owned())),
            data: "{\"a\": \"quoted \\\" and \\n é\"}".to_owned(),
            hash: Digest([3; 32]),
            previous: Digest::ZERO,
        };
        let line = write(&event).expect("written");
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        assert_eq!(read(&line), Ok(event));
    }

    #[test]
    fn fuzzed_lines_of_an_export_are_refused_or_read_as_they_are_written() {
        fuzz::fuzz("export", |input| {
            if let Ok(event) = read(input) {
                let written = write(&event).expect("what was read can be written");
                assert_eq!(read(&written), Ok(event));
            }
            drop(serde_json::from_slice::<super::super::manifest::Manifest>(input));
            drop(serde_json::from_slice::<store::Rest>(input));
        });
    }
}
