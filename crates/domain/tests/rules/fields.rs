//! The fields of a draft, at the edges of their limits.

use std::collections::BTreeMap;

use domain::attachment::Attached;
use domain::send::Draft;
use domain::{Code, Digest, Span, Time};
use serde_json::value::RawValue;

use crate::send::{refused, sent};
use crate::world::{NOW, draft};

fn object(bytes: usize) -> Option<Box<RawValue>> {
    // `{"a":"…"}` takes eight bytes around the text.
    RawValue::from_string(format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8))).ok()
}

fn evidence(entries: usize) -> BTreeMap<String, f64> {
    (0..entries).map(|n| (format!("metric{n}"), 1.0)).collect()
}

fn attached(entries: usize, name: &str) -> Vec<Attached> {
    vec![Attached { sha256: Digest::ZERO, name: Some(name.to_owned()) }; entries]
}

/// Makes one field as large as asked.
type Grow = fn(&mut Draft, usize);

#[test]
fn every_limit_holds_at_its_edge() {
    let table: [(&str, Grow, usize, Code); 10] = [
        ("subject", |d, n| d.subject = "é".repeat(n), 200, Code::SubjectTooLong),
        ("body", |d, n| d.body = "x".repeat(n), 256 << 10, Code::BodyTooLarge),
        ("metadata", |d, n| d.metadata = object(n), 16 << 10, Code::MetadataTooLarge),
        ("to", |d, n| d.to = vec!["chat".into(); n], 1_000, Code::TooManyRecipients),
        ("evidence", |d, n| d.evidence = evidence(n), 64, Code::TooManyItems),
        ("evidence", |d, n| d.evidence = [("x".repeat(n), 1.0)].into(), 64, Code::InvalidField),
        ("attachments", |d, n| d.attachments = attached(n, "a"), 32, Code::TooManyItems),
        ("attachments[0].name", |d, n| d.attachments = attached(1, &"a".repeat(n)), 255, Code::InvalidField),
        ("content_type", |d, n| d.content_type = Some(format!("a/{}", "b".repeat(n - 2))), 127, Code::InvalidField),
        ("domain", |d, n| d.domain = Some("x".repeat(n)), 64, Code::InvalidField),
    ];
    for (field, grow, limit, code) in table {
        let (mut good, mut bad) = (draft(), draft());
        grow(&mut good, limit);
        sent(good);
        grow(&mut bad, limit + 1);
        let refusal = refused(bad);
        assert_eq!((refusal.code, refusal.errors[0].field.as_str()), (code, field), "{refusal}");
        assert_eq!(refusal.errors.len(), 1, "{refusal:?}");
    }
}

/// Sets one field.
type Set = fn(&mut Draft);

