//! JSON objects from outside, and what is wrong with them: told with the field, and the nearest known one.

use domain::refusal::FieldError;
use domain::{Code, Refusal, nearest};
use serde::de::{DeserializeOwned, IgnoredAny};

/// Characters of a field's path in an answer.
const FIELD_CHARS_MAX: usize = 300;
/// Characters of what is wrong with it.
const WHY_CHARS_MAX: usize = 1_000;

/// Reads a JSON object; where it is wrong, reads it again to say exactly what and where.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // RFC 8259 lets a reader take a byte order mark, which some writers cannot leave out.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    // A list would be read as a struct's fields in their order.
    if first(bytes) == Some(b'{')
        && let Ok(value) = serde_json::from_slice(bytes)
    {
        return Ok(value);
    }
    Err(explain::<T>(bytes))
}

fn first(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn explain<T: DeserializeOwned>(bytes: &[u8]) -> Refusal {
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        return Refusal::new(Code::InvalidUtf8, format!("The body is no UTF-8 from byte {at} on."));
    }
    if first(bytes).is_none() {
        return Refusal::new(Code::MalformedJson, "The body is empty; a JSON object is expected.");
    }
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return Refusal::new(Code::MalformedJson, format!("The body is no JSON: {error}."));
    }
    if first(bytes) != Some(b'{') {
        return Refusal::new(Code::WrongType, "The body must be a JSON object.");
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => Refusal::new(Code::MalformedJson, "The body has more than one JSON value."),
        Err(error) => {
            let path = error.path().to_string();
            let inner = error.into_inner();
            let text = inner.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
            if inner.is_data() { classify(&path, text, "field") } else { syntax(text, &join(&path, "")) }
        }
    }
}

/// What is no JSON, or none that every parser reads, in the field where that is known.
fn syntax(text: &str, field: &str) -> Refusal {
    if field.is_empty() {
        return Refusal::new(Code::MalformedJson, format!("The body is no JSON: {text}."));
    }
    let text = if text.contains("hex escape") { "has half of a surrogate pair" } else { text };
    fault(Code::MalformedJson, field.to_owned(), format!("is no JSON that every parser reads: {text}"))
}

/// What is wrong inside of free JSON that `path` names: `inside` is where, then why.
fn inner(path: &str, inside: &str) -> Refusal {
    let (name, why) = inside.split_once("`: ").unwrap_or(("", inside));
    let dot = if name.is_empty() || name.starts_with('[') { "" } else { "." };
    let field = format!("{}{dot}{name}", join(path, ""));
    match why {
        _ if why.starts_with("is ") => fault(Code::InvalidField, field, why.to_owned()),
        _ => syntax(why, &field),
    }
}

/// Turns what serde says into a code, a field and a reason. `what` is `field` or `parameter`.
pub fn classify(path: &str, text: &str, what: &str) -> Refusal {
    if let Some(inside) = text.strip_prefix("inside `") {
        return inner(path, inside);
    }
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let name = quoted.first().copied().unwrap_or_default();
    if text.starts_with("unknown field") {
        let known = quoted.get(1..).unwrap_or_default().iter().copied();
        return fault(Code::UnknownField, join(path, name), nearest::unknown(what, name, known));
    }
    if text.starts_with("missing field") {
        return fault(Code::MissingField, join(path, name), "must be given".to_owned());
    }
    if text.starts_with("duplicate field") {
        return fault(Code::InvalidField, join(path, name), "is given twice".to_owned());
    }
    let field = join(path, "");
    for (beginning, code) in [("invalid type: ", Code::WrongType), ("invalid value: ", Code::InvalidField)] {
        if let Some((given, expected)) = text.strip_prefix(beginning).and_then(|rest| rest.rsplit_once(", expected ")) {
            return fault(code, field, format!("must be {}, not {given}", plainly(expected)));
        }
    }
    if text.starts_with("invalid digit") || text.starts_with("cannot parse integer") || text.starts_with("number too") {
        let most = if field == "after" { u64::MAX } else { u64::from(u32::MAX) };
        return fault(Code::WrongType, field, format!("must be a whole number, 0 to {most}"));
    }
    fault(Code::InvalidField, field, text.to_owned())
}

/// What serde expects, without the names of Rust's types.
fn plainly(expected: &str) -> &str {
    match expected {
        "u32" => "a whole number, 0 to 4294967295",
        "u8" | "u16" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        _ if expected.starts_with("struct ") || expected == "a map" => "an object",
        _ => expected,
    }
}

fn fault(code: Code, mut field: String, mut why: String) -> Refusal {
    cut(&mut field, FIELD_CHARS_MAX);
    cut(&mut why, WHY_CHARS_MAX);
    let mut refusal = Refusal::new(code, format!("{field}: {why}"));
    refusal.errors.push(FieldError { field, why });
    refusal
}

/// Cuts what a request says about itself: an answer repeats little of it.
fn cut(text: &mut String, chars: usize) {
    if let Some((end, _)) = text.char_indices().nth(chars) {
        text.truncate(end);
        text.push('…');
    }
}

