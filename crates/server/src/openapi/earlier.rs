//! The same document in OpenAPI 3.0, for generators that know no later version.

use serde_json::{Map, Value, json};

/// The version that is written.
const VERSION: &str = "3.0.3";

/// What 3.0 knows no word for; it says the same in prose or not at all.
const UNKNOWN_KEYWORDS: [&str; 6] =
    ["contentMediaType", "contentEncoding", "contentSchema", "propertyNames", "prefixItems", "$schema"];

/// Says in 3.0 what a document of 3.1 says.
pub(super) fn converted(document: &Value) -> Value {
    let mut document = document.clone();
    document["openapi"] = json!(VERSION);
    if let Some(license) = document.pointer_mut("/info/license").and_then(Value::as_object_mut) {
        license.remove("identifier");
        license.insert("url".to_owned(), json!("https://www.apache.org/licenses/LICENSE-2.0"));
    }
    for schema in document["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        convert(schema);
    }
    for part in ["paths", "webhooks"] {
        schemas_below(&mut document[part]);
    }
    if let Some(root) = document.as_object_mut()
        && let Some(webhooks) = root.remove("webhooks")
    {
        root.insert("x-webhooks".to_owned(), webhooks);
    }
    document
}

/// Converts every `schema` of operations; an example is data, and is left as it is.
fn schemas_below(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match key.as_str() {
                    "schema" | "x-itemSchema" => convert(value),
                    "example" | "examples" => {}
                    _ => schemas_below(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(schemas_below),
        _ => {}
    }
}

fn convert(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    for keyword in UNKNOWN_KEYWORDS {
        object.remove(keyword);
    }
    for key in ["properties", "patternProperties"] {
        let properties = object.get_mut(key).and_then(Value::as_object_mut);
        properties.into_iter().flat_map(Map::values_mut).for_each(convert);
    }
    for key in ["items", "additionalProperties", "not"] {
        object.get_mut(key).into_iter().for_each(convert);
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        let members = object.get_mut(key).and_then(Value::as_array_mut);
        members.into_iter().flatten().for_each(convert);
    }
    constants(object);
    bounds(object);
    null(object);
    beside_reference(object);
}

/// `const` is an `enum` of one, and of several examples the first is shown.
fn constants(object: &mut Map<String, Value>) {
    if let Some(only) = object.remove("const") {
        object.insert("enum".to_owned(), json!([only]));
    }
    if let Some(Value::Array(examples)) = object.remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        object.entry("example").or_insert(first);
    }
}

/// An exclusive bound is the bound and a flag.
fn bounds(object: &mut Map<String, Value>) {
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if object.get(exclusive).is_some_and(Value::is_number)
            && let Some(limit) = object.remove(exclusive)
        {
            object.insert(bound.to_owned(), limit);
            object.insert(exclusive.to_owned(), json!(true));
        }
    }
}

/// What may be null is `nullable`, whether it is one of several types or a member of a union.
fn null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get("type").cloned() {
        let mut others = types.iter().filter(|one| *one != "null").cloned();
        let (first, more) = (others.next(), others.next().is_some());
        object.remove("type");
        if let Some(first) = first.filter(|_| !more) {
            object.insert("type".to_owned(), first);
        }
        if types.iter().any(|one| one == "null") {
            object.insert("nullable".to_owned(), json!(true));
        }
    }
    for key in ["oneOf", "anyOf"] {
        let Some(Value::Array(members)) = object.get_mut(key) else { continue };
        let before = members.len();
        members.retain(|member| member["type"] != "null");
        if members.len() == before {
            continue;
        }
        let one = (members.len() == 1).then(|| std::mem::take(members));
        if let Some(one) = one {
            object.remove(key);
            object.insert("allOf".to_owned(), Value::Array(one));
        }
        // Beside a reference `nullable` is not allowed. Answers leave such a member out, so that nothing is lost.
        if object.contains_key("type") {
            object.insert("nullable".to_owned(), json!(true));
        }
    }
}

/// Beside a reference nothing else is read, so that the reference goes one level down.
fn beside_reference(object: &mut Map<String, Value>) {
    if object.len() > 1
        && let Some(reference) = object.remove("$ref")
    {
        object.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mut schema: Value) -> Value {
        convert(&mut schema);
        schema
    }

    #[test]
    fn what_three_zero_cannot_say_is_said_in_its_words() {
        for (later, earlier) in [
            (json!({"type": ["string", "null"]}), json!({"type": "string", "nullable": true})),
            (json!({"const": "1.0"}), json!({"enum": ["1.0"]})),
            (json!({"type": "string", "examples": ["a", "b"]}), json!({"type": "string", "example": "a"})),
            (json!({"exclusiveMinimum": 0}), json!({"minimum": 0, "exclusiveMinimum": true})),
            (json!({"oneOf": [{"type": "null"}, {"$ref": "#/x"}]}), json!({"allOf": [{"$ref": "#/x"}]})),
            (json!({"$ref": "#/x", "description": "d"}), json!({"allOf": [{"$ref": "#/x"}], "description": "d"})),
            (
                json!({"properties": {"const": {"type": ["integer", "null"]}}}),
                json!({"properties": {"const": {"type": "integer", "nullable": true}}}),
            ),
        ] {
            assert_eq!(of(later.clone()), earlier, "{later}");
        }
    }
}
