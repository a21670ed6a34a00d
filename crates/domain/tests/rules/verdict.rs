//! What authority and gates make of a message.

use domain::authority::OnViolation;
use domain::directory::Directory;
use domain::gate::{OnFailure, Threshold};
use domain::key::Caller;
use domain::message::{Action, Kind};
use domain::send::{Draft, Known, Verdict, decide};
use domain::{Code, EventKind};

use crate::send::{judge, names, sent_in, to};
use crate::world::{NOW, directory, draft, id, name, policy};

fn deciding() -> Draft {
    Draft { kind: Kind::Decide, domain: Some("strategy".into()), to: to(&["human"]), ..draft() }
}

#[test]
fn a_decision_outside_authority_is_refused_and_recorded() {
    let Ok(Verdict::Refuse(refusal, fact)) = judge(deciding(), &directory(), &Caller::open()) else {
        panic!("must be refused with an event")
    };
    assert_eq!((refusal.code, refusal.holders.as_slice()), (Code::OutsideAuthority, &[name("chat")][..]));
    assert!(refusal.rule.is_some() && refusal.remedy.is_some());
    assert_eq!((fact.kind, fact.agent), (EventKind::AuthorityRefused, Some(name("code"))));
    let data: serde_json::Value = serde_json::from_str(&fact.data).expect("JSON");
    assert_eq!(
        (&data["outcome"], &data["domain"], &data["kind"]),
        (&"refused".into(), &"strategy".into(), &"decide".into())
    );
}

#[test]
fn a_decision_outside_authority_goes_to_those_who_have_it() {
    let mut directory = directory();
    policy(&mut directory).on_violation = OnViolation::Escalate;
    policy(&mut directory).domains = vec!["budget".into()];
    for (domain, holders) in [("strategy", ["chat"]), ("budget", ["human"])] {
        let draft = Draft { domain: Some(domain.into()), ..deciding() };
        let Ok(Verdict::Send(message, facts, _)) = judge(draft, &directory, &Caller::open()) else {
            panic!("must be sent")
        };
        assert_eq!((message.kind, names(&message)), (Kind::Propose, holders.to_vec()));
        assert_eq!(message.to, to(&holders));
        let outcome = message.outcome.expect("it says what was done");
        assert_eq!(outcome.action, Action::Escalated);
        assert!(outcome.detail.contains(holders[0]), "{}", outcome.detail);
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].kind, EventKind::AuthorityRefused);
    }
    policy(&mut directory).final_authority.clear();
    let nobody = Draft { domain: Some("budget".into()), ..deciding() };
    let Ok(Verdict::Refuse(refusal, _)) = judge(nobody, &directory, &Caller::open()) else {
        panic!("nobody could take it")
    };
    assert_eq!((refusal.code, refusal.holders.len()), (Code::OutsideAuthority, 0));
}

fn gated(on_failure: OnFailure) -> Directory {
    let mut directory = directory();
    let gates = &mut policy(&mut directory).gates;
    gates.enabled = true;
    gates.thresholds = [("coverage".to_owned(), Threshold { min: Some(0.8), max: None })].into();
    gates.on_failure = on_failure;
    directory
}

fn completing(coverage: Option<f64>) -> Draft {
    let evidence = coverage.map(|coverage| ("coverage".to_owned(), coverage)).into_iter().collect();
    Draft { kind: Kind::Complete, evidence, ..draft() }
}

#[test]
fn work_that_meets_its_thresholds_is_sent() {
    for on_failure in OnFailure::ALL {
        let message = sent_in(completing(Some(0.8)), &gated(*on_failure));
        assert_eq!((names(&message), &message.outcome), (vec!["chat"], &None));
    }
}

#[test]
fn work_that_fails_a_gate_is_refused_with_the_gates() {
    for (coverage, said) in [(Some(0.79), "coverage is 0.79"), (None, "coverage is missing")] {
        let Ok(Verdict::Refuse(refusal, fact)) =
            judge(completing(coverage), &gated(OnFailure::Reject), &Caller::open())
        else {
            panic!("must be refused with an event")
        };
        assert_eq!((refusal.code, refusal.gates.len()), (Code::GateFailed, 1));
        assert!(refusal.detail.contains(said), "{refusal}");
        assert_eq!((fact.kind, fact.agent), (EventKind::GateFailed, Some(name("code"))));
    }
}

#[test]
fn work_that_fails_a_gate_comes_back_to_its_sender() {
    let work = Draft { in_reply_to: Some(id(3)), ..completing(None) };
    let directory = gated(OnFailure::RequestRevision);
    for (thread, answers, joined) in [(Some(id(1)), Some(id(3)), id(1)), (None, None, id(9))] {
        let work = Draft { in_reply_to: answers, ..work.clone() };
        let known = Known { directory: &directory, caller: &Caller::open(), thread, above: None, id: id(9), now: NOW };
        let Ok(Verdict::Send(message, facts, _)) = decide(work, &known) else { panic!("must come back") };
        assert_eq!((message.from.as_str(), names(&message), message.kind), ("system", vec!["code"], Kind::Reject));
        assert_eq!((message.id, message.in_reply_to, message.thread_id), (id(9), answers, joined));
        let outcome = message.outcome.expect("it says what was done");
        assert_eq!((outcome.action, outcome.gates.len()), (Action::RevisionRequested, 1));
        assert_eq!(facts.iter().map(|fact| fact.kind).collect::<Vec<_>>(), [EventKind::GateFailed]);
    }
}

#[test]
fn work_that_fails_a_gate_goes_to_the_final_authority() {
    let mut directory = gated(OnFailure::Escalate);
    let message = sent_in(completing(None), &directory);
    assert_eq!((message.from.as_str(), names(&message), message.kind), ("code", vec!["human"], Kind::Complete));
    assert_eq!(message.outcome.map(|outcome| outcome.action), Some(Action::Escalated));
    policy(&mut directory).final_authority.clear();
    let refused = judge(completing(None), &directory, &Caller::open());
    assert!(matches!(refused, Ok(Verdict::Refuse(refusal, _)) if refusal.code == Code::GateFailed));
}
