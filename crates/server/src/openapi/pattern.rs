//! One name means one thing: what a property or a parameter of a name looks like, wherever it occurs.

use serde_json::{Map, Value, json};

/// Names of agents, domains and triggers.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// `500ms`, `30s`, `5m`, `2h`, `7d`.
const DURATION: &str = "^[0-9]+(ms|s|m|h|d)$";

/// A SHA-256 in hexadecimal.
const DIGEST: &str = "^[0-9a-f]{64}$";

/// What texts of this name look like; for a list, each of its entries.
fn pattern(name: &str) -> Option<&'static str> {
    Some(match name {
        "agent" | "from" | "escalate_to" | "domain" | "trigger" | "agents" | "holders" | "final"
        | "authority_domains" | "recipients" => NAME,
        "lease" | "wait" | "delay" | "for" | "expires_in" | "deliver_in" | "ack_within" => DURATION,
        "sha256" | "hash" | "previoushash" => DIGEST,
        _ => return None,
    })
}

/// Gives every text of the schemas and parameters its pattern.
pub(super) fn write(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object_mut();
    for (name, schema) in schemas.into_iter().flatten() {
        // Here `agent` may also be the entry of `to` that workers still spread.
        if name != "RecipientState" {
            in_schema(schema);
        }
        if matches!(name.as_str(), "Agent" | "PutAgent" | "AgentChangedData") {
            put(&mut schema["properties"]["name"], NAME);
        }
    }
    let shared = document["components"]["schemas"].clone();
    for part in ["paths", "webhooks"] {
        let operations = document[part].as_object_mut().into_iter().flat_map(Map::values_mut);
        for operation in operations.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                own_schema(parameter, &shared);
                in_parameter(parameter);
            }
        }
    }
}

fn in_schema(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (name, schema) in object.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
                if let Some(pattern) = pattern(name) {
                    put(schema, pattern);
                }
            }
            object.iter_mut().filter(|(key, _)| *key != "example").for_each(|(_, value)| in_schema(value));
        }
        Value::Array(list) => list.iter_mut().for_each(in_schema),
        _ => {}
    }
}

/// Gives a parameter a schema of its own where it names a shared one that has an example: a page fills in that example too.
fn own_schema(parameter: &mut Value, shared: &Value) {
    let name = parameter["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    let named = name.and_then(|name| shared.get(name)).filter(|schema| schema.get("example").is_some());
    if let Some(mut schema) = named.cloned() {
        schema.as_object_mut().map(|schema| schema.remove("description"));
        parameter["schema"] = schema;
    }
}

/// A parameter's example goes into its description: a page that fills it in would filter or change by surprise.
fn in_parameter(parameter: &mut Value) {
    let Some(object) = parameter.as_object_mut() else { return };
    let name = object.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let own = object.remove("example");
    let schema = object.get_mut("schema").and_then(Value::as_object_mut);
    let of_schema = schema.and_then(|schema| {
        let many = schema.remove("examples").and_then(|many| many.get(0).cloned());
        schema.remove("example").or(many)
    });
    if let Some(example) = own.or(of_schema) {
        let shown = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        let about = object.get("description").and_then(Value::as_str).unwrap_or_default().trim_end();
        let about = format!("{about} For example `{shown}`.");
        object.insert("description".to_owned(), json!(about.trim_start()));
    }
    if let (Some(pattern), Some(schema)) = (pattern(&name), object.get_mut("schema")) {
        put(schema, pattern);
    }
}

/// Only texts have a pattern, and lists of them.
fn put(schema: &mut Value, pattern: &str) {
    let Some(object) = schema.as_object_mut() else { return };
    let is = |kind: &str| match object.get("type") {
        Some(Value::String(found)) => found == kind,
        Some(Value::Array(found)) => found.iter().any(|found| found == kind),
        _ => false,
    };
    if is("string") {
        object.insert("pattern".to_owned(), json!(pattern));
    } else if is("array") {
        object.get_mut("items").into_iter().for_each(|items| put(items, pattern));
    }
}
