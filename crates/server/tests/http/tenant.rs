use engine::{AnonymousAccess, Config};
use http::Method;
use serde_json::json;

use crate::place::Place;
use crate::world::{World, problem, text};

pub(crate) async fn tenants_are_made_and_listed_by_the_administrators_of_default(place: &Place) {
    let world = place.whole(Config::default(), AnonymousAccess::Never).await;
    let made = world.post("/api/v1/tenants", json!({"name": "acme"})).await;
    assert_eq!((made.status, &made.json()["name"]), (201, &json!("acme")), "{}", made.text());
    problem(&world.post("/api/v1/tenants", json!({"name": "acme"})).await, 409, "name-taken");
    problem(&world.post("/api/v1/tenants", json!({"name": "Acme"})).await, 409, "name-taken");
    problem(&world.post("/api/v1/tenants", json!({"name": "defau1t"})).await, 409, "name-taken");
    problem(&world.post("/api/v1/tenants", json!({"name": "two words"})).await, 422, "invalid-field");
    let listed = world.get("/api/v1/tenants").await.json();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|tenant| text(&tenant["name"])).collect();
    assert_eq!(names, ["default", "acme"]);
    assert!(listed["items"][1]["seq"].as_u64().is_some_and(|seq| seq > 0), "{listed}");
    let acme = world.made_key(json!({"role": "admin", "tenant": "acme"})).await;
    problem(
        &world.with_key(&acme, Method::POST, "/api/v1/tenants", Some(json!({"name": "b"}))).await,
        403,
        "forbidden",
    );
    let own = world.with_key(&acme, Method::GET, "/api/v1/tenants", None).await.json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    let foreign = json!({"role": "admin", "tenant": "default"});
    problem(&world.with_key(&acme, Method::POST, "/api/v1/keys", Some(foreign)).await, 404, "not-found");
}

pub(crate) async fn what_belongs_to_another_tenant_is_as_if_it_never_was(place: &Place) {
    let world = place.whole(Config::default(), AnonymousAccess::Never).await;
    world.post("/api/v1/tenants", json!({"name": "acme"})).await;
    let acme = world.made_key(json!({"role": "admin", "tenant": "acme"})).await;
    let id = text(&world.sent(json!({"from": "code", "to": "chat", "subject": "secret"})).await["id"]);
    let stored = world.raw("POST", "/api/v1/attachments", &[], "secret").await.json();
    let sha256 = text(&stored["sha256"]);
    let key = text(&world.post("/api/v1/keys", json!({"role": "observer"})).await.json()["id"]);
    let never = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42";
    for (method, path) in [
        (Method::GET, "/api/v1/messages/{}"),
        (Method::GET, "/api/v1/messages/{}/receipts"),
        (Method::GET, "/api/v1/threads/{}"),
        (Method::POST, "/api/v1/agents/human/inbox/{}/ack"),
        (Method::POST, "/api/v1/dead-letters/{}/human/redrive"),
    ] {
        let foreign = world.with_key(&acme, method.clone(), &path.replace("{}", &id), None).await;
        let unknown = world.with_key(&acme, method, &path.replace("{}", never), None).await;
        let foreign = problem(&foreign, 404, "not-found");
        let unknown = problem(&unknown, 404, "not-found");
        assert_eq!(text(&foreign["detail"]).replace(&id, ""), text(&unknown["detail"]).replace(never, ""), "{path}");
    }
    let get = async |path: String| world.with_key(&acme, Method::GET, &path, None).await;
    problem(&get(format!("/api/v1/attachments/{sha256}")).await, 404, "not-found");
    problem(&get("/api/v1/agents/code".to_owned()).await, 404, "not-found");
    problem(&get("/api/v1/agents/code/inbox".to_owned()).await, 404, "not-found");
    problem(&world.with_key(&acme, Method::DELETE, &format!("/api/v1/keys/{key}"), None).await, 404, "not-found");
    assert_eq!(get("/api/v1/messages?q=secret".to_owned()).await.json()["items"], json!([]));
    assert_eq!(get("/api/v1/dead-letters".to_owned()).await.json()["items"], json!([]));
    let reply = json!({"from": "human", "to": "human", "subject": "x", "in_reply_to": id});
    problem(&world.with_key(&acme, Method::POST, "/api/v1/messages", Some(reply)).await, 422, "unknown-parent");
    let carry = json!({"from": "human", "to": "human", "subject": "x", "attachments": [sha256]});
    problem(&world.with_key(&acme, Method::POST, "/api/v1/messages", Some(carry)).await, 422, "unknown-attachment");
    let foreign = World { key: Some(acme), ..world };
    assert_eq!(foreign.raw("POST", "/api/v1/attachments", &[], "x").await.status, 201);
}
