//! What the document of the API knows to be a text or a cursor, sent with what hurts: every parameter, every part of a path, every
//! text of a body. A new route is tried without a line here.

use axum::body::Body;
use engine::{AnonymousAccess, Config};
use serde_json::{Map, Value, json};
use testkit::embedded::Answer;

use crate::place::Place;
use crate::world::{World, problem, text};

const NUL: &str = "a\0b";

/// What a body has beside the text that is tried, where it must have more than the document says is required.
fn beside(operation: &str, tried: &str) -> Value {
    match operation {
        "sendMessage" => json!({"from": "code", "to": "chat"}),
        "checkAuthority" | "withdraw" => json!({"from": "code"}),
        "decide" => json!({"from": "chat"}),
        "defer" if !["until", "for", "trigger"].contains(&tried) => json!({"for": "5m"}),
        _ => json!({}),
    }
}

/// Where in a body a text stands: the way there, the last step of which may be a name.
#[derive(Clone)]
enum Step {
    Field(String),
    Item,
    /// A name in an object that takes any.
    Name,
}

/// The ways to every text that a schema has.
fn texts(document: &Value, schema: &Value, way: &[Step], found: &mut Vec<Vec<Step>>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        return texts(document, target, way, found);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for member in schema[key].as_array().into_iter().flatten() {
            texts(document, member, way, found);
        }
    }
    let is =
        |kind: &str| schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)));
    let longer = |step: Step| [way, &[step]].concat();
    if is("string") {
        found.push(way.to_vec());
    }
    if is("array") {
        texts(document, &schema["items"], &longer(Step::Item), found);
    }
    if is("object") && schema["properties"].is_null() {
        found.push(longer(Step::Name));
        found.push(longer(Step::Field("a".to_owned())));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        texts(document, property, &longer(Step::Field(name.clone())), found);
    }
}

/// Puts NUL where a way leads.
fn put(into: &mut Value, way: &[Step]) {
    let Some((step, rest)) = way.split_first() else {
        *into = json!(NUL);
        return;
    };
    if *into == Value::Null {
        *into = if matches!(step, Step::Item) { json!([]) } else { json!({}) };
    }
    match step {
        Step::Field(name) => put(&mut into[name.as_str()], rest),
        Step::Name => into[NUL] = json!(1),
        Step::Item => {
            *into = json!([null]);
            put(&mut into[0], rest);
        }
    }
}

/// The schema and an example of what an operation takes, in a message of its own where it takes many.
fn taken<'a>(document: &'a Value, operation: &'a Value) -> Option<(&'a Value, Value)> {
    let content = operation["requestBody"]["content"].get("application/json")?;
    let example = content.get("example").or_else(|| content.pointer("/examples/everything/value"))?;
    let name = content["schema"]["$ref"].as_str()?.trim_start_matches('#');
    let schema = document.pointer(name)?;
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let base: Map<String, Value> = required.map(|name| (name.to_owned(), example[name].clone())).collect();
    Some((schema, Value::Object(base)))
}

/// Something real behind every part of a path.
struct Real {
    world: World,
    message: String,
    sha256: String,
    key: String,
}

impl Real {
    async fn at(place: &Place) -> Self {
        let world = place.whole(Config::default(), AnonymousAccess::Never).await;
        let asked = json!({"from": "code", "to": "chat", "kind": "propose", "domain": "strategy", "subject": "real"});
        let message = text(&world.sent(asked).await["id"]);
        let stored = world.raw("POST", "/api/v1/attachments", &[], "real").await.json();
        let key = world.post("/api/v1/keys", json!({"role": "observer"})).await.json();
        Self { message, sha256: text(&stored["sha256"]), key: text(&key["id"]), world }
    }

    /// A path with something real in its parts, but for one.
    fn path(&self, template: &str, but: Option<(&str, &str)>) -> String {
        let mut path = template.to_owned();
        if let Some((part, instead)) = but {
            path = path.replace(&format!("{{{part}}}"), instead);
        }
        let parts = [
            ("agent", "chat"),
            ("trigger", "built"),
            ("code", "not-found"),
            ("message_id", &self.message),
            ("thread_id", &self.message),
            ("sha256", &self.sha256),
            ("key_id", &self.key),
        ];
        parts.iter().fold(path, |path, (part, real)| path.replace(&format!("{{{part}}}"), real))
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    })
}

