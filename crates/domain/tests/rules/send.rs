//! Sending, by tables: who may send what to whom, and what becomes of it.

use domain::agent::{Agent, AgentKind};
use domain::directory::{Directory, Grant};
use domain::key::{Caller, Role};
use domain::message::{Kind, Message};
use domain::send::{Draft, Known, Verdict, decide};
use domain::{Code, Priority, Refusal, Time};

use crate::world::{NOW, caller, directory, draft, id, name, policy};

pub(crate) fn judge(draft: Draft, directory: &Directory, caller: &Caller) -> Result<Verdict, Refusal> {
    decide(draft, &Known { directory, caller, thread: None, above: None, id: id(9), now: NOW })
}

pub(crate) fn sent_in(draft: Draft, directory: &Directory) -> Message {
    match judge(draft, directory, &Caller::open()) {
        Ok(Verdict::Send(message, ..)) => *message,
        other => panic!("not sent but {other:?}"),
    }
}

pub(crate) fn sent(draft: Draft) -> Message {
    sent_in(draft, &directory())
}

pub(crate) fn refused(draft: Draft) -> Refusal {
    match judge(draft, &directory(), &Caller::open()) {
        Err(refusal) => refusal,
        other => panic!("not refused but {other:?}"),
    }
}

pub(crate) fn to(addresses: &[&str]) -> Vec<String> {
    addresses.iter().map(|address| (*address).to_owned()).collect()
}

pub(crate) fn names(message: &Message) -> Vec<&str> {
    message.recipients.iter().map(domain::AgentName::as_str).collect()
}

#[test]
fn the_least_that_can_be_sent_gets_every_default() {
    let message = sent(draft());
    assert_eq!((message.id, message.thread_id, message.sent_at), (id(9), id(9), NOW));
    assert_eq!((message.content_type.as_str(), names(&message)), ("text/markdown", vec!["chat"]));
    assert!(!message.fan_out && message.outcome.is_none() && message.begins_thread());
}

#[test]
fn an_answer_joins_the_thread_of_what_it_answers() {
    let answer = Draft { in_reply_to: Some(id(2)), ..draft() };
    let known = Known {
        directory: &directory(),
        caller: &Caller::open(),
        thread: Some(id(1)),
        above: None,
        id: id(9),
        now: NOW,
    };
    let Ok(Verdict::Send(message, ..)) = decide(answer, &known) else { panic!("must be sent") };
    assert_eq!((message.thread_id, message.in_reply_to), (id(1), Some(id(2))));
}

#[test]
fn who_may_send_as_whom_is_as_the_table_says() {
    let open = Caller::open();
    let (one, two) = (caller(Role::Agent, &["code"]), caller(Role::Agent, &["code", "chat"]));
    let observer = caller(Role::Observer, &["code"]);
    let admin = caller(Role::Admin, &[]);
    let table = [
        (&open, Some("code"), None),
        (&open, None, Some(Code::MissingField)),
        (&open, Some("system"), Some(Code::ReservedName)),
        (&open, Some("old"), Some(Code::UnknownSender)),
        (&open, Some("cod"), Some(Code::UnknownSender)),
        (&open, Some(""), Some(Code::UnknownSender)),
        (&admin, Some("chat"), None),
        (&admin, Some("system"), Some(Code::ReservedName)),
        (&one, None, None),
        (&one, Some("code"), None),
        (&one, Some("chat"), Some(Code::SenderMismatch)),
        (&one, Some("system"), Some(Code::ReservedName)),
        // What a key may not know of is not told apart from what is not there.
        (&one, Some("nobody"), Some(Code::SenderMismatch)),
        (&two, None, Some(Code::MissingField)),
        (&two, Some("chat"), None),
        (&observer, Some("code"), Some(Code::Forbidden)),
    ];
    for (caller, from, expected) in table {
        let draft = Draft { from: from.map(Into::into), to: to(&["human"]), ..draft() };
        let code = judge(draft, &directory(), caller).err().map(|refusal| refusal.code);
        assert_eq!(code, expected, "{caller:?} as {from:?}");
    }
}

#[test]
fn addresses_resolve_as_the_table_says() {
    let table: [(&[&str], &[&str]); 9] = [
        (&["chat"], &["chat"]),
        (&["human", "chat"], &["human", "chat"]),
        (&["chat", "chat", "domain:strategy"], &["chat"]),
        (&["code"], &["code"]),
        (&["*"], &["chat", "human"]),
        (&["human", "*"], &["human", "chat"]),
        (&["domain:strategy"], &["chat"]),
        // A holder alone that asks its own domain asks itself.
        (&["domain:testing"], &["code"]),
        (&["domain:testing", "*"], &["code", "chat", "human"]),
    ];
    for (addresses, expected) in table {
        let message = sent(Draft { to: to(addresses), ..draft() });
        assert_eq!(names(&message), expected, "{addresses:?}");
        assert_eq!(message.to, to(addresses), "addresses stay as they were written");
    }
}

