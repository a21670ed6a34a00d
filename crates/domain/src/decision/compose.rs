//! The messages by which somebody decides or withdraws what a message asked.

use super::{Act, Decision, Edits};
use crate::directory::Directory;
use crate::message::{Kind, Message, Priority};
use crate::send::Draft;

/// What somebody wants to do with a decision.
#[derive(Clone, Debug, Default)]
pub struct Deciding {
    /// Who; none: the only agent of the caller's key.
    pub from: Option<String>,
    /// By a message of this kind: `approve` or `reject`; none: it is withdrawn.
    pub kind: Option<Kind>,
    /// Why.
    pub note: Option<String>,
    /// What is approved instead.
    pub edits: Option<Edits>,
    /// Whether what was decided before is to be replaced.
    pub overturn: bool,
}

impl Deciding {
    /// The message that says so, to who asked, or to those who were asked.
    pub fn draft(self, asked: &Message, decision: &Decision, directory: &Directory) -> Draft {
        let active = |name: &str| directory.agent(name).is_none_or(crate::Agent::is_active);
        let wanted = match self.kind {
            Some(_) => vec![decision.asked_by.to_string()],
            None => decision.asked_of.clone(),
        };
        let mut to: Vec<String> = wanted.into_iter().filter(|name| active(name)).collect();
        if to.is_empty() {
            to.extend(directory.final_authority().iter().map(ToString::to_string));
        }
        let edits = self.edits.clone().unwrap_or_default();
        let prefix = match (self.kind, &self.edits) {
            (Some(Kind::Approve), Some(_)) => "Approved with edits",
            (Some(Kind::Approve), None) => "Approved",
            (Some(_), _) => "Rejected",
            (None, _) => "Withdrawn",
        };
        let subject = format!("{prefix}: {}", asked.subject);
        let max = self.from.as_deref().and_then(|from| directory.agent(from)).and_then(|from| from.max_priority_sent);
        let content_type = edits.body.as_ref().map(|_| asked.content_type.clone());
        let act =
            Act { withdraw: self.kind.is_none(), overturn: self.overturn, note: self.note.clone(), edits: self.edits };
        Draft {
            from: self.from,
            to,
            subject: subject.chars().take(directory.policy.limits.subject_chars).collect(),
            body: edits.body.or(self.note).unwrap_or_default(),
            content_type,
            kind: self.kind.unwrap_or(Kind::Inform),
            priority: max.map_or(asked.priority, |max: Priority| max.max(asked.priority)),
            domain: None,
            in_reply_to: Some(asked.id),
            attachments: Vec::new(),
            evidence: edits.evidence.unwrap_or_default(),
            metadata: None,
            expires_in: None,
            expires_at: None,
            deliver_in: None,
            deliver_at: None,
            ack_within: None,
            traceparent: None,
            act: Some(Box::new(act)),
        }
    }
}