#[test]
fn what_no_field_may_hold_is_refused() {
    let table: [(&str, Set, Code); 15] = [
        ("subject", |d| d.subject = "a\0b".into(), Code::InvalidField),
        ("body", |d| d.body = "\0".into(), Code::InvalidField),
        ("metadata", |d| d.metadata = RawValue::from_string(r#"{"a":"\u0000"}"#.into()).ok(), Code::InvalidField),
        ("evidence", |d| d.evidence = [("a\0".into(), 1.0)].into(), Code::InvalidField),
        ("attachments[0].name", |d| d.attachments = attached(1, "\0"), Code::InvalidField),
        ("content_type", |d| d.content_type = Some("text/\0".into()), Code::InvalidField),
        ("domain", |d| d.domain = Some("a\0b".into()), Code::InvalidField),
        ("subject", |d| d.subject = " \t".into(), Code::InvalidField),
        ("body", |d| d.body = "é".repeat((128 << 10) + 1), Code::BodyTooLarge),
        ("metadata", |d| d.metadata = RawValue::from_string("[1]".into()).ok(), Code::WrongType),
        ("evidence", |d| d.evidence = [("x".into(), f64::NAN)].into(), Code::InvalidField),
        ("evidence", |d| d.evidence = [("x".into(), f64::INFINITY)].into(), Code::InvalidField),
        ("content_type", |d| d.content_type = Some("text/plain\r\nx: y".into()), Code::InvalidField),
        ("content_type", |d| d.content_type = Some("/".into()), Code::InvalidField),
        ("domain", |d| d.domain = Some("a b".into()), Code::InvalidField),
    ];
    for (field, set, code) in table {
        let mut bad = draft();
        set(&mut bad);
        let refusal = refused(bad);
        assert_eq!((refusal.code, refusal.errors[0].field.as_str()), (code, field), "{refusal}");
    }
    sent(Draft { content_type: Some("text/plain; charset=utf-8".into()), ..draft() });
}

#[test]
fn one_answer_names_every_field_at_fault() {
    let bad = Draft { subject: String::new(), body: "x".repeat(300 << 10), domain: Some("?".into()), ..draft() };
    let refusal = refused(Draft { ack_within: Some(Span::ZERO), ..bad });
    let fields: Vec<&str> = refusal.errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["subject", "body", "domain", "ack_within"]);
    assert_eq!(refusal.code, Code::InvalidField);
}

#[test]
fn times_are_held_to_now_and_to_the_horizon() {
    let day = |days: i64| Span(days * 86_400_000_000);
    let at = |span: Span| Some(NOW.plus(span));
    let (second, year) = (Span::from_secs(1), day(365));
    let beyond = |span: Span| Span(span.0 + 1_000);
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        draft
    };
    let good = [
        with(&|d| d.expires_in = Some(second)),
        with(&|d| d.expires_in = Some(year)),
        with(&|d| d.expires_at = at(year)),
        with(&|d| d.deliver_in = Some(year)),
        with(&|d| d.deliver_in = Some(Span::ZERO)),
        with(&|d| d.deliver_at = Some(Time(0))),
        with(&|d| (d.deliver_at, d.expires_at) = (at(second), at(Span::from_secs(2)))),
        with(&|d| (d.deliver_at, d.expires_at) = (Some(Time(0)), at(second))),
        with(&|d| d.ack_within = Some(day(90))),
    ];
    for draft in good {
        sent(draft);
    }
    let bad = [
        (with(&|d| d.expires_in = Some(Span::ZERO)), "expires_in"),
        (with(&|d| d.expires_at = Some(NOW)), "expires_at"),
        (with(&|d| d.expires_in = Some(beyond(year))), "expires_in"),
        (with(&|d| d.expires_at = at(beyond(year))), "expires_at"),
        (with(&|d| d.deliver_in = Some(beyond(year))), "deliver_in"),
        (with(&|d| d.deliver_at = at(beyond(year))), "deliver_at"),
        (with(&|d| d.expires_in = Some(Span(i64::MAX))), "expires_in"),
        (with(&|d| (d.deliver_in, d.expires_in) = (Some(second), Some(second))), "expires_in"),
        // What was to be delivered long ago is visible now, so it must expire later than now.
        (with(&|d| (d.deliver_at, d.expires_at) = (Some(Time(0)), Some(Time(1)))), "expires_at"),
        (with(&|d| d.ack_within = Some(Span::ZERO)), "ack_within"),
        (with(&|d| d.ack_within = Some(beyond(day(90)))), "ack_within"),
    ];
    for (draft, field) in bad {
        let refusal = refused(draft);
        assert_eq!((refusal.code, refusal.errors[0].field.as_str()), (Code::InvalidDuration, field), "{refusal}");
    }
    for both in [
        with(&|d| (d.expires_in, d.expires_at) = (Some(second), at(second))),
        with(&|d| (d.deliver_in, d.deliver_at) = (Some(second), at(second))),
    ] {
        assert_eq!(refused(both).code, Code::InvalidField);
    }
}

#[test]
fn what_is_visible_at_once_is_not_deferred() {
    for (deliver_at, kept) in [(Time(0), false), (NOW, false), (Time(NOW.0 + 1_000), true)] {
        let message = sent(Draft { deliver_at: Some(deliver_at), ..draft() });
        assert_eq!(message.deliver_at.is_some(), kept, "{deliver_at}");
    }
}