/// The path of a field inside what `path` names, where it does not name the field already.
fn join(path: &str, name: &str) -> String {
    let path = if path == "." { "" } else { path };
    let ends_with_name = path == name || path.strip_suffix(name).is_some_and(|parent| parent.ends_with('.'));
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, _) if ends_with_name => path.to_owned(),
        (path, name) => format!("{path}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{AuthorityCheck, BatchRequest, EvaluateGates, Receive, SendMessage};

    use super::*;

    fn told<T: DeserializeOwned + std::fmt::Debug>(body: &str) -> (Code, String, String) {
        let refusal = read::<T>(body.as_bytes()).expect_err(body);
        let error = refusal.errors.first();
        let (field, why) = error.map_or((String::new(), refusal.detail.clone()), |e| (e.field.clone(), e.why.clone()));
        (refusal.code, field, why)
    }

    #[test]
    fn what_is_wrong_is_told_with_its_code_and_field() {
        let table: [(&str, Code, &str, &str); 18] = [
            ("", Code::MalformedJson, "", "empty"),
            ("{", Code::MalformedJson, "", "EOF"),
            ("{} x", Code::MalformedJson, "", "trailing"),
            ("[]", Code::WrongType, "", "object"),
            ("\"x\"", Code::WrongType, "", "object"),
            ("null", Code::WrongType, "", "object"),
            (r#"["code", "chat", "subject"]"#, Code::WrongType, "", "object"),
            ("{}", Code::MissingField, "subject", "must be given"),
            (r#"{"subject": 7}"#, Code::WrongType, "subject", "must be a string, not integer `7`"),
            (r#"{"subject": null}"#, Code::WrongType, "subject", "must be a string, not null"),
            (r#"{"subjct": "x"}"#, Code::UnknownField, "subjct", "did you mean `subject`?"),
            (r#"{"subject": "x", "subject": "y"}"#, Code::InvalidField, "subject", "twice"),
            (r#"{"subject": "x", "to": {"a": 1}}"#, Code::WrongType, "to", "a recipient's name or a list of names"),
            (r#"{"subject": "x", "to": ["a", 1]}"#, Code::WrongType, "to[1]", "must be a string"),
            (r#"{"subject": "x", "priority": "urgent"}"#, Code::InvalidField, "priority", "critical, high"),
            (
                r#"{"subject": "x", "evidence": {"a": "b"}}"#,
                Code::WrongType,
                "evidence.a",
                "must be a number, not string",
            ),
            (r#"{"subject": "x", "metadata": []}"#, Code::InvalidField, "metadata", "is an object"),
            (r#"{"subject": "x", "attachments": [{"sha": "y"}]}"#, Code::UnknownField, "attachments[0].sha", "sha256"),
        ];
        for (body, code, field, why) in table {
            let told = told::<SendMessage>(body);
            assert_eq!((told.0, told.1.as_str()), (code, field), "{body}: {}", told.2);
            assert!(told.2.contains(why), "{body}: {}", told.2);
        }
    }

    #[test]
    fn free_json_is_json_that_every_parser_reads() {
        let deep = format!(r#"{{"subject": "x", "metadata": {{"d": {}{}}}}}"#, "[".repeat(1_100), "]".repeat(1_100));
        let table = [
            (r#"{"subject": "x", "metadata": {"s": "\ud83d"}}"#, Code::MalformedJson, "metadata.s", "surrogate"),
            (r#"{"subject": "x", "metadata": {"a": [{"n": 1e400}]}}"#, Code::MalformedJson, "metadata.a[0].n", "range"),
            (r#"{"subject": "x", "metadata": {"a": 1, "a": 1}}"#, Code::InvalidField, "metadata.a", "twice"),
            (r#"{"subject": "x", "evidence": {"t": 0.1, "t": 0.9}}"#, Code::InvalidField, "evidence.t", "twice"),
            (r#"{"subject": "x", "evidence": {"t": 1e400}}"#, Code::MalformedJson, "evidence.t", "range"),
            (r#"{"subject": "\ud83d"}"#, Code::MalformedJson, "subject", "surrogate"),
        ];
        for (body, code, field, why) in table {
            let told = told::<SendMessage>(body);
            assert_eq!((told.0, told.1.as_str()), (code, field), "{body}: {}", told.2);
            assert!(told.2.contains(why), "{body}: {}", told.2);
        }
        let told_of_depth = told::<SendMessage>(&deep);
        assert_eq!(told_of_depth.0, Code::InvalidField);
        assert!(
            told_of_depth.1.starts_with("metadata.d[0][0]") && told_of_depth.2.contains("64"),
            "{}",
            told_of_depth.2
        );
        let gates = told::<EvaluateGates>(r#"{"evidence": {"t": 0.1, "t": 0.9}}"#);
        assert_eq!((gates.0, gates.1.as_str()), (Code::InvalidField, "evidence.t"));
        let check = told::<AuthorityCheck>(r#"{"from": "a", "agent": "b", "kind": "decide"}"#);
        assert_eq!((check.0, check.1.as_str()), (Code::InvalidField, "from"));
    }

    #[test]
    fn a_byte_order_mark_is_taken() {
        let read = read::<SendMessage>("\u{feff}{\"subject\": \"x\"}".as_bytes()).expect("a message");
        assert_eq!(read.subject, "x");
        assert_eq!(told::<SendMessage>("\u{feff}").0, Code::MalformedJson);
    }

    #[test]
    fn numbers_out_of_range_and_broken_text_are_told() {
        assert_eq!(told::<Receive>(r#"{"max": -1}"#).1, "max");
        assert_eq!(told::<Receive>(r#"{"max": 1.5}"#).0, Code::WrongType);
        assert_eq!(told::<SendMessage>(r#"{"subject": "\ud800"}"#).0, Code::MalformedJson);
        assert_eq!(told::<BatchRequest>(r#"{"messages": {}}"#).0, Code::WrongType);
        assert_eq!(read::<SendMessage>(b"{\"subject\": \"\xff\"}").unwrap_err().code, Code::InvalidUtf8);
    }
}
