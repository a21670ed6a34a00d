//! Bounds on what may be asked of a delivery, at their edges.

use domain::delivery::{Receipt, Verb};
use domain::directory::Policy;
use domain::{Code, Span, Time, bounds};

use crate::world::NOW;

const RECEIPT: Receipt = Receipt { seq: 1, lease: 1 };

fn nack(delay: Option<Span>) -> Verb {
    Verb::Nack { receipt: RECEIPT, delay, reason: None }
}

#[test]
fn what_is_asked_is_held_to_its_bounds_at_their_edges() {
    let policy = Policy::default();
    let (max, horizon) = (policy.delivery.lease_max, policy.limits.horizon);
    let beyond = |span: Span| Span(span.0 + 1);
    let until = |until: Option<Time>, trigger: Option<&str>| Verb::Defer {
        receipt: None,
        until,
        trigger: trigger.map(Into::into),
        reason: None,
    };
    let lease = |lease: Span| Verb::Extend { receipt: RECEIPT, lease };
    let table = [
        (lease(max), None),
        (lease(beyond(max)), Some((Code::InvalidDuration, "lease"))),
        (lease(Span(1)), None),
        (lease(Span::ZERO), Some((Code::InvalidDuration, "lease"))),
        (nack(Some(horizon)), None),
        (nack(Some(beyond(horizon))), Some((Code::InvalidDuration, "delay"))),
        (until(Some(NOW.plus(horizon)), None), None),
        (until(Some(NOW.plus(beyond(horizon))), None), Some((Code::InvalidDuration, "until"))),
        (until(None, None), Some((Code::MissingField, "until"))),
        (until(None, Some("built")), None),
        (until(None, Some(&"x".repeat(64))), None),
        (until(None, Some(&"x".repeat(65))), Some((Code::InvalidField, "trigger"))),
        (until(None, Some("")), Some((Code::InvalidField, "trigger"))),
        (until(None, Some("a\nb")), Some((Code::InvalidField, "trigger"))),
        (Verb::Ack { receipt: None, note: Some("é".repeat(1_000)) }, None),
        (Verb::Ack { receipt: None, note: Some("é".repeat(1_001)) }, Some((Code::InvalidField, "note"))),
        (Verb::Terminate { receipt: None, reason: "x".repeat(1_001) }, Some((Code::InvalidField, "reason"))),
        (Verb::Terminate { receipt: None, reason: "x".repeat(1_000) }, None),
        (Verb::Terminate { receipt: None, reason: " ".into() }, Some((Code::MissingField, "reason"))),
        (Verb::Redrive, None),
    ];
    for (verb, expected) in table {
        let refusal = bounds::verb(&verb, &policy, NOW).err();
        let found = refusal.as_ref().map(|refusal| (refusal.code, refusal.errors[0].field.as_str()));
        assert_eq!(found, expected, "{verb:?}");
    }
}
