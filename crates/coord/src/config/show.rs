//! The effective configuration as text: YAML that loads again, with where each value came from beside it.

use super::load::Loaded;
use super::node::{Node, Origin, Value, key_in};
use super::yaml;

/// Columns before the origins.
const TEXT_COLUMNS_MAX: usize = 48;

/// Writes the effective configuration, secrets as `***`.
pub(crate) fn show(loaded: &Loaded) -> String {
    let text = serde_saphyr::to_string(&loaded.config).unwrap_or_default();
    let Ok(effective) = yaml::parse(&text, &|_| Origin::Default, &mut Vec::new()) else { return text };
    let mut page = Page { root: &loaded.root, lines: Vec::new() };
    page.entries(&effective, "", 0);
    page.finish()
}

struct Page<'a> {
    root: &'a Node,
    lines: Vec<(String, Option<Origin>)>,
}

impl Page<'_> {
    /// One line for each entry of a map, or several where it holds more.
    fn entries(&mut self, node: &Node, own: &str, depth: usize) {
        let Value::Map(entries) = &node.value else { return };
        for (name, child) in entries {
            let key = key_in(own, name);
            let head = format!("{}{name}:", "  ".repeat(depth));
            match &child.value {
                Value::Map(inner) if !inner.is_empty() => {
                    self.lines.push((head, None));
                    self.entries(child, &key, depth + 1);
                }
                Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Map(_))) => {
                    self.lines.push((head, None));
                    self.items(items, &key, depth + 1);
                }
                value => {
                    let origin = self.root.find(&key).map_or(Origin::Default, |node| node.origin.clone());
                    self.lines.push((format!("{head} {}", inline(value)), Some(origin)));
                }
            }
        }
    }

    /// The maps of a list, each with a dash before its first line.
    fn items(&mut self, items: &[Node], own: &str, depth: usize) {
        for (at, item) in items.iter().enumerate() {
            let first = self.lines.len();
            self.entries(item, &format!("{own}[{at}]"), depth + 1);
            if let Some((line, _)) = self.lines.get_mut(first) {
                line.replace_range(depth * 2..=depth * 2, "-");
            }
        }
    }

    fn finish(self) -> String {
        let widest = self.lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(TEXT_COLUMNS_MAX);
        let write = |(line, origin): (String, Option<Origin>)| match origin {
            Some(origin) => format!("{line:widest$}  # {origin}\n"),
            None => format!("{line}\n"),
        };
        self.lines.into_iter().map(write).collect()
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Large(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) | Value::Variable { text, .. } => quoted(&without_password(text)),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(name, node)| format!("{name}: {}", inline(&node.value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// The text as YAML reads it: in quotes where it would be taken for something else.
fn quoted(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c)) && !text.ends_with(':');
    let read = || yaml::parse(text, &|_| Origin::Default, &mut Vec::new());
    if plain && read().is_ok_and(|node| node.value == Value::Text(text.to_owned())) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// Hides the password of a URL, and whatever its query holds.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, _)| (place, "?***"));
    let authority = place.split('/').next().unwrap_or_default();
    let shown = match authority.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{name}:***@{host}{}", &place[authority.len()..])
        }
        None => place.to_owned(),
    };
    format!("{scheme}://{shown}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_hidden() {
        let table = [
            ("https://u:p@example.org/x", "https://u:***@example.org/x"),
            ("https://u:p@w@example.org", "https://u:***@example.org"),
            ("https://token@example.org/x", "https://token:***@example.org/x"),
            ("https://example.org/x?token=1", "https://example.org/x?***"),
            ("https://example.org/a@b", "https://example.org/a@b"),
            ("/var/lib/a@b", "/var/lib/a@b"),
        ];
        for (text, shown) in table {
            assert_eq!(without_password(text), shown);
        }
    }

    #[test]
    fn texts_that_would_be_something_else_are_quoted() {
        for (text, shown) in
            [("code", "code"), ("true", "\"true\""), ("1m", "1m"), ("12", "\"12\""), ("", "\"\""), ("a b", "\"a b\"")]
        {
            assert_eq!(quoted(text), shown);
        }
    }
}
