//! Decisions, by a table: what a message opens, decides, answers, or may not.

use domain::decision::{
    Above, Act, Attempt, Decision, DecisionState, Effect, Known, Ruling, SelfApproval, Unfit, Walk, judge,
};
use domain::directory::{Directory, Grant};
use domain::message::{Kind, Message};
use domain::{Code, EventKind, Time};

use crate::world::{NOW, directory, id, message, name, policy};

/// What stands above: nothing, a remark, finished work, or something asked.
#[derive(Clone, Copy, Debug)]
enum Over {
    Nothing,
    /// A remark of `chat` to `code`, in a domain or none.
    Remark(Option<&'static str>),
    /// A `complete` of `chat` to `code`.
    Work(Option<&'static str>),
    /// A request in a domain or none, by whom, of whom, and where it stands.
    Request(Option<&'static str>, &'static str, &'static str, DecisionState),
    /// A proposal, likewise.
    Proposal(Option<&'static str>, &'static str, &'static str, DecisionState),
}

use DecisionState::{Approved, Expired, Open, Withdrawn};
use Kind::{Approve, Complete, Decide, Inform, Propose, Reject, Request};
use Over::{Nothing, Proposal, Remark, Work};

fn asked(kind: Kind, domain: Option<&str>, by: &str, of: &str, state: DecisionState) -> Decision {
    let message = Message { kind, from: name(by), recipients: vec![name(of)], ..message() };
    let open = Decision::open(&message, domain.map(ToOwned::to_owned));
    match state {
        Open => open,
        Expired => Decision { due_at: Some(NOW), ..open },
        state => {
            let by = if state == Withdrawn { name(by) } else { name("human") };
            Decision { state, decided_by: Some(by), decided_at: Some(NOW), ..open }
        }
    }
}

fn above(over: Over, who: &str) -> Option<Above> {
    let (domain, from, of, decision) = match over {
        Nothing => return None,
        Remark(domain) | Work(domain) => (domain, "chat", "code", None),
        Over::Request(domain, by, of, state) => (domain, by, of, Some(asked(Request, domain, by, of, state))),
        Proposal(domain, by, of, state) => (domain, by, of, Some(asked(Propose, domain, by, of, state))),
    };
    Some(Above {
        subject: id(1),
        from: name(from),
        domain: domain.map(ToOwned::to_owned),
        decision,
        asked: who == of,
        recipients: vec![name(of)],
    })
}

/// In words: the code of a refusal, or what the message does.
fn outcome(directory: &Directory, who: &str, kind: Kind, named: Option<&str>, over: Over, act: Option<&Act>) -> String {
    let above = above(over, who);
    let attempt = Attempt { from: &name(who), kind, domain: named, act, body: "" };
    match judge(&attempt, &Known { directory, above: above.as_ref(), now: NOW }) {
        Err(unfit) => unfit.code().to_string(),
        Ok(judged) => match judged.effect {
            Effect::Nothing => "nothing".to_owned(),
            Effect::Opens(domain) => format!("opens in {}", domain.as_deref().unwrap_or("none")),
            Effect::Rules(_, ruling) if ruling.overturn => format!("overturns to {}", ruling.state),
            Effect::Rules(_, ruling) => ruling.state.to_string(),
        },
    }
}

/// Who, by what, naming which domain, above it, and what comes of it.
type Row = (&'static str, Kind, Option<&'static str>, Over, &'static str);

const ST: Option<&str> = Some("strategy");
const TE: Option<&str> = Some("testing");

/// `code` holds testing, `chat` strategy, `human` is the final authority.
const TABLE: [Row; 88] = [
    // Remarks and work ask for nothing and decide nothing.
    ("code", Inform, None, Nothing, "nothing"),
    ("code", Inform, Some("nobodys"), Nothing, "nothing"),
    ("code", Inform, None, Over::Request(ST, "chat", "code", Open), "nothing"),
    ("code", Complete, None, Nothing, "nothing"),
    ("code", Complete, ST, Nothing, "nothing"),
    // Asking.
    ("code", Request, None, Nothing, "opens in none"),
    ("code", Request, ST, Nothing, "opens in strategy"),
    ("code", Propose, TE, Nothing, "opens in testing"),
    ("human", Propose, None, Nothing, "opens in none"),
    ("code", Request, None, Remark(ST), "opens in strategy"),
    ("code", Request, TE, Remark(ST), "opens in testing"),
    ("chat", Propose, None, Over::Request(TE, "human", "chat", Open), "opens in testing"),
    ("code", Request, Some("strateg"), Nothing, "unknown-domain"),
    ("human", Propose, Some("budget"), Nothing, "unknown-domain"),
    // Deciding without having been asked.
    ("chat", Decide, ST, Nothing, "nothing"),
    ("code", Decide, ST, Nothing, "outside-authority"),
    ("human", Decide, ST, Nothing, "nothing"),
    ("chat", Decide, None, Nothing, "missing-field"),
    ("human", Decide, None, Nothing, "missing-field"),
    ("human", Decide, Some("strateyg"), Nothing, "unknown-domain"),
    ("chat", Approve, None, Nothing, "nothing-to-decide"),
    ("chat", Approve, ST, Nothing, "nothing-to-decide"),
    ("human", Approve, ST, Nothing, "nothing-to-decide"),
    ("chat", Reject, ST, Nothing, "nothing-to-decide"),
    ("chat", Reject, Some("strateyg"), Nothing, "unknown-domain"),
    // A request in a domain: its holders and the final authority.
    ("chat", Approve, None, Over::Request(ST, "code", "chat", Open), "approved"),
    ("chat", Reject, None, Over::Request(ST, "code", "chat", Open), "rejected"),
    ("chat", Decide, None, Over::Request(ST, "code", "chat", Open), "answered"),
    ("chat", Approve, ST, Over::Request(ST, "code", "chat", Open), "approved"),
    ("chat", Approve, None, Over::Request(ST, "code", "human", Open), "approved"),
    ("human", Approve, None, Over::Request(ST, "code", "chat", Open), "approved"),
    ("human", Decide, ST, Over::Request(ST, "code", "chat", Open), "answered"),
    ("code", Approve, None, Over::Request(ST, "human", "code", Open), "outside-authority"),
    ("code", Reject, None, Over::Request(ST, "human", "code", Open), "outside-authority"),
    ("code", Decide, None, Over::Request(ST, "human", "code", Open), "outside-authority"),
    // Another domain than the one above.
    ("chat", Approve, TE, Over::Request(ST, "code", "chat", Open), "domain-mismatch"),
    ("code", Approve, TE, Over::Request(ST, "human", "code", Open), "domain-mismatch"),
    ("human", Reject, TE, Over::Request(ST, "code", "chat", Open), "domain-mismatch"),
    ("human", Decide, TE, Remark(ST), "domain-mismatch"),
    ("human", Approve, Some("nobodys"), Over::Request(ST, "code", "chat", Open), "unknown-domain"),
    // Who asked.
    ("chat", Approve, None, Over::Request(ST, "chat", "human", Open), "self-approval"),
    ("chat", Reject, None, Over::Request(ST, "chat", "human", Open), "self-approval"),
    ("chat", Decide, ST, Over::Request(ST, "chat", "human", Open), "self-approval"),
    ("code", Approve, None, Over::Request(ST, "code", "chat", Open), "self-approval"),
    ("human", Approve, None, Over::Request(ST, "human", "chat", Open), "self-approval"),
    ("code", Approve, None, Over::Request(None, "code", "chat", Open), "self-approval"),
    ("code", Approve, None, Proposal(None, "code", "chat", Open), "self-approval"),
    ("code", Approve, None, Proposal(ST, "code", "chat", Approved), "self-approval"),
    // Asked in no domain: whoever was asked, and the final authority.
    ("chat", Approve, None, Over::Request(None, "code", "chat", Open), "approved"),
    ("chat", Reject, None, Over::Request(None, "code", "chat", Open), "rejected"),
    ("chat", Decide, None, Over::Request(None, "code", "chat", Open), "answered"),
    ("human", Approve, None, Over::Request(None, "code", "chat", Open), "approved"),
    ("chat", Approve, None, Over::Request(None, "code", "human", Open), "outside-authority"),
    ("chat", Decide, None, Proposal(None, "code", "human", Open), "outside-authority"),
    ("chat", Approve, ST, Over::Request(None, "code", "chat", Open), "approved"),
    ("chat", Approve, TE, Over::Request(None, "code", "chat", Open), "outside-authority"),
    ("chat", Approve, ST, Over::Request(None, "code", "human", Open), "outside-authority"),
    ("human", Approve, TE, Over::Request(None, "code", "chat", Open), "approved"),
    // Work answers a request of who could have decided it.
    ("chat", Complete, None, Over::Request(None, "code", "chat", Open), "answered"),
    ("human", Complete, None, Over::Request(None, "code", "chat", Open), "nothing"),
    ("code", Complete, None, Over::Request(None, "code", "code", Open), "nothing"),
    ("chat", Complete, None, Over::Request(ST, "code", "chat", Open), "answered"),
    ("code", Complete, None, Over::Request(ST, "chat", "code", Open), "nothing"),
    ("chat", Complete, None, Proposal(None, "code", "chat", Open), "nothing"),
    ("chat", Complete, None, Over::Request(None, "code", "chat", Approved), "nothing"),
    ("chat", Complete, None, Over::Request(None, "code", "chat", Expired), "nothing"),
    // Once.
    ("chat", Approve, None, Over::Request(ST, "code", "chat", Approved), "already-decided"),
    ("chat", Reject, None, Over::Request(ST, "code", "chat", Approved), "already-decided"),
    ("chat", Decide, None, Over::Request(ST, "code", "chat", Approved), "already-decided"),
    ("human", Reject, None, Over::Request(ST, "code", "chat", Approved), "already-decided"),
    ("chat", Approve, None, Over::Request(None, "code", "chat", Approved), "already-decided"),
    ("chat", Approve, None, Proposal(ST, "code", "chat", Withdrawn), "already-decided"),
    ("chat", Approve, None, Proposal(ST, "code", "chat", Expired), "already-decided"),
    ("code", Approve, None, Over::Request(ST, "human", "code", Approved), "outside-authority"),
    ("chat", Approve, TE, Over::Request(ST, "code", "chat", Approved), "domain-mismatch"),
    // Proposals are decided alike.
    ("chat", Approve, None, Proposal(ST, "code", "chat", Open), "approved"),
    ("human", Reject, None, Proposal(ST, "code", "chat", Open), "rejected"),
    ("code", Reject, None, Proposal(ST, "chat", "code", Open), "outside-authority"),
    // Remarks and work above: nothing is decided, and the same may do so.
    ("chat", Decide, None, Remark(ST), "nothing"),
    ("chat", Decide, None, Remark(None), "outside-authority"),
    ("code", Decide, None, Remark(None), "nothing"),
    ("code", Decide, None, Remark(ST), "outside-authority"),
    ("code", Approve, None, Work(None), "nothing"),
    ("chat", Approve, None, Work(None), "self-approval"),
    ("human", Reject, None, Work(ST), "nothing"),
    ("code", Approve, None, Work(TE), "nothing"),
    ("code", Approve, None, Work(ST), "outside-authority"),
    ("chat", Reject, None, Remark(ST), "self-approval"),
];

#[test]
fn who_may_decide_what_is_as_the_table_says() {
    for (who, kind, named, over, expected) in TABLE {
        let found = outcome(&directory(), who, kind, named, over, None);
        assert_eq!(found, expected, "{who} sends {kind} naming {named:?} below {over:?}");
    }
}

#[test]
fn who_asked_may_decide_where_configuration_says_so_and_authority_allows() {
    let mut directory = directory();
    policy(&mut directory).self_approval = SelfApproval::Allow;
    for (who, over, expected) in [
        ("chat", Over::Request(ST, "chat", "human", Open), "approved"),
        ("human", Over::Request(ST, "human", "chat", Open), "approved"),
        ("code", Over::Request(ST, "code", "chat", Open), "outside-authority"),
        ("code", Over::Request(None, "code", "chat", Open), "outside-authority"),
        ("code", Over::Request(None, "code", "code", Open), "approved"),
    ] {
        assert_eq!(outcome(&directory, who, Approve, None, over, None), expected, "{who} {over:?}");
    }
}

#[test]
fn a_domain_is_known_where_it_is_held_was_held_was_lent_or_is_listed() {
    let mut directory = directory();
    let ended = Grant {
        domain: "budget".into(),
        agent: name("chat"),
        until: Time(1),
        reason: String::new(),
        granted_at: Time(0),
    };
    directory.grants.push(ended);
    directory.agents.get_mut("old").expect("an agent").authority_domains.push("history".into());
    policy(&mut directory).domains = vec!["law".into()];
    for domain in ["strategy", "budget", "history", "law"] {
        assert_eq!(outcome(&directory, "human", Decide, Some(domain), Nothing, None), "nothing", "{domain}");
    }
    let above = Known { directory: &directory, above: None, now: NOW };
    let attempt = Attempt { from: &name("human"), kind: Decide, domain: Some("budgte"), act: None, body: "" };
    let Err(Unfit::Refused(refusal)) = judge(&attempt, &above) else { panic!("must be refused") };
    assert!(refusal.detail.contains("did you mean `budget`?"), "{refusal}");
}

#[test]
fn the_final_authority_overturns_with_a_reason_and_nobody_else() {
    let because = |note: &str| Act { overturn: true, note: Some(note.to_owned()), ..Act::default() };
    let decided = Over::Request(ST, "code", "chat", Approved);
    let why = because("the numbers were wrong");
    for (who, over, act, expected) in [
        ("human", decided, &why, "overturns to rejected"),
        ("human", decided, &because(" "), "missing-field"),
        ("chat", decided, &why, "outside-authority"),
        ("code", decided, &why, "self-approval"),
        ("human", Over::Request(ST, "human", "chat", Approved), &why, "self-approval"),
        ("human", Over::Request(ST, "code", "chat", Withdrawn), &why, "already-decided"),
        ("human", Over::Request(ST, "code", "chat", Expired), &why, "overturns to rejected"),
    ] {
        assert_eq!(outcome(&directory(), who, Reject, None, over, Some(act)), expected, "{who} {over:?}");
    }
}

#[test]
fn only_who_asked_withdraws_and_only_what_is_open() {
    let act = Act { withdraw: true, ..Act::default() };
    for (who, over, expected) in [
        ("code", Over::Request(ST, "code", "chat", Open), "withdrawn"),
        ("chat", Over::Request(ST, "code", "chat", Open), "forbidden"),
        ("human", Over::Request(ST, "code", "chat", Open), "forbidden"),
        ("code", Over::Request(ST, "code", "chat", Approved), "already-decided"),
        ("code", Over::Request(ST, "code", "chat", Expired), "already-decided"),
        ("chat", Work(None), "not-found"),
        ("chat", Nothing, "not-found"),
    ] {
        assert_eq!(outcome(&directory(), who, Inform, None, over, Some(&act)), expected, "{who} {over:?}");
    }
}

#[test]
fn who_comes_too_late_hears_who_when_and_what() {
    let decided = asked(Request, ST, "code", "chat", Approved);
    let refusal = decided.already_decided();
    assert_eq!((refusal.code, refusal.decision.as_deref()), (Code::AlreadyDecided, Some(&decided)));
    for word in ["approved", "`human`", &NOW.to_string()] {
        assert!(refusal.detail.contains(word), "{refusal}");
    }
    let expired = asked(Request, ST, "code", "chat", Expired).already_decided();
    assert!(expired.detail.contains("expired"), "{expired}");
}

#[test]
fn a_decision_is_made_once_and_an_event_tells_what_became_of_it() {
    let open = asked(Request, ST, "code", "chat", Open);
    let ruling = |state, overturn| Ruling {
        state,
        by: name("chat"),
        message: Some(id(2)),
        note: Some("because".into()),
        edits: None,
        overturn,
    };
    let made = open.clone().rule(ruling(Approved, false), NOW).expect("it is open");
    assert_eq!((made.kind, made.decision.state, made.before), (EventKind::DecisionMade, Approved, None));
    assert_eq!((made.decision.decided_at, made.decision.outcome_message_id), (Some(NOW), Some(id(2))));
    let again = made.decision.clone().rule(ruling(DecisionState::Rejected, false), NOW);
    assert_eq!(again.expect_err("it is made").code, Code::AlreadyDecided);
    let overturned = made.decision.clone().rule(ruling(DecisionState::Rejected, true), NOW).expect("overturned");
    assert_eq!((overturned.kind, overturned.before), (EventKind::DecisionOverturned, Some(made.decision)));
    let withdrawn = open.clone().rule(ruling(Withdrawn, false), NOW).expect("it is open");
    assert_eq!(withdrawn.kind, EventKind::DecisionWithdrawn);
    let gone = withdrawn.decision.rule(ruling(Approved, true), NOW);
    assert_eq!(gone.expect_err("it is withdrawn").code, Code::AlreadyDecided);
}

#[test]
fn what_nobody_decides_expires_at_its_time_and_not_before() {
    let due = Decision { due_at: Some(Time(NOW.0 + 1)), ..asked(Request, ST, "code", "chat", Open) };
    assert_eq!(due.clone().elapse(id(3), NOW), None);
    let change = due.clone().elapse(id(3), Time(NOW.0 + 1)).expect("its time has come");
    assert_eq!((change.kind, change.decision.state), (EventKind::DecisionExpired, Expired));
    assert_eq!(change.decision.outcome_message_id, Some(id(3)));
    assert_eq!(change.decision.elapse(id(3), Time(i64::MAX)), None);
    assert_eq!(asked(Request, ST, "code", "chat", Open).elapse(id(3), Time(i64::MAX)), None);
}

#[test]
fn the_final_authority_is_asked_where_nobody_active_is_left() {
    let directory = directory();
    let asked_of = |names: &[&str]| Decision {
        asked_of: names.iter().map(|name| (*name).to_owned()).collect(),
        ..asked(Request, ST, "code", "chat", Open)
    };
    for (before, after) in [
        (&["old"][..], Some(&["human"][..])),
        (&["old", "chat"], Some(&["chat"])),
        (&["chat"], None),
        (&["domain:strategy"], None),
    ] {
        let change = asked_of(before).reassign(&directory);
        let found = change.map(|change| (change.kind, change.decision.asked_of));
        let expected = after.map(|after| (EventKind::DecisionReassigned, asked_of(after).asked_of));
        assert_eq!(found, expected, "{before:?}");
    }
}

/// Walks up from the first of these messages, each answering the next; what the walk found.
fn walked(chain: &[Message]) -> (Option<u8>, Option<u8>, Option<String>) {
    let mut walk = Walk::default();
    for message in chain {
        if walk.step(message).is_none() {
            break;
        }
    }
    let number = |found: Option<domain::MessageId>| (1..=100).find(|n| found == Some(id(*n)));
    let (subject, asked) = (number(walk.subject()), number(walk.asked()));
    (subject, asked, walk.above(None, &name("chat"), false).and_then(|above| above.domain))
}

/// The nth message up, answering the next.
fn link(n: u8, from: &str, kind: Kind, domain: Option<&str>) -> Message {
    Message {
        id: id(n),
        from: name(from),
        kind,
        domain: domain.map(ToOwned::to_owned),
        in_reply_to: Some(id(n + 1)),
        ..message()
    }
}

#[test]
fn an_answer_is_about_the_nearest_message_that_asks() {
    let remark = link(1, "chat", Inform, None);
    let request = |n| link(n, "code", Request, ST);
    let strategy = || ST.map(ToOwned::to_owned);
    let table: [(&[Message], _); 8] = [
        (&[request(1)], (Some(1), Some(1), strategy())),
        (&[remark.clone(), request(2)], (Some(2), Some(2), strategy())),
        // A notice of the system is passed, whatever domain it has copied.
        (&[link(1, "system", Inform, ST), request(2)], (Some(2), Some(2), strategy())),
        (&[link(1, "chat", Approve, ST), request(2)], (Some(2), Some(2), strategy())),
        // A remark in a domain of its own is what is answered, and not what stands above it.
        (&[link(1, "chat", Inform, TE), request(2)], (Some(1), None, TE.map(ToOwned::to_owned))),
        // So is finished work; its domain is the one above.
        (&[link(1, "chat", Complete, None), request(2)], (Some(1), None, strategy())),
        (&[remark.clone(), link(2, "code", Inform, None)], (Some(1), None, None)),
        (&[link(1, "code", Request, None), link(2, "chat", Inform, ST)], (Some(1), Some(1), None)),
    ];
    for (chain, expected) in table {
        assert_eq!(walked(chain), expected, "{:?}", chain.iter().map(|m| (m.kind, &m.domain)).collect::<Vec<_>>());
    }
}

#[test]
fn what_was_asked_too_far_up_is_out_of_reach() {
    let chain = |remarks: usize| {
        let mut chain: Vec<Message> = (0..remarks).map(|_| link(1, "chat", Inform, None)).collect();
        chain.push(link(2, "code", Request, ST));
        chain
    };
    let max = domain::decision::ABOVE_MAX;
    assert_eq!(walked(&chain(max - 1)).1, Some(2));
    assert_eq!(walked(&chain(max)).1, None);
}

#[test]
fn a_thread_tells_what_became_of_an_old_request() {
    let request = Message { kind: Request, domain: None, expires_at: Some(Time(NOW.0 + 10)), ..message() };
    let answer =
        |from: &str, kind, to| Message { id: id(2), from: name(from), kind, in_reply_to: Some(id(to)), ..message() };
    let state = |answers: &[Message], now| {
        let (opened, change) = Decision::of_thread(&request, answers, Time(now));
        assert_eq!(opened.state, Open);
        change.map_or(Open, |change| change.decision.state)
    };
    let table: [(&[Message], DecisionState); 8] = [
        (&[], Open),
        (&[answer("chat", Approve, 1)], Approved),
        (&[answer("chat", Complete, 1)], DecisionState::Answered),
        (&[answer("chat", Decide, 1)], DecisionState::Answered),
        (&[answer("chat", Inform, 1), answer("chat", Reject, 1), answer("chat", Approve, 1)], DecisionState::Rejected),
        (&[answer("code", Approve, 1)], Open),
        (&[answer("human", Approve, 1)], Open),
        (&[answer("chat", Approve, 3)], Open),
    ];
    for (answers, expected) in table {
        assert_eq!(state(answers, NOW.0), expected, "{answers:?}");
    }
    assert_eq!(state(&[], NOW.0 + 10), Expired);
}