fn parameters<'a>(operation: &'a Value, place: &'static str) -> impl Iterator<Item = &'a str> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(move |parameter| parameter["in"] == place).filter_map(|parameter| parameter["name"].as_str())
}

fn is_refused(status: u64) -> bool {
    (400..500).contains(&status)
}

/// Whether a problem is told of this field.
pub(crate) fn names(problem: &Value, field: &str) -> bool {
    let errors = problem["errors"].as_array().into_iter().flatten();
    let mut fields = errors.filter_map(|error| error["field"].as_str());
    fields.any(|told| told.split(['.', '[']).any(|part| part == field))
}

pub(crate) async fn nul_in_any_text_is_refused_and_its_field_named(place: &Place) {
    let real = Real::at(place).await;
    let document = real.world.get("/openapi.json").await.json();
    let (mut tried, mut wrong) = (0, Vec::new());
    for (method, template, operation) in operations(&document) {
        for part in parameters(operation, "path") {
            let path = real.path(&template, Some((part, "a%00b")));
            let answer = real.world.raw(&method, &path, JSON, Body::from("{}")).await;
            tried += 1;
            wrong.extend((!is_refused(answer.status.into())).then(|| told(&method, &path, &answer)));
        }
        for name in parameters(operation, "query") {
            let path = format!("{}?{name}=a%00b", real.path(&template, None));
            let answer = real.world.raw(&method, &path, &[], Body::empty()).await;
            tried += 1;
            let good = is_refused(answer.status.into()) && names(&answer.json(), name);
            wrong.extend((!good).then(|| told(&method, &path, &answer)));
        }
        // The entries of a batch are messages, which are tried by themselves; what becomes of one is shown below.
        let one = Some(operation).filter(|operation| operation["operationId"] != "sendBatch");
        let Some((schema, base)) = one.and_then(|operation| taken(&document, operation)) else { continue };
        let mut ways = Vec::new();
        texts(&document, schema, &[], &mut ways);
        for way in ways {
            let Some(Step::Field(field)) = way.first() else { panic!("a body is an object") };
            let mut body = base.clone();
            for (name, value) in
                beside(operation["operationId"].as_str().unwrap_or_default(), field).as_object().unwrap()
            {
                body[name] = value.clone();
            }
            put(&mut body, &way);
            let path = real.path(&template, None);
            let answer = real.world.raw(&method, &path, JSON, body.to_string()).await;
            tried += 1;
            let is_named = way.iter().any(|step| matches!(step, Step::Field(field) if names(&answer.json(), field)));
            let good = is_refused(answer.status.into()) && is_named;
            wrong.extend((!good).then(|| format!("{body} -> {}", told(&method, &path, &answer))));
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 100, "only {tried} were found");
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn told(method: &str, path: &str, answer: &Answer) -> String {
    format!("{method} {path}: {} {}", answer.status, answer.text().chars().take(300).collect::<String>())
}

pub(crate) async fn nul_in_a_batch_and_in_a_name_of_an_attachment_is_refused(place: &Place) {
    let world = place.world().await;
    let with = |field: &str, value: Value| {
        let mut message = json!({"from": "code", "to": "chat", "subject": "x"});
        message[field] = value;
        message
    };
    let table = [
        ("subject", json!(NUL)),
        ("body", json!(NUL)),
        ("metadata", json!({"a": {NUL: 1}})),
        ("metadata", json!({"a": [NUL]})),
        ("evidence", json!({NUL: 1})),
        ("idempotency_key", json!(NUL)),
    ];
    let messages: Vec<Value> = table.iter().map(|(field, value)| with(field, value.clone())).collect();
    let results = world.post("/api/v1/messages/batch", json!({"messages": messages})).await.json();
    for ((field, _), result) in table.iter().zip(results["results"].as_array().unwrap()) {
        assert_eq!((&result["code"], &result["status"]), (&json!("invalid-field"), &json!(422)), "{field}: {result}");
        assert!(names(result, field), "{field}: {result}");
    }
    assert_eq!(world.get("/api/v1/messages").await.json()["items"], json!([]), "nothing was stored");
    let headers = [("content-disposition", "attachment; filename*=UTF-8''a%00b")];
    let told = problem(&world.raw("POST", "/api/v1/attachments", &headers, "x").await, 422, "invalid-field");
    assert_eq!(told["errors"][0]["field"], "Content-Disposition");
}
