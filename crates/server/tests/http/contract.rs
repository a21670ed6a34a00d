//! Holds every answer that any case gets against the document that the server gives of itself: the status is described for
//! its operation, a problem's code among those that it may give, and a JSON body has the shape that is promised.

use axum::body::Body;
use http::Request;
use serde_json::{Map, Value};
use testkit::embedded::Answer;
use tokio::sync::OnceCell;

use crate::place::Server;

static DOCUMENT: OnceCell<Value> = OnceCell::const_new();

async fn document(server: &Server) -> &'static Value {
    DOCUMENT
        .get_or_init(async || {
            let request = Request::get("/openapi.json").body(Body::empty()).expect("a request");
            let response = server.respond(request).await.expect("an answer");
            Answer::read(response).await.expect("the document").json()
        })
        .await
}

/// Fails where an answer is not what the document says of its operation.
pub(crate) async fn hold(server: &Server, method: &str, path: &str, answer: &Answer) {
    let document = document(server).await;
    let path = path.split('?').next().unwrap_or_default();
    let Some((template, methods)) = found(document, path) else { return };
    let method = method.to_lowercase();
    let operation = methods.get(&method).or_else(|| methods.get("get").filter(|_| method == "head"));
    let Some(operation) = operation else { return };
    let asked = format!("{} {template} -> {}", method.to_uppercase(), answer.status);
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{asked} is not described: {}", answer.text());
    let media_type = answer.header("content-type");
    if answer.bytes.is_empty() || !media_type.contains("json") || path.starts_with("/openapi") {
        return;
    }
    let body = answer.json();
    if media_type == "application/problem+json" {
        declared(response, &asked, &body);
    }
    for refused in body["results"].as_array().into_iter().flatten().filter(|one| one["code"].is_string()) {
        let single = &document["paths"]["/api/v1/messages"]["post"]["responses"][refused["status"].to_string()];
        declared(single, "an entry of a batch", refused);
    }
    if media_type.starts_with("application/") && response["content"].get(media_type).is_some() {
        let schema = &response["content"][media_type]["schema"];
        if let Err(why) = fits(document, schema, &body, "") {
            panic!("{asked}: {why}: {body}");
        }
    }
}

fn declared(response: &Value, asked: &str, problem: &Value) {
    let code = problem["code"].as_str().unwrap_or_default();
    let declared = &response["content"]["application/problem+json"]["examples"];
    assert!(declared.get(code).is_some(), "{asked} `{code}` is not described: {problem}");
}

/// The described path that this one is, the most literal first.
fn found<'a>(document: &'a Value, path: &str) -> Option<(&'a str, &'a Map<String, Value>)> {
    let matches = |template: &str| {
        let (one, other) = (template.split('/'), path.split('/'));
        one.clone().count() == other.clone().count() && one.zip(other).all(|(a, b)| a == b || a.starts_with('{'))
    };
    let paths = document["paths"].as_object()?.iter().filter(|(template, _)| matches(template));
    let best = paths.min_by_key(|(template, _)| template.matches('{').count())?;
    Some((best.0, best.1.as_object()?))
}

/// Whether a value is what a schema says; else why not.
pub(crate) fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).ok_or("a reference that leads nowhere")?;
        return fits(document, target, value, at);
    }
    for member in schema["allOf"].as_array().into_iter().flatten() {
        fits(document, member, value, at)?;
    }
    if let Some(mapping) = schema["discriminator"]["mapping"].as_object() {
        let name = value[schema["discriminator"]["propertyName"].as_str().unwrap_or_default()].as_str();
        let member = name.and_then(|name| mapping.get(name)).ok_or(format!("{at}: no member of the union"))?;
        return fits(document, &serde_json::json!({ "$ref": member }), value, at);
    }
    for key in ["oneOf", "anyOf"] {
        let Some(members) = schema[key].as_array() else { continue };
        let tried: Vec<_> = members.iter().map(|member| fits(document, member, value, at)).collect();
        if tried.iter().all(Result::is_err) {
            return Err(format!("{at}: {tried:?}"));
        }
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at}: {value} is not one of {words:?}"));
    }
    of_type(&schema["type"], value, at)?;
    within(document, schema, value, at)
}

fn of_type(kind: &Value, value: &Value, at: &str) -> Result<(), String> {
    let is = |kind: &Value| match kind.as_str() {
        Some("string") => value.is_string(),
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => true,
    };
    let fits = kind.as_array().map_or_else(|| is(kind), |kinds| kinds.iter().any(is));
    if fits { Ok(()) } else { Err(format!("{at}: {value} is no {kind}")) }
}

fn within(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(format!("{at}: `{name}` is missing"));
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            fits(document, property, value, &format!("{at}.{name}"))?;
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            fits(document, &schema["items"], item, &format!("{at}[{index}]"))?;
        }
    }
    Ok(())
}
