//! Trace contexts, as W3C Trace Context has them: they travel with the message.

use http::HeaderMap;

/// The header, and the name under which every other protocol carries it.
pub const TRACEPARENT: &str = "traceparent";

/// The trace context that a request carries; one that is malformed is as good as none.
pub fn of(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(TRACEPARENT).and_then(|header| header.to_str().ok());
    header.filter(|text| is_valid(text))
}

/// Whether a text is `version-trace-parent-flags`, in lower-case hexadecimal digits and not all zeros.
pub fn is_valid(text: &str) -> bool {
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let some = |part: &str| part.bytes().any(|byte| byte != b'0');
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [version, trace, parent, flags] => {
            hex(version, 2)
                && *version != "ff"
                && hex(trace, 32)
                && hex(parent, 16)
                && hex(flags, 2)
                && some(trace)
                && some(parent)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn a_trace_context_is_held_to_its_form() {
        assert!(is_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
