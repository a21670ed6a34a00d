//! Reads server-sent events out of bytes, as the HTML standard describes them.

/// The longest event that is read; a message with a body of 256 KiB is well below it.
const LONGEST: usize = 4 << 20;

/// One server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The last `id` seen, which resumes the stream behind this event.
    pub id: Option<String>,
    /// What sort of event it is; empty where it does not say.
    pub name: String,
    /// The `data` lines, joined.
    pub data: String,
}

/// An event is longer than the reader is willing to hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Takes bytes as they come and gives whole events back.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    name: String,
    data: String,
    id: Option<String>,
    seen: Option<String>,
    after_cr: bool,
}

impl Parser {
    /// Takes more bytes; calls `found` for each event that is complete.
    pub(crate) fn push(&mut self, bytes: &[u8], mut found: impl FnMut(Frame)) -> Result<(), TooLong> {
        for &byte in bytes {
            let after_cr = std::mem::take(&mut self.after_cr);
            if !matches!(byte, b'\n' | b'\r') {
                self.line.push(byte);
            } else if byte == b'\r' || !after_cr {
                self.after_cr = byte == b'\r';
                let line = std::mem::take(&mut self.line);
                self.take_line(&String::from_utf8_lossy(&line)).into_iter().for_each(&mut found);
            }
            if self.line.len() + self.data.len() > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    /// Returns the `id` of the last event that was complete, even one without data, which only says where the stream is.
    pub(crate) fn seen(self) -> Option<String> {
        self.seen
    }

    fn take_line(&mut self, line: &str) -> Option<Frame> {
        if line.is_empty() {
            self.seen.clone_from(&self.id);
            let (name, mut data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            data.pop()?;
            return Some(Frame { id: self.id.clone(), name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, LONGEST, Parser, TooLong};

    fn read(pieces: &[&str]) -> Vec<Frame> {
        let mut parser = Parser::default();
        let mut frames = Vec::new();
        for piece in pieces {
            parser.push(piece.as_bytes(), |frame| frames.push(frame)).unwrap();
        }
        frames
    }

    fn frame(id: &str, name: &str, data: &str) -> Frame {
        Frame { id: Some(id.to_owned()), name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_found_wherever_the_pieces_are_cut() {
        let whole = "id: 7\nevent: x\ndata: {\"a\":\ndata: 1}\n\n: still here\n\nid:8\ndata:two\n\n";
        let expected = [frame("7", "x", "{\"a\":\n1}"), frame("8", "", "two")];
        assert_eq!(read(&[whole]), expected);
        for cut in 1..whole.len() {
            assert_eq!(read(&[&whole[..cut], &whole[cut..]]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn every_kind_of_line_end_is_understood() {
        assert_eq!(read(&["id: 1\r\ndata: a\r\n\r\nid: 2\rdata: b\r\r"]), [frame("1", "", "a"), frame("2", "", "b")]);
    }

    #[test]
    fn a_comment_or_an_id_alone_is_no_event() {
        assert_eq!(read(&[": ping\n\nid: 3\n\n"]), []);
    }

    #[test]
    fn where_the_stream_is_moves_with_whole_events_only() {
        let mut parser = Parser::default();
        parser.push(b"id: 5\nretry: 100\n\nid: 6\ndata: cut", |_| {}).unwrap();
        assert_eq!(parser.seen().as_deref(), Some("5"));
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(&vec![b'x'; LONGEST + 1], |_| {}), Err(TooLong));
    }

    #[test]
    fn fuzzed_streams_give_the_same_events_however_they_are_cut() {
        fuzz::fuzz("sse", |input| {
            let read = |size: usize| {
                let (mut parser, mut frames) = (Parser::default(), Vec::new());
                let fits = input.chunks(size).all(|piece| parser.push(piece, |frame| frames.push(frame)).is_ok());
                (fits, frames, parser.seen())
            };
            assert_eq!(read(1), read(usize::MAX));
        });
    }
}
