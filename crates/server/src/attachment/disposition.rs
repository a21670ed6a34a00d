use std::fmt::Write as _;

/// Characters of a name.
const CHARS_MAX: usize = 255;

/// Takes the name out of a `Content-Disposition` header as RFC 6266 has it, `filename*` before `filename`; without any
/// folders and control characters but NUL.
pub(super) fn name(header: &str) -> Option<String> {
    let parameters: Vec<(String, String)> = parameters(header);
    let of = |wanted: &str| parameters.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
    let name = of("filename*").and_then(decode).or_else(|| of("filename").map(str::to_owned))?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    // NUL stays, and is refused as in every other text.
    let clean: String = last.chars().filter(|c| *c == '\0' || !c.is_control()).take(CHARS_MAX).collect();
    Some(clean.trim().to_owned()).filter(|name| !name.is_empty() && name != "." && name != "..")
}

fn parameters(header: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = value(after.trim_start());
        parameters.push((key.trim().to_ascii_lowercase(), value));
        rest = after.split_once(';').map_or("", |(_, rest)| rest);
    }
    parameters
}

/// Reads one value, quoted or not, and gives what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// Decodes `UTF-8''percent%20encoded`.
fn decode(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut left = encoded.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            bytes.push((digit(left.next())? << 4 | digit(left.next())?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Writes the header that makes a browser save the bytes instead of showing them, with the name where there is one.
pub(super) fn write(name: Option<&str>) -> String {
    let Some(name) = name else { return "attachment".to_owned() };
    let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%');
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut header = format!("attachment; filename=\"{ascii}\"");
    if ascii != name {
        header.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                header.push(char::from(byte));
            } else {
                let _ = write!(header, "%{byte:02X}");
            }
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_form_and_lose_what_is_dangerous() {
        let table = [
            ("attachment; filename=\"report.html\"", Some("report.html")),
            ("attachment; filename=report.html", Some("report.html")),
            ("inline; x=y; FILENAME=\"a;b\\\"c.txt\"", Some("a;b\"c.txt")),
            ("attachment; filename=\"_.txt\"; filename*=UTF-8''Pr%C3%BCf.txt", Some("Pr\u{fc}f.txt")),
            ("attachment; filename*=latin1''x; filename=\"y\"", Some("y")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"C:\\\\x\\\\y.txt\"", Some("y.txt")),
            ("attachment; filename=\"..\"", None),
            ("attachment; filename=\"\"", None),
            ("attachment; filename*=UTF-8''a%0d%0ab", Some("ab")),
            ("attachment; filename*=UTF-8''%zz", None),
            ("attachment", None),
            ("", None),
        ];
        for (header, expected) in table {
            assert_eq!(name(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn a_name_is_read_back_as_it_was_written() {
        for text in ["report.html", "Pr\u{fc}f \"1\".txt", "100%.txt"] {
            assert_eq!(name(&write(Some(text))).as_deref(), Some(text));
        }
        assert_eq!(write(None), "attachment");
    }

    #[test]
    fn fuzzed_names_lead_nowhere() {
        fuzz::fuzz("disposition", |input| {
            let Ok(text) = std::str::from_utf8(input) else { return };
            let Some(name) = name(text) else { return };
            assert!(!name.is_empty() && name != ".." && name.chars().count() <= CHARS_MAX, "{text}");
            // NUL is refused later, as in every other text.
            assert!(!name.contains(['/', '\\', '\n', '\r']), "{text}");
            assert!(write(Some(&name)).parse::<http::HeaderValue>().is_ok(), "{text}");
        });
    }
}
