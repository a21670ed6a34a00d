use http::Method;
use serde_json::{Value, json};

use crate::place::Place;
use crate::world::{World, in_secs, problem, text};

/// `code` proposes something in strategy; its id.
async fn proposed(world: &World, extra: Value) -> String {
    let mut body =
        json!({"from": "code", "kind": "propose", "domain": "strategy", "subject": "Release?", "body": "Now."});
    for (key, value) in extra.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    text(&world.sent(body).await["id"])
}

async fn decide(world: &World, id: &str, body: Value) -> testkit::embedded::Answer {
    world.post(&format!("/api/v1/messages/{id}/decision"), body).await
}

pub(crate) async fn a_proposal_is_decided_once_and_shows_everywhere(place: &Place) {
    let world = place.world().await;
    let id = proposed(&world, json!({})).await;
    let open = world.get(&format!("/api/v1/messages/{id}/decision")).await;
    assert_eq!((open.status, &open.json()["state"]), (200, &json!("open")));
    assert_eq!((&open.json()["asked_of"], &open.json()["domain"]), (&json!(["chat"]), &json!("strategy")));

    let approve = json!({"from": "chat", "outcome": "approve", "note": "go ahead"});
    let made = decide(&world, &id, approve).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    assert_eq!(
        (&made["state"], &made["decided_by"], &made["note"]),
        (&json!("approved"), &json!("chat"), &json!("go ahead"))
    );
    let outcome = world.get(&format!("/api/v1/messages/{}", text(&made["outcome_message_id"]))).await.json();
    assert_eq!(
        (&outcome["kind"], &outcome["to"], &outcome["domain"]),
        (&json!("approve"), &json!("code"), &json!("strategy"))
    );
    assert_eq!((&outcome["in_reply_to"], &outcome["body"]), (&json!(id), &json!("go ahead")));

    let late = decide(&world, &id, json!({"from": "human", "outcome": "reject"})).await;
    let late = problem(&late, 409, "already-decided");
    assert_eq!(late["decision"], made);
    let late = world
        .post(
            "/api/v1/messages",
            json!({"from": "chat", "to": "code", "subject": "No", "kind": "reject", "in_reply_to": id}),
        )
        .await;
    problem(&late, 409, "already-decided");

    let message = world.get(&format!("/api/v1/messages/{id}")).await.json();
    let thread = world.get(&format!("/api/v1/threads/{id}")).await.json();
    let receipts = world.get(&format!("/api/v1/messages/{id}/receipts")).await.json();
    for shown in [&message["decision"], &thread["items"][0]["decision"], &receipts["decision"]] {
        assert_eq!(*shown, made);
    }
    let verified = world.poke("/api/v1/events/verify").await.json();
    assert_eq!((&verified["ok"], &verified["decisions_checked"]), (&json!(true), &json!(1)));
}

pub(crate) async fn a_message_that_answers_decides_in_the_domain_above_it(place: &Place) {
    let world = place.world().await;
    let id = proposed(&world, json!({})).await;
    let answer = async |from: &str, kind: &str, extra: Value| {
        let mut body = json!({"from": from, "to": "code", "subject": "Answer", "kind": kind, "in_reply_to": id});
        for (key, value) in extra.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        world.post("/api/v1/messages", body).await
    };
    problem(&answer("code", "approve", json!({})).await, 403, "self-approval");
    problem(&answer("chat", "approve", json!({"domain": "testing"})).await, 422, "domain-mismatch");
    problem(&answer("chat", "approve", json!({"domain": "strateyg"})).await, 422, "unknown-domain");
    let bare = json!({"from": "chat", "to": "code", "subject": "Yes", "kind": "approve", "domain": "strategy"});
    problem(&world.post("/api/v1/messages", bare).await, 422, "nothing-to-decide");
    let made = answer("chat", "approve", json!({"body": "Fine with me."})).await;
    assert_eq!((made.status, &made.json()["domain"]), (201, &json!("strategy")), "{}", made.text());
    let decision = world.get(&format!("/api/v1/messages/{id}/decision")).await.json();
    assert_eq!((&decision["state"], &decision["note"]), (&json!("approved"), &json!("Fine with me.")));
    assert_eq!(decision["outcome_message_id"], made.json()["id"]);
    for (kind, expected) in [("coordination.decision.opened", 1), ("coordination.decision.made", 1)] {
        let found = world.get(&format!("/api/v1/events?type={kind}&message={id}")).await.json();
        assert_eq!(found["items"].as_array().map(Vec::len), Some(expected), "{kind}");
    }
}

