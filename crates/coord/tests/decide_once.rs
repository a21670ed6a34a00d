//! A thousand approvals and rejections of one request, over three processes on one PostgreSQL: it is decided once.

#![cfg(test)]

use client::{Client, Error};
use protocol::{Decide, DecisionOutcome, DecisionState, Kind, SendMessage, WaitQuery};
use testkit::coord::Coord;
use testkit::postgres::Postgres;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Attempts at one decision.
const ATTEMPTS: usize = 1_000;
/// Attempts under way at a time, of each client.
const UNDER_WAY: usize = 50;

fn start(database: &str) -> Coord {
    Coord::start(env!("CARGO_BIN_EXE_coord"), &[("DATABASE_URL", database)]).unwrap()
}

async fn proposed(client: &Client) -> Uuid {
    let proposal = SendMessage {
        from: Some("code".to_owned()),
        kind: Some(Kind::Propose),
        domain: Some("strategy".to_owned()),
        subject: "Once".to_owned(),
        ..SendMessage::default()
    };
    client.send_message(&proposal, None).await.unwrap().value.id
}

fn attempt(number: usize) -> Decide {
    let (from, outcome) = match number % 4 {
        0 => ("chat", DecisionOutcome::Approve),
        1 => ("human", DecisionOutcome::Approve),
        2 => ("chat", DecisionOutcome::Reject),
        _ => ("human", DecisionOutcome::Reject),
    };
    Decide {
        from: Some(from.to_owned()),
        outcome,
        note: Some(format!("attempt {number}")),
        edits: None,
        overturn: false,
    }
}

/// What came of an attempt: the note of the decision that stands; none where no answer came.
async fn decided(client: Client, message: Uuid, number: usize) -> Option<(bool, String)> {
    match client.decide(message, &attempt(number)).await {
        Ok(decision) => Some((true, decision.value.note.unwrap_or_default())),
        Err(Error::Problem(problem)) if problem.code == "already-decided" => {
            let standing = problem.decision.expect("it names the decision that stands");
            assert!(problem.detail.contains(standing.decided_by.as_deref().unwrap_or("nobody")), "{}", problem.detail);
            Some((false, standing.note.unwrap_or_default()))
        }
        // Whoever was being asked by the one that is killed.
        Err(Error::Problem(problem)) if problem.status >= 500 => None,
        Err(Error::Problem(problem)) => panic!("{problem:?}"),
        Err(_) => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_who_decide_over_three_processes_one_does() {
    let postgres = Postgres::start().unwrap();
    let database = postgres.create_database("coordination").unwrap();
    let first = start(&database);
    let (second, mut third) = (start(&database), start(&database));
    let clients = [first.client().unwrap(), second.client().unwrap(), third.client().unwrap()];
    for killed in [false, true] {
        let message = proposed(&clients[0]).await;
        let (mut running, mut answers) = (JoinSet::new(), Vec::new());
        for number in 0..ATTEMPTS {
            if killed && number == UNDER_WAY {
                third.daemon.kill9();
            }
            let reached = if killed && number >= UNDER_WAY { 2 } else { clients.len() };
            running.spawn(decided(clients[number % reached].clone(), message, number));
            if running.len() > clients.len() * UNDER_WAY {
                answers.extend(running.join_next().await.map(Result::unwrap));
            }
        }
        answers.extend(running.join_all().await);
        let standing = clients[0].decision(message, &WaitQuery::default()).await.unwrap().value;
        assert!(matches!(standing.state, DecisionState::Approved | DecisionState::Rejected));
        let answered: Vec<(bool, String)> = answers.iter().flatten().cloned().collect();
        let made = answered.iter().filter(|(made, _)| *made).count();
        if killed {
            assert!(made <= 1, "the one that made it may have been killed before it said so");
        } else {
            assert_eq!((made, answered.len()), (1, ATTEMPTS));
        }
        for (_, note) in &answered {
            assert_eq!(Some(note), standing.note.as_ref(), "everybody hears of the same decision");
        }
    }
    let verified = clients[0].verify_events().await.unwrap().value;
    assert!(verified.ok, "{:?}", verified.problems);
    assert_eq!(verified.decisions_checked, 2);
}
