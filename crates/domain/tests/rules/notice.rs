//! Notices: what the system says, to whom, and where it stands.

use domain::message::{Kind, Message, Priority};
use domain::{AgentName, Delivery, Span, State, notice};

use crate::world::{NOW, delivery, directory, id, in_state, message, name, policy};

fn original() -> Message {
    Message { subject: "é".repeat(200), ack_within: Some(Span::from_secs(90)), thread_id: id(7), ..message() }
}

#[test]
fn a_bounce_goes_to_the_sender_in_the_thread_and_says_why() {
    let bounce = notice::bounce(&original(), &in_state(State::Dead), "it was tried", id(2), NOW).expect("a bounce");
    assert_eq!((bounce.from, bounce.recipients), (AgentName::system(), vec![name("code")]));
    assert_eq!((bounce.id, bounce.in_reply_to, bounce.thread_id), (id(2), Some(id(1)), id(7)));
    assert_eq!((bounce.kind, bounce.ack_within, bounce.expires_at), (Kind::Inform, None, None));
    assert_eq!(bounce.subject.chars().count(), 200);
    assert!(bounce.body.contains("it was tried") && bounce.body.contains("dead"), "{}", bounce.body);
    let metadata: serde_json::Value = serde_json::from_str(bounce.metadata.expect("metadata").get()).expect("JSON");
    assert_eq!(metadata["bounce"]["agent"], "chat");
}

#[test]
fn what_the_system_sent_is_never_bounced() {
    let from_system = Message { from: AgentName::system(), ..original() };
    assert!(notice::bounce(&from_system, &delivery(), "lost", id(2), NOW).is_none());
}

#[test]
fn a_reminder_goes_to_the_recipient() {
    let reminder = notice::reminder(&original(), &delivery(), id(2), NOW);
    assert_eq!((reminder.recipients, reminder.priority), (vec![name("chat")], Priority::High));
    assert!(reminder.body.contains("90s"), "{}", reminder.body);
}

#[test]
fn an_escalation_goes_to_whoever_answers_for_the_recipient() {
    // escalate_to of the recipient, the final authority, and who hears of it
    let table = [
        (None, Some("human"), Some("human")),
        (Some("code"), Some("human"), Some("code")),
        (Some("old"), Some("human"), Some("human")),
        (Some("nobody"), Some("human"), Some("human")),
        (None, Some("old"), None),
        (None, None, None),
    ];
    for (escalate_to, authority, expected) in table {
        let mut directory = directory();
        directory.agents.get_mut("chat").expect("an agent").escalate_to = escalate_to.map(name);
        policy(&mut directory).final_authority = authority.map(name).into_iter().collect();
        let escalation = notice::escalation(&original(), &delivery(), &directory, id(2), NOW);
        let told = escalation.as_ref().map(|message| message.recipients[0].as_str());
        assert_eq!(told, expected, "{escalate_to:?} {authority:?}");
        assert!(escalation.is_none_or(|message| message.priority == Priority::Critical));
    }
}

#[test]
fn an_escalation_names_the_delivery() {
    let held = Delivery { reminded: true, ..in_state(State::Leased) };
    let escalation = notice::escalation(&original(), &held, &directory(), id(2), NOW).expect("an escalation");
    for part in ["`chat`", "`code`", "90s", "leased"] {
        assert!(escalation.body.contains(part), "{part} in {}", escalation.body);
    }
}