pub(crate) async fn checking_answers_as_sending_does(place: &Place) {
    let world = place.world().await;
    let (open, over) = (proposed(&world, json!({})).await, proposed(&world, json!({})).await);
    assert_eq!(decide(&world, &over, json!({"from": "human", "outcome": "reject"})).await.status, 200);
    let kinds = ["approve", "reject", "decide", "propose", "inform"];
    for above in [None, Some(&over), Some(&open)] {
        for from in ["code", "chat", "human"] {
            for kind in kinds {
                for domain in [None, Some("strategy"), Some("testing"), Some("nobodys")] {
                    // What would be made of the open one is checked and not sent.
                    let ask = json!({"from": from, "kind": kind, "domain": domain, "in_reply_to": above});
                    let checked = world.post("/api/v1/authority/check", ask.clone()).await.json();
                    if above == Some(&open)
                        && checked["allowed"] == json!(true)
                        && kind != "inform"
                        && kind != "propose"
                    {
                        continue;
                    }
                    let mut send = ask;
                    (send["to"], send["subject"]) = (json!("human"), json!("As checked"));
                    let answer = world.post("/api/v1/messages", send).await;
                    let code = if answer.status == 201 { Value::Null } else { answer.json()["code"].clone() };
                    let about = format!("{from} {kind} {domain:?} below {above:?}: {checked}");
                    assert_eq!(
                        (&checked["allowed"], &checked["code"]),
                        (&json!(answer.status == 201), &code),
                        "{about}"
                    );
                }
            }
        }
    }
}

pub(crate) async fn an_approval_with_edits_carries_them(place: &Place) {
    let world = place.world().await;
    let id = proposed(&world, json!({"content_type": "text/plain"})).await;
    let edits = json!({"body": "Release on Monday.", "evidence": {"coverage": 0.9}});
    let rejected = decide(&world, &id, json!({"from": "chat", "outcome": "reject", "edits": edits})).await;
    problem(&rejected, 422, "invalid-field");
    let made = decide(&world, &id, json!({"from": "chat", "outcome": "approve", "note": "later", "edits": edits}))
        .await
        .json();
    assert_eq!((&made["edits"], &made["note"]), (&edits, &json!("later")));
    let outcome = world.get(&format!("/api/v1/messages/{}", text(&made["outcome_message_id"]))).await.json();
    assert_eq!((&outcome["body"], &outcome["content_type"]), (&json!("Release on Monday."), &json!("text/plain")));
    assert_eq!(outcome["evidence"], json!({"coverage": 0.9}));
}

pub(crate) async fn the_final_authority_overturns_with_a_reason(place: &Place) {
    let world = place.world().await;
    let id = proposed(&world, json!({})).await;
    decide(&world, &id, json!({"from": "chat", "outcome": "approve"})).await;
    let overturn = |from: &str, note: Value| json!({"from": from, "outcome": "reject", "overturn": true, "note": note});
    problem(&decide(&world, &id, overturn("chat", json!("no"))).await, 403, "outside-authority");
    problem(&decide(&world, &id, overturn("human", Value::Null)).await, 422, "missing-field");
    let made = decide(&world, &id, overturn("human", json!("too early"))).await.json();
    assert_eq!((&made["state"], &made["decided_by"]), (&json!("rejected"), &json!("human")));
    let log = world.get(&format!("/api/v1/events?type=coordination.decision.overturned&message={id}")).await.json();
    assert_eq!(log["items"][0]["data"]["before"]["decided_by"], "chat");
    assert_eq!(log["items"][0]["data"]["decision"]["note"], "too early");
}

pub(crate) async fn who_asked_withdraws_and_those_who_were_asked_hear_of_it(place: &Place) {
    let world = place.world().await;
    let id = proposed(&world, json!({})).await;
    let withdraw = async |from: &str| {
        world.post(&format!("/api/v1/messages/{id}/withdraw"), json!({"from": from, "reason": "obsolete"})).await
    };
    problem(&withdraw("chat").await, 403, "forbidden");
    let made = withdraw("code").await.json();
    assert_eq!(
        (&made["state"], &made["decided_by"], &made["note"]),
        (&json!("withdrawn"), &json!("code"), &json!("obsolete"))
    );
    problem(&withdraw("code").await, 409, "already-decided");
    problem(
        &decide(&world, &id, json!({"from": "human", "outcome": "approve", "overturn": true, "note": "x"})).await,
        409,
        "already-decided",
    );
    let inbox = world.get("/api/v1/agents/chat/inbox").await.json();
    assert_eq!(inbox["items"][1]["message"]["subject"], "Withdrawn: Release?");
    let plain = world.hello("nothing asked").await;
    problem(&world.get(&format!("/api/v1/messages/{plain}/decision")).await, 404, "not-found");
    problem(&decide(&world, &plain, json!({"from": "human", "outcome": "approve"})).await, 404, "not-found");
}

