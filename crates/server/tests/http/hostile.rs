//! What the document of the API knows to be a text or a cursor, sent with what hurts: every parameter, every part of a path, every
//! text of a body. A new route is tried without a line here.

use axum::body::Body;
use engine::{AnonymousAccess, Config};
use http::Method;
use serde_json::{Map, Value, json};
use testkit::embedded::Answer;

use crate::place::Place;
use crate::world::{World, problem, text};

const NUL: &str = "a\0b";

/// What a body has beside the text that is tried, where it must have more than the document says is required.
fn beside(operation: &str, tried: &str) -> Value {
    match operation {
        "sendMessage" => json!({"from": "code", "to": "chat"}),
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
    let is = |kind: &str| schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)));
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
        let message = world.hello("real").await;
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
fn names(problem: &Value, field: &str) -> bool {
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
        let Some((schema, base)) = taken(&document, operation) else { continue };
        let mut ways = Vec::new();
        texts(&document, schema, &[], &mut ways);
        for way in ways {
            let Some(Step::Field(field)) = way.first() else { panic!("a body is an object") };
            let mut body = base.clone();
            for (name, value) in beside(operation["operationId"].as_str().unwrap_or_default(), field).as_object().unwrap() {
                body[name] = value.clone();
            }
            put(&mut body, &way);
            let path = real.path(&template, None);
            let answer = real.world.raw(&method, &path, JSON, body.to_string()).await;
            tried += 1;
            let good = is_refused(answer.status.into()) && names(&answer.json(), field);
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

/// How the items of a list are told apart: as the cursor of each.
type Cursor = fn(&Value) -> String;

/// A list, the cursor of each of its items, and how two cursors are compared.
struct List {
    path: &'static str,
    cursor: Cursor,
    reads: fn(&str) -> Option<(i64, i64, String)>,
    /// Whether it goes from the last to the first.
    falls: bool,
    /// Whether a cursor that lies behind every item is refused.
    ends: bool,
}

fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn position(text: &str) -> Option<(i64, i64, String)> {
    Some((number(text)?, 0, String::new()))
}

/// A position of the log, of which those that no log reaches are read too, to be answered with its end.
fn of_the_log(text: &str) -> Option<(i64, i64, String)> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seq = text.parse::<u64>().ok().filter(|_| digits)?;
    Some((i64::try_from(seq).unwrap_or(i64::MAX), 0, String::new()))
}

fn in_lanes(text: &str) -> Option<(i64, i64, String)> {
    let (lane, seq) = text.split_once('.')?;
    Some((number(lane).filter(|lane| *lane < 4)?, number(seq)?, String::new()))
}

fn by_recipient(text: &str) -> Option<(i64, i64, String)> {
    let (seq, agent) = text.split_once('.')?;
    Some((number(seq)?, 0, name(agent)?.2))
}

fn name(text: &str) -> Option<(i64, i64, String)> {
    let good = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    (good && begins && text.len() <= 64).then(|| (0, 0, text.to_owned()))
}

const LANES: [&str; 4] = ["critical", "high", "normal", "info"];

fn lists() -> Vec<List> {
    let seq: Cursor = |item| item["seq"].to_string();
    let newest = |path| List { path, cursor: seq, reads: position, falls: true, ends: false };
    let named = |path, cursor| List { path, cursor, reads: name, falls: false, ends: false };
    vec![
        newest("/api/v1/messages"),
        newest("/api/v1/messages?q=word"),
        newest("/api/v1/messages?from=code"),
        newest("/api/v1/messages?to=chat&q=word"),
        List { path: "/api/v1/threads/{thread_id}", cursor: seq, reads: position, falls: false, ends: false },
        List {
            path: "/api/v1/agents/chat/inbox",
            cursor: |item| {
                let lane = LANES.iter().position(|lane| item["message"]["priority"] == *lane).unwrap_or(9);
                format!("{lane}.{}", item["message"]["seq"])
            },
            reads: in_lanes,
            falls: false,
            ends: false,
        },
        List {
            path: "/api/v1/dead-letters",
            cursor: |item| format!("{}.{}", item["message"]["seq"], text(&item["delivery"]["agent"])),
            reads: by_recipient,
            falls: false,
            ends: false,
        },
        List {
            path: "/api/v1/events",
            cursor: |item| item["sequence"].to_string(),
            reads: of_the_log,
            falls: false,
            ends: true,
        },
        named("/api/v1/agents", |item| text(&item["name"])),
        named("/api/v1/keys", |item| text(&item["id"])),
    ]
}

/// What no list's cursor is, or lies outside of every list, or belongs to another tenant.
const HOSTILE: &[&str] = &[
    "0", "1", "-1", "2", "3", "+1", "%201", "x", "", "1.5", "1e3", "0x10", "%00", "a%00b", "%F0%9F%9A%80",
    "1099511627775", "1099511627776", "1099511627777", "2199023255552",
    "4398046511103", "4398046511104", "4398046511105",
    "9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551616",
    "0.0", "2.1", "2.4398046511104", "3.9223372036854775807", "3.9223372036854775808", "4.0", "-1.0", "1.-1", "9.9",
    "0.code", "1.chat", "4398046511104.chat", "9223372036854775807.zzz", "1.a%00b", "chat", "code", "zzz", "system",
];

/// Two tenants with the same things in them, asked for by the first.
async fn two_tenants(place: &Place) -> (World, String, String) {
    let world = place.whole(Config::default(), AnonymousAccess::Never).await;
    world.post("/api/v1/tenants", json!({"name": "acme"})).await;
    let acme = world.made_key(json!({"role": "admin", "tenant": "acme"})).await;
    for agent in ["code", "chat"] {
        world.with_key(&acme, Method::PUT, &format!("/api/v1/agents/{agent}"), None).await;
    }
    let mut thread = String::new();
    for key in [world.key.clone().unwrap_or_default(), acme.clone()] {
        let mut parent = Value::Null;
        for (number, priority) in ["normal", "high", "info", "normal", "critical"].iter().enumerate() {
            let mut message = json!({"from": "code", "to": "chat", "subject": format!("word {number}"), "priority": priority});
            if parent.is_string() {
                message["in_reply_to"] = parent.clone();
            }
            let sent = world.with_key(&key, Method::POST, "/api/v1/messages", Some(message)).await.json();
            parent = sent["id"].clone();
            if number < 2 {
                let path = format!("/api/v1/agents/chat/inbox/{}/terminate", text(&sent["id"]));
                world.with_key(&key, Method::POST, &path, Some(json!({"reason": "for a test"}))).await;
            }
            if key != acme && number == 0 {
                thread = text(&sent["id"]);
            }
        }
    }
    (world, acme, thread)
}

/// The items of a list, and the cursors that its pages of one end with.
async fn all(world: &World, key: &str, path: &str) -> Vec<Value> {
    let items = world.with_key(key, Method::GET, path, None).await.json()["items"].clone();
    items.as_array().unwrap_or_else(|| panic!("{path}: {items}")).clone()
}

pub(crate) async fn no_cursor_leads_out_of_its_list_or_its_tenant(place: &Place) {
    let (world, acme, thread) = two_tenants(place).await;
    let own = world.key.clone().unwrap_or_default();
    let mut wrong = Vec::new();
    for List { path, cursor, reads, falls, ends } in lists() {
        let path = path.replace("{thread_id}", &thread);
        let whole = all(&world, &own, &path).await;
        assert!(whole.len() >= 2 || path.ends_with("keys"), "{path}: {whole:?}");
        let foreign: Vec<String> = if path.contains("threads") {
            Vec::new()
        } else {
            all(&world, &acme, &path).await.iter().map(cursor).collect()
        };
        let separator = if path.contains('?') { '&' } else { '?' };
        let hostile = HOSTILE.iter().map(|text| (*text).to_owned()).chain(foreign).chain(whole.iter().map(cursor));
        for given in hostile {
            let asked = format!("{path}{separator}after={given}");
            let answer = world.with_key(&own, Method::GET, &asked, None).await;
            let plain = given.replace(['+'], " ").replace("%20", " ").replace("%00", "\0").replace("%F0%9F%9A%80", "\u{1f680}");
            let (status, expected) = match reads(&plain) {
                None => (422, Vec::new()),
                Some(after) => {
                    let beyond = |item: &&Value| {
                        let place = reads(&cursor(item)).expect("a cursor of its own");
                        if falls { place < after } else { place > after }
                    };
                    let rest: Vec<&Value> = whole.iter().filter(beyond).collect();
                    let is_ahead = ends && whole.iter().all(|item| reads(&cursor(item)).is_some_and(|place| place < after));
                    if is_ahead { (409, Vec::new()) } else { (200, rest) }
                }
            };
            let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
            if answer.status != status || items.iter().collect::<Vec<_>>() != expected {
                wrong.push(format!("{asked}: {} and {} items, not {status} and {}", answer.status, items.len(), expected.len()));
            }
            if status == 422 && !names(&answer.json(), "after") {
                wrong.push(format!("{asked}: {}", answer.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(crate) async fn no_position_makes_a_stream_silent(place: &Place) {
    let (world, _, _) = two_tenants(place).await;
    let head = world.get("/api/v1/events/head").await.json()["seq"].as_i64().expect("a position");
    let positions = [
        ("0", 200),
        (&head.to_string(), 200),
        (&(head + 1).to_string(), 409),
        ("4398046511104", 409),
        ("9223372036854775807", 409),
        ("9223372036854775808", 409),
        ("-1", 422),
        ("x", 422),
    ];
    for path in ["/api/v1/events/stream", "/api/v1/agents/chat/inbox/stream"] {
        for (position, status) in positions {
            for (asked, headers) in
                [(format!("{path}?after={position}"), vec![]), (path.to_owned(), vec![("last-event-id", position)])]
            {
                let answer = world.raw("GET", &asked, &headers, Body::empty()).await;
                assert_eq!(answer.status, status, "{asked} {headers:?}: {}", answer.text());
            }
        }
    }
}
