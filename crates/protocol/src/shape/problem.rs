use domain::{Refusal, Span};

use super::remedy::{Wording, action, worded};
use super::{gate, names};
use crate::problems::{status, title};

/// The problem that tells a refusal.
pub fn problem(refusal: &Refusal, request_id: &str) -> crate::Problem {
    let code = refusal.code.as_str();
    let status = status(refusal.code).as_u16();
    let errors = refusal.errors.iter();
    let some = |list: bool| list.then_some(());
    crate::Problem {
        kind: format!("/problems/{code}"),
        title: title(refusal.code).to_owned(),
        status,
        detail: refusal.detail.clone(),
        code: code.to_owned(),
        request_id: request_id.to_owned(),
        errors: errors.map(|error| crate::FieldError { field: error.field.clone(), why: error.why.clone() }).collect(),
        rule: refusal.rule.clone(),
        holders: some(!refusal.holders.is_empty()).map(|()| names(refusal.holders.clone())),
        remedy: refusal.remedy.as_deref().map(|remedy| worded(remedy, Wording::Rest)),
        action: refusal.remedy.as_deref().and_then(action),
        gates: some(!refusal.gates.is_empty()).map(|()| refusal.gates.iter().map(gate::result).collect()),
        decision: refusal.decision.as_deref().cloned().map(super::decision::decision),
        retry_after_s: retry_after_s(refusal.retry_after, status),
    }
}

/// Whole seconds, 1 at least; whoever may come again is told when.
fn retry_after_s(span: Option<Span>, status: u16) -> Option<u64> {
    let seconds = span.map(|span| span.to_std().as_millis().div_ceil(1_000).max(1) as u64);
    seconds.or_else(|| matches!(status, 429 | 503).then_some(1))
}