pub(crate) async fn what_waits_is_listed_by_deadline_and_only_for_who_may_see_it(place: &Place) {
    let world = place.world().await;
    let later = proposed(&world, json!({"expires_at": in_secs(500)})).await;
    let never = proposed(&world, json!({})).await;
    let soon = proposed(&world, json!({"expires_at": in_secs(100)})).await;
    let other =
        text(&world.sent(json!({"from": "chat", "to": "code", "kind": "request", "subject": "Test it"})).await["id"]);
    let made = proposed(&world, json!({})).await;
    decide(&world, &made, json!({"from": "chat", "outcome": "approve"})).await;
    let list = async |query: &str| {
        let found = world.get(&format!("/api/v1/decisions{query}")).await.json();
        found["items"].as_array().expect("items").iter().map(|item| text(&item["message_id"])).collect::<Vec<_>>()
    };
    assert_eq!(list("?for=chat&state=open").await, [&*soon, &later, &never]);
    assert_eq!(list("?from=chat").await, [&*other]);
    assert_eq!(list("?domain=strategy").await, [&*soon, &later, &never, &made]);
    assert_eq!(list("?state=approved,rejected").await, [&*made]);
    assert_eq!(list("").await.last(), Some(&made));
    let first = world.get("/api/v1/decisions?limit=2").await.json();
    let rest = list(&format!("?limit=9&after={}", text(&first["next"]))).await;
    assert_eq!(rest.len(), 3);
    problem(&world.get("/api/v1/decisions?after=x").await, 422, "invalid-field");
    problem(&world.get("/api/v1/decisions?state=lost").await, 422, "invalid-field");
    for query in ["for=%00", "from=a%20b", "domain=%00"] {
        problem(&world.get(&format!("/api/v1/decisions?{query}")).await, 422, "invalid-field");
    }

    let key = world.made_key(json!({"role": "agent", "agents": ["chat"]})).await;
    let of_chat = world.with_key(&key, Method::GET, "/api/v1/decisions?state=open", None).await.json();
    assert_eq!(of_chat["items"].as_array().map(Vec::len), Some(3), "what waits for its agent");
    problem(&world.with_key(&key, Method::GET, "/api/v1/decisions?for=code", None).await, 404, "not-found");
    let asked = world.with_key(&key, Method::GET, "/api/v1/decisions?for=code&from=chat", None).await.json();
    assert_eq!(asked["items"][0]["message_id"], other.as_str());
    // A key of one agent need not say which.
    let path = format!("/api/v1/messages/{soon}/decision");
    let decided = world.with_key(&key, Method::POST, &path, Some(json!({"outcome": "reject"}))).await;
    assert_eq!((decided.status, &decided.json()["decided_by"]), (200, &json!("chat")));
    let who = world.with_key(&key, Method::GET, "/api/v1/whoami", None).await.json();
    assert_eq!((&who["role"], &who["agent"], &who["agents"]), (&json!("agent"), &json!("chat"), &json!(["chat"])));
}

pub(crate) async fn who_waits_for_a_decision_or_a_thread_hears_at_once(place: &Place) {
    let world = place.world().await;
    let id = proposed(&world, json!({})).await;
    let path = format!("/api/v1/messages/{id}/decision?wait=20s");
    let deciding = async { decide(&world, &id, json!({"from": "chat", "outcome": "approve"})).await };
    let started = tokio::time::Instant::now();
    let (waited, made) = tokio::join!(world.get(&path), deciding);
    assert_eq!((waited.status, &waited.json()["state"], made.status), (200, &json!("approved"), 200));
    assert!(started.elapsed().as_secs() < 10, "it was told, and did not wait for the end");
    let thread = world.get(&format!("/api/v1/threads/{id}")).await.json();
    let last = thread["items"].as_array().and_then(|items| items.last()).expect("an answer")["seq"].clone();
    let next = format!("/api/v1/threads/{id}?after={last}&wait=20s");
    let remark = json!({"from": "code", "to": "chat", "subject": "Thanks", "in_reply_to": id});
    let (waited, sent) = tokio::join!(world.get(&next), world.sent(remark));
    assert_eq!(waited.json()["items"][0]["id"], sent["id"]);
    let short = world.get(&format!("/api/v1/threads/{id}?after=999999&wait=10ms")).await.json();
    assert_eq!(short["items"], json!([]));
    problem(&world.get(&format!("/api/v1/threads/{id}?wait=61s")).await, 422, "invalid-duration");
    problem(&world.get(&format!("/api/v1/messages/{id}/decision?wait=61s")).await, 422, "invalid-duration");
}

pub(crate) async fn a_worker_receives_only_the_kinds_and_the_thread_it_names(place: &Place) {
    let world = place.world().await;
    world.hello("a remark").await;
    let id = proposed(&world, json!({})).await;
    let receive = async |body: Value| {
        let answer = world.post("/api/v1/agents/chat/inbox/receive", body).await.json();
        answer["deliveries"]
            .as_array()
            .expect("deliveries")
            .iter()
            .map(|one| text(&one["message"]["id"]))
            .collect::<Vec<_>>()
    };
    assert!(receive(json!({"kinds": ["request"], "max": 9})).await.is_empty());
    assert_eq!(receive(json!({"kinds": ["request", "propose"], "max": 9})).await, [&*id]);
    assert!(receive(json!({"thread": id, "max": 9})).await.is_empty(), "it is leased");
    assert_eq!(receive(json!({"max": 9})).await.len(), 1);
}
