//! A secret as a manifest.

use std::fmt::Write;

use super::contents::Secret;

/// The labels that every object of an installation has.
pub(super) const LABELS: [(&str, &str); 3] = [
    ("app", "coordination-system"),
    ("app.kubernetes.io/part-of", "coordination"),
    ("app.kubernetes.io/managed-by", "coord"),
];

/// One document, from its `---` to its last line. Values are written as JSON strings, which YAML reads as they are.
pub(super) fn document(namespace: &str, secret: &Secret) -> String {
    let mut text = format!("---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\n", secret.name);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  namespace: {namespace}\n  labels:");
    for (name, value) in LABELS {
        let _ = writeln!(text, "    {name}: {value}");
    }
    text.push_str("type: Opaque\nstringData:\n");
    for (key, value) in &secret.values {
        let _ = writeln!(text, "  {key}: {}", serde_json::Value::from(value.as_str()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::contents::{HERE, secret};

    #[test]
    fn a_document_reads_back_as_what_it_was() {
        let secret = secret("rabbitmq-credentials", &HERE, &mut |bytes| {
            bytes.fill(7);
            Ok(())
        })
        .unwrap();
        let text = document("team-a", &secret);
        let read: serde_json::Value = serde_saphyr::from_str(text.trim_start_matches("---\n")).unwrap();
        assert_eq!(read["kind"], "Secret");
        assert_eq!(read["metadata"]["namespace"], "team-a");
        assert_eq!(read["metadata"]["labels"]["app"], "coordination-system");
        for (key, value) in &secret.values {
            assert_eq!(read["stringData"][key], value.as_str(), "{key}");
        }
    }
}
