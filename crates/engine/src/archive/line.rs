//! One event as a line of the archive.

use domain::event::{Event, EventKind};
use domain::{AgentName, Digest, MessageId, Time, chain};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A line. `data` is the event's data exactly as hashed; where they hold the end of a line they are a text in `text` instead.
#[derive(Serialize, Deserialize)]
struct Line {
    sequence: i64,
    #[serde(rename = "type")]
    kind: String,
    /// Microseconds since 1970: what the hash covers.
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<AgentName>,
    hash: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Writes an event and the end of its line.
pub(super) fn write(event: &Event) -> Result<Vec<u8>, String> {
    let raw = Some(&event.data).filter(|data| !data.contains(['\n', '\r']));
    let data = raw.and_then(|data| RawValue::from_string(data.clone()).ok());
    let line = Line {
        sequence: event.seq,
        kind: event.kind.as_str().to_owned(),
        at: event.at.0,
        message: event.message,
        agent: event.agent.clone(),
        hash: event.hash,
        text: data.is_none().then(|| event.data.clone()),
        data,
    };
    let mut bytes = serde_json::to_vec(&line).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads the line that must follow: its position is the next one, and its hash is that of its content after `previous`.
pub(super) fn read(bytes: &[u8], seq: i64, previous: Digest) -> Result<Event, String> {
    let line: Line = serde_json::from_slice(bytes).map_err(|error| format!("event {seq} cannot be read: {error}"))?;
    if line.sequence != seq {
        return Err(format!("event {} stands where {seq} belongs", line.sequence));
    }
    let data = match (line.data, line.text) {
        (Some(data), None) => data.get().to_owned(),
        (None, Some(text)) => text,
        _ => return Err(format!("event {seq} has no data")),
    };
    let hash = chain::link(&previous, seq, Time(line.at), &line.kind, data.as_bytes());
    if hash != line.hash {
        return Err(format!("event {seq} has the hash {}, its content and the event before give {hash}", line.hash));
    }
    let kind: EventKind = line.kind.parse().map_err(|_| format!("event {seq} has the unknown type {}", line.kind))?;
    let Line { at, message, agent, .. } = Line { data: None, text: None, ..line };
    Ok(Event { seq, kind, at: Time(at), message, agent, data, hash, previous })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Event {
        let kind = EventKind::AgentUpdated;
        let hash = chain::link(&Digest::ZERO, 1, Time(5), kind.as_str(), data.as_bytes());
        let agent = Some("code".parse().unwrap());
        Event { seq: 1, kind, at: Time(5), message: None, agent, data: data.to_owned(), hash, previous: Digest::ZERO }
    }

    #[test]
    fn a_line_comes_back_byte_by_byte_whatever_its_data_hold() {
        for data in [r#"{"a":1}"#, "{ \"a\" : 1.0 }", "{\"a\":\n1}", "{\"a\":\"\u{2028}\\n\"}", "not json"] {
            let bytes = write(&event(data)).unwrap();
            assert_eq!(bytes.iter().position(|byte| *byte == b'\n'), Some(bytes.len() - 1), "{data}");
            assert_eq!(read(&bytes, 1, Digest::ZERO).unwrap(), event(data), "{data}");
        }
    }

    #[test]
    fn a_line_that_was_changed_or_does_not_follow_is_refused() {
        let bytes = write(&event(r#"{"a":1}"#)).unwrap();
        let changed = String::from_utf8(bytes.clone()).unwrap().replace("\"a\":1", "\"a\":2");
        assert!(read(changed.as_bytes(), 1, Digest::ZERO).unwrap_err().contains("hash"));
        assert!(read(&bytes, 2, Digest::ZERO).unwrap_err().contains("where 2 belongs"));
        assert!(read(&bytes, 1, Digest([1; 32])).is_err());
        assert!(read(b"{}", 1, Digest::ZERO).is_err());
    }

    #[test]
    fn fuzzed_lines_of_an_archive_are_refused_or_read() {
        fuzz::fuzz("archive", |input| {
            if let Ok(event) = read(input, 1, Digest::ZERO) {
                let written = write(&event).expect("what was read can be written");
                assert_eq!(read(&written, 1, Digest::ZERO), Ok(event));
            }
        });
    }
}