#[test]
fn a_holder_that_asks_its_own_domain_asks_the_others() {
    let mut directory = directory();
    let grant = |until| Grant {
        domain: "testing".into(),
        agent: name("human"),
        until: Time(until),
        reason: String::new(),
        granted_at: Time(0),
    };
    let ask = Draft { to: to(&["domain:testing"]), ..draft() };
    directory.grants = vec![grant(NOW.0 + 1)];
    assert_eq!(names(&sent_in(ask.clone(), &directory)), ["human"]);
    directory.grants = vec![grant(NOW.0)];
    assert_eq!(names(&sent_in(ask, &directory)), ["code"], "a grant ends by itself");
}

#[test]
fn only_a_request_or_proposal_in_a_domain_may_leave_its_recipients_out() {
    for kind in Kind::ALL {
        let bare = Draft {
            kind: *kind,
            domain: Some("strategy".into()),
            to: Vec::new(),
            from: Some("chat".into()),
            ..draft()
        };
        let implied = matches!(kind, Kind::Request | Kind::Propose);
        match judge(bare, &directory(), &Caller::open()) {
            Ok(Verdict::Send(message, ..)) if implied => {
                assert_eq!((names(&message), &message.to), (vec!["chat"], &to(&["domain:strategy"])));
            }
            Err(refusal) if matches!(kind, Kind::Approve | Kind::Reject) => {
                assert_eq!(refusal.code, Code::NothingToDecide);
            }
            Err(refusal) if !implied => {
                assert_eq!((refusal.code, refusal.errors[0].field.as_str()), (Code::MissingField, "to"));
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
    let nowhere = Draft { kind: Kind::Request, to: Vec::new(), ..draft() };
    assert_eq!(refused(nowhere).code, Code::MissingField);
}

#[test]
fn who_cannot_be_reached_is_named_with_what_was_probably_meant() {
    let table: [(&[&str], Code, &str, &str); 8] = [
        (&["chta"], Code::UnknownRecipient, "to[0]", "`chat`"),
        (&["chat", "nobody-like-that"], Code::UnknownRecipient, "to[1]", "code"),
        (&["old"], Code::RetiredRecipient, "to[0]", "retired"),
        (&["system"], Code::UnknownRecipient, "to[0]", "system"),
        (&[""], Code::UnknownRecipient, "to[0]", "unknown"),
        (&["domain:testin"], Code::UnknownRecipient, "to[0]", "`domain:testing`"),
        (&["domain:"], Code::UnknownRecipient, "to[0]", "no active agent"),
        (&["Chat"], Code::UnknownRecipient, "to[0]", "`chat`"),
    ];
    for (addresses, code, field, why) in table {
        let refusal = refused(Draft { to: to(addresses), ..draft() });
        assert_eq!((refusal.code, refusal.errors[0].field.as_str()), (code, field), "{refusal}");
        assert!(refusal.errors[0].why.contains(why), "{refusal}");
    }
}

#[test]
fn a_call_to_everybody_needs_somebody_else() {
    let mut directory = directory();
    directory.agents.retain(|name, _| name.as_str() == "code");
    let refusal = judge(Draft { to: to(&["*"]), ..draft() }, &directory, &Caller::open()).expect_err("nobody is there");
    assert_eq!(refusal.code, Code::NoRecipients);
}

#[test]
fn beyond_the_inline_limit_workers_fan_out() {
    let mut directory = directory();
    for n in 0..97 {
        let agent = Agent::new(name(&format!("agent-{n}")), AgentKind::Ai, Time(0));
        directory.agents.insert(agent.name.clone(), agent);
    }
    // Three of the world and 97 are a hundred; `code` itself does not count.
    let all = Draft { to: to(&["*"]), ..draft() };
    let message = sent_in(Draft { to: to(&["*", "code"]), ..draft() }, &directory);
    assert_eq!((message.recipients.len(), message.fan_out), (100, false));
    assert_eq!(sent_in(all.clone(), &directory).recipients.len(), 99);
    policy(&mut directory).limits.inline_recipients = 98;
    let message = sent_in(all, &directory);
    assert_eq!((message.recipients.len(), message.fan_out), (0, true));
}

#[test]
fn a_priority_above_the_senders_own_is_refused() {
    let mut directory = directory();
    let code = directory.agents.get_mut("code").expect("an agent");
    code.max_priority_sent = Some(Priority::Normal);
    for (priority, allowed) in
        [(Priority::Critical, false), (Priority::High, false), (Priority::Normal, true), (Priority::Info, true)]
    {
        let result = judge(Draft { priority, ..draft() }, &directory, &Caller::open());
        assert_eq!(result.err().map(|refusal| refusal.code), (!allowed).then_some(Code::PriorityNotAllowed));
    }
}
