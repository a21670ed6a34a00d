use engine::{AnonymousAccess, Config};
use http::Method;
use serde_json::{Value, json};

use crate::place::Place;
use crate::world::{World, in_secs, problem, text};

pub(crate) async fn without_a_valid_key_nothing_is_answered(place: &Place) {
    let world = place.world_of_keys().await;
    for key in [None, Some("coord_1_abc_def"), Some("nonsense")] {
        let answer = world.json(key, Method::GET, "/api/v1/agents", None).await;
        problem(&answer, 401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"coordination\"");
    }
    let basic = [("authorization", "Basic Y29kZTpjaGF0")];
    let anonymous = World { key: None, ..world };
    problem(&anonymous.raw("GET", "/api/v1/agents", &basic, "").await, 401, "unauthenticated");
    assert_eq!(anonymous.get("/health").await.status, 200);
    assert_eq!(anonymous.get("/openapi.json").await.status, 200);
}

pub(crate) async fn a_key_is_shown_once_and_works_until_it_is_revoked(place: &Place) {
    let world = place.world_of_keys().await;
    let made = world.post("/api/v1/keys", json!({"role": "observer", "name": "board"})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let key = text(&made["key"]);
    assert!(key.starts_with("coord_"));
    assert_eq!((&made["tenant"], &made["name"]), (&json!(world.tenant), &json!("board")));
    assert_eq!(world.with_key(&key, Method::GET, "/api/v1/agents", None).await.status, 200);
    let listed = world.get("/api/v1/keys").await;
    assert!(!listed.text().contains(&key));
    let listed = listed.json()["items"].clone();
    let found = listed.as_array().unwrap().iter().find(|key| key["id"] == made["id"]).unwrap();
    assert_eq!((&found["name"], found.get("key")), (&json!("board"), None));
    let path = format!("/api/v1/keys/{}", text(&made["id"]));
    let revoked = world.delete(&path).await;
    assert!(revoked.status == 200 && revoked.json()["revoked_at"].is_string(), "{}", revoked.text());
    assert_eq!(world.delete(&path).await.json(), revoked.json(), "twice is once");
    problem(&world.with_key(&key, Method::GET, "/api/v1/agents", None).await, 401, "unauthenticated");
    problem(&world.delete("/api/v1/keys/none").await, 404, "not-found");
}

pub(crate) async fn a_key_is_held_to_its_form(place: &Place) {
    let world = place.world_of_keys().await;
    for body in [
        json!({"role": "agent"}),
        json!({"role": "agent", "agents": ["nobody"]}),
        json!({"role": "admin", "agents": ["code"]}),
        json!({"role": "king"}),
    ] {
        problem(&world.post("/api/v1/keys", body).await, 422, "invalid-field");
    }
    problem(&world.post("/api/v1/keys", json!({})).await, 422, "missing-field");
    problem(&world.post("/api/v1/keys", json!({"role": "admin", "tenant": "nowhere"})).await, 404, "not-found");
}

pub(crate) async fn an_agent_key_speaks_and_reads_for_its_agents_alone(place: &Place) {
    let world = place.world_of_keys().await;
    let private = world.sent(json!({"from": "human", "to": "chat", "subject": "private"})).await;
    let code = world.made_key(json!({"role": "agent", "agents": ["code"]})).await;
    let speak = async |body: Value| world.with_key(&code, Method::POST, "/api/v1/messages", Some(body)).await;
    let sent = speak(json!({"to": "chat", "subject": "mine"})).await;
    assert_eq!((sent.status, &sent.json()["from"]), (201, &json!("code")), "a bound key may leave `from` out");
    problem(&speak(json!({"from": "chat", "to": "code", "subject": "x"})).await, 403, "sender-mismatch");
    let get = async |path: &str| world.with_key(&code, Method::GET, path, None).await;
    let id = text(&private["id"]);
    problem(&get(&format!("/api/v1/messages/{id}")).await, 404, "not-found");
    problem(&get(&format!("/api/v1/messages/{id}/receipts")).await, 404, "not-found");
    problem(&get(&format!("/api/v1/threads/{id}")).await, 404, "not-found");
    problem(&get("/api/v1/agents/chat/inbox").await, 404, "not-found");
    assert_eq!(get("/api/v1/messages").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(get("/api/v1/messages?q=private").await.json()["items"], json!([]));
    assert_eq!(get("/api/v1/agents/code/inbox").await.status, 200);
    problem(&get("/api/v1/events").await, 403, "forbidden");
    problem(&get("/api/v1/events/stream").await, 403, "forbidden");
    problem(&get("/api/v1/keys").await, 403, "forbidden");
    let receive = "/api/v1/agents/chat/inbox/receive";
    problem(&world.with_key(&code, Method::POST, receive, None).await, 403, "sender-mismatch");
}

pub(crate) async fn an_observer_reads_everything_and_changes_nothing(place: &Place) {
    let world = place.world_of_keys().await;
    let id = text(&world.sent(json!({"from": "code", "to": "chat", "subject": "x"})).await["id"]);
    let observer = world.made_key(json!({"role": "observer"})).await;
    for path in [format!("/api/v1/messages/{id}"), "/api/v1/agents/chat/inbox".into(), "/api/v1/events".into()] {
        assert_eq!(world.with_key(&observer, Method::GET, &path, None).await.status, 200, "{path}");
    }
    let until = in_secs(60);
    let grant = json!({"domain": "testing", "agent": "chat", "until": until, "reason": "x"});
    for (method, path, body) in [
        (Method::POST, "/api/v1/messages".to_owned(), Some(json!({"from": "code", "to": "chat", "subject": "x"}))),
        (Method::POST, "/api/v1/agents/chat/inbox/receive".to_owned(), None),
        (Method::POST, format!("/api/v1/agents/chat/inbox/{id}/ack"), None),
        (Method::POST, "/api/v1/triggers/x".to_owned(), None),
        (Method::POST, "/api/v1/attachments".to_owned(), None),
        (Method::PUT, "/api/v1/agents/new".to_owned(), Some(json!({}))),
        (Method::DELETE, "/api/v1/agents/chat".to_owned(), None),
        (Method::POST, "/api/v1/agents/chat/heartbeat".to_owned(), None),
        (Method::POST, "/api/v1/authority/grants".to_owned(), Some(grant)),
        (Method::POST, format!("/api/v1/dead-letters/{id}/chat/redrive"), None),
        (Method::POST, "/api/v1/keys".to_owned(), Some(json!({"role": "admin"}))),
        (Method::GET, "/api/v1/keys".to_owned(), None),
        (Method::POST, "/api/v1/tenants".to_owned(), Some(json!({"name": "mine"}))),
        (Method::GET, "/api/v1/tenants".to_owned(), None),
    ] {
        problem(&world.with_key(&observer, method, &path, body).await, 403, "forbidden");
    }
}

pub(crate) async fn what_was_done_before_is_answered_again_to_who_may_do_it_alone(place: &Place) {
    let world = place.world_of_keys().await;
    let observer = world.made_key(json!({"role": "observer"})).await;
    let chat = world.made_key(json!({"role": "agent", "agents": ["chat"]})).await;
    let message = json!({"from": "code", "to": "chat", "subject": "once", "idempotency_key": "once"});
    let first = world.sent(message.clone()).await;
    let refused = [(&observer, "forbidden"), (&chat, "sender-mismatch")];
    for (key, code) in refused {
        let again = world.with_key(key, Method::POST, "/api/v1/messages", Some(message.clone())).await;
        assert_eq!(again.header("idempotency-replayed"), "");
        problem(&again, 403, code);
        let batch = json!({"messages": [message]});
        let batch = world.with_key(key, Method::POST, "/api/v1/messages/batch", Some(batch)).await.json();
        assert_eq!(batch["results"][0]["code"], code, "{batch}");
    }
    // What would be refused today stays sent, for who may send it.
    world.delete("/api/v1/agents/chat").await;
    let again = world.post("/api/v1/messages", message.clone()).await;
    assert_eq!((again.status, &again.json()["id"]), (201, &first["id"]), "{}", again.text());
    for (key, code) in refused {
        problem(&world.with_key(key, Method::POST, "/api/v1/messages", Some(message.clone())).await, 403, code);
    }
    let id = text(&first["id"]);
    let key = text(&world.post("/api/v1/keys", json!({"role": "observer"})).await.json()["id"]);
    for (method, path) in [
        (Method::POST, format!("/api/v1/agents/code/inbox/{id}/ack")),
        (Method::DELETE, "/api/v1/agents/chat".to_owned()),
        (Method::DELETE, format!("/api/v1/keys/{key}")),
        (Method::PUT, "/api/v1/agents/human".to_owned()),
        (Method::POST, "/api/v1/agents/code/webhook/secret/rotate".to_owned()),
    ] {
        for _ in 0..2 {
            world.ask(method.clone(), &path, None).await;
        }
        for (key, _) in refused {
            let again = world.with_key(key, method.clone(), &path, None).await;
            assert_eq!(again.status, 403, "{method} {path}: {}", again.text());
        }
    }
}

pub(crate) async fn there_are_no_more_keys_than_allowed(place: &Place) {
    let mut config = Config::default();
    config.limits.keys = 1;
    let world = place.whole(config, AnonymousAccess::Never).await;
    world.made_key(json!({"role": "observer"})).await;
    problem(&world.post("/api/v1/keys", json!({"role": "observer"})).await, 409, "limit-reached");
}
