//! Texts from outside: what none of them may hold.
//!
//! Databases and programs in C take NUL for the end of a text, and PostgreSQL stores none. So a text with NUL is refused where it
//! comes in, whatever it is for, and means the same on every store.

use serde_json::value::RawValue;

use crate::refusal::{Code, Refusal};

/// What is wrong with a text that holds NUL.
pub const NUL: &str = "must not contain NUL (U+0000); bytes of any kind can be stored as an attachment";

/// Whether a text holds NUL.
pub fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// Fails with `invalid-field` where a text holds NUL.
pub fn check(field: &str, text: &str) -> Result<(), Refusal> {
    if has_nul(text) { Err(Refusal::field(Code::InvalidField, field, NUL)) } else { Ok(()) }
}

/// Whether a name or a text inside of JSON holds NUL, which JSON writes as an escape only.
pub fn json_has_nul(json: &RawValue) -> bool {
    const ESCAPE: &str = "\\u0000";
    let text = json.get();
    let escapes = text.match_indices(ESCAPE);
    // Behind an odd number of backslashes the last one is itself escaped, and what follows is plain text.
    escapes
        .into_iter()
        .any(|(at, _)| text.as_bytes()[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_found_in_a_text_and_in_json() {
        assert_eq!(check("name", "a\u{1}b\u{7f}"), Ok(()));
        assert_eq!(check("name", "a\0").unwrap_err().errors[0].field, "name");
        let table = [
            (r#"{"a":"b"}"#, false),
            (r#"{"a":"\u0000"}"#, true),
            (r#"{"\u0000":1}"#, true),
            (r#"{"a":"\\u0000"}"#, false),
            (r#"{"a":"\\\u0000"}"#, true),
            (r#"{"a":"\u00001"}"#, true),
            (r#"{"a":"\u0001 u0000"}"#, false),
        ];
        for (json, expected) in table {
            assert_eq!(json_has_nul(serde_json::from_str(json).expect(json)), expected, "{json}");
        }
    }
}
