//! Cursors and positions that hurt, sent to every list and stream, and compared with what a reader would pick by hand.

use axum::body::Body;
use engine::{AnonymousAccess, Config};
use http::Method;
use serde_json::{Value, json};

use crate::hostile::names;
use crate::place::Place;
use crate::world::{World, text};

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
    "0",
    "1",
    "-1",
    "2",
    "3",
    "+1",
    "%201",
    "x",
    "",
    "1.5",
    "1e3",
    "0x10",
    "%00",
    "a%00b",
    "%F0%9F%9A%80",
    "1099511627775",
    "1099511627776",
    "1099511627777",
    "2199023255552",
    "4398046511103",
    "4398046511104",
    "4398046511105",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "0.0",
    "2.1",
    "2.4398046511104",
    "3.9223372036854775807",
    "3.9223372036854775808",
    "4.0",
    "-1.0",
    "1.-1",
    "9.9",
    "0.code",
    "1.chat",
    "4398046511104.chat",
    "9223372036854775807.zzz",
    "1.a%00b",
    "chat",
    "code",
    "zzz",
    "system",
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
            let mut message =
                json!({"from": "code", "to": "chat", "subject": format!("word {number}"), "priority": priority});
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
            let plain =
                given.replace(['+'], " ").replace("%20", " ").replace("%00", "\0").replace("%F0%9F%9A%80", "\u{1f680}");
            let (status, expected) = match reads(&plain) {
                None => (422, Vec::new()),
                Some(after) => {
                    let beyond = |item: &&Value| {
                        let place = reads(&cursor(item)).expect("a cursor of its own");
                        if falls { place < after } else { place > after }
                    };
                    let rest: Vec<&Value> = whole.iter().filter(beyond).collect();
                    let is_ahead =
                        ends && whole.iter().all(|item| reads(&cursor(item)).is_some_and(|place| place < after));
                    if is_ahead { (409, Vec::new()) } else { (200, rest) }
                }
            };
            let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
            if answer.status != status || items.iter().collect::<Vec<_>>() != expected {
                wrong.push(format!(
                    "{asked}: {} and {} items, not {status} and {}",
                    answer.status,
                    items.len(),
                    expected.len()
                ));
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
