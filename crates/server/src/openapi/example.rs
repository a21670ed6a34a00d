use serde_json::{Map, Value, json};

/// How deep schemas are followed; those of the API are flatter.
const DEPTH_MAX: usize = 8;

/// Gives every JSON body of the document an example, put together from its schema's.
pub(super) fn fill(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    for part in ["paths", "webhooks"] {
        fill_part(&mut document[part], &schemas);
    }
}

fn fill_part(part: &mut Value, schemas: &Map<String, Value>) {
    let paths = part.as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if let Some(body) = operation.get_mut("requestBody") {
            fill_content(body, schemas);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut) {
            fill_content(response, schemas);
        }
    }
}

fn fill_content(body: &mut Value, schemas: &Map<String, Value>) {
    let may_be_left_out = body.get("required") == Some(&Value::Bool(false));
    let Some(content) = body.get_mut("content").and_then(Value::as_object_mut) else { return };
    for (media_type, content) in content {
        if media_type.ends_with("json") && content.get("example").is_none() && content.get("examples").is_none() {
            let example = of(&content["schema"], schemas, 0);
            if may_be_left_out {
                // What a page fills in first changes nothing but what the caller asks for.
                content["examples"] = json!({
                    "nothing": {"summary": "The defaults.", "value": {}},
                    "everything": {"summary": "What can be said.", "value": example},
                });
            } else {
                content["example"] = example;
            }
        }
    }
}

/// An example of what a schema describes.
fn of(schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    let given = schema.get("example").or_else(|| schema.pointer("/examples/0"));
    if let Some(given) = given.or_else(|| schema.pointer("/enum/0")) {
        return given.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return schemas.get(name).map_or(Value::Null, |schema| of(schema, schemas, depth + 1));
    }
    if let Some(all) = schema["allOf"].as_array() {
        let parts = all.iter().map(|one| of(one, schemas, depth + 1));
        return parts.fold(Value::Null, merged);
    }
    for several in ["oneOf", "anyOf"] {
        let mut some = schema[several].as_array().into_iter().flatten().filter(|one| one["type"] != "null");
        if let Some(one) = some.next() {
            return of(one, schemas, depth + 1);
        }
    }
    plain(schema, schemas, depth)
}

/// Two objects as one; of anything else the first that there is.
fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => Value::Object(one.into_iter().chain(other).collect()),
        (Value::Null, other) => other,
        (one, _) => one,
    }
}

fn plain(schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    let kind = schema["type"].as_str().or_else(|| schema.pointer("/type/0").and_then(Value::as_str));
    match (kind, schema["format"].as_str()) {
        (Some("object"), _) => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let properties = schema["properties"].as_object().into_iter().flatten();
            let shown = properties.filter(|(name, _)| required.contains(&json!(name)));
            Value::Object(shown.map(|(name, schema)| (name.clone(), of(schema, schemas, depth + 1))).collect())
        }
        (Some("array"), _) => json!([of(&schema["items"], schemas, depth + 1)]),
        (Some("string"), Some("uuid")) => json!("01982f3c-7b1a-7c00-8000-5f0d8a3c1e42"),
        (Some("string"), Some("date-time")) => json!("2026-03-14T09:26:53.589Z"),
        (Some("string"), _) => json!("text"),
        (Some("integer"), _) => json!(1),
        (Some("number"), _) => json!(0.5),
        (Some("boolean"), _) => json!(true),
        _ => Value::Null,
    }
}
