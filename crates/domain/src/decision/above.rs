//! What stands above a reply: the message that it is about, and the domain that is in effect there.

use super::Decision;
use crate::agent::AgentName;
use crate::message::{Kind, Message, MessageId};

/// Messages that are looked at above a reply. What was asked further up is out of its reach.
pub const ABOVE_MAX: usize = 64;

/// What stands above a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Above {
    /// The message that the reply is about.
    pub subject: MessageId,
    /// Who sent that message.
    pub from: AgentName,
    /// The domain of the nearest message that has one.
    pub domain: Option<String>,
    /// The decision that the subject opened, if it did.
    pub decision: Option<Decision>,
    /// Whether who replies is a recipient of the subject, or was asked in the place of one.
    pub asked: bool,
    /// Who else is, as far as it is written with the subject.
    pub recipients: Vec<AgentName>,
}

/// The way up from a reply, one message at a time, the nearest first.
///
/// It ends at the nearest message that asks for a decision, or that finished work or an opinion in a domain of its own stands
/// in: a reply there is about that. Notices, remarks without a domain and earlier decisions are passed.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    nearest: Option<Subject>,
    found: Option<Subject>,
    domain: Option<String>,
    steps: usize,
}

/// A message that a reply may be about.
#[derive(Clone, Debug)]
struct Subject {
    id: MessageId,
    from: AgentName,
    recipients: Vec<AgentName>,
    asks: bool,
}

impl Walk {
    /// Looks at the next message; answers which one is next, if any.
    pub fn step(&mut self, message: &Message) -> Option<MessageId> {
        self.steps += 1;
        let asks = message.asks();
        let subject =
            || Subject { id: message.id, from: message.from.clone(), recipients: message.recipients.clone(), asks };
        if self.nearest.is_none() {
            self.nearest = Some(subject());
        }
        let remark = message.kind == Kind::Inform && message.from != AgentName::system();
        let ends = asks || message.kind == Kind::Complete || remark && message.domain.is_some();
        if ends && self.found.is_none() {
            self.found = Some(subject());
        }
        if self.domain.is_none() {
            self.domain.clone_from(&message.domain);
        }
        let over = asks || self.found.is_some() && self.domain.is_some() || self.steps >= ABOVE_MAX;
        message.in_reply_to.filter(|_| !over)
    }

    /// The message whose decision is to be looked up, if one was found.
    pub fn asked(&self) -> Option<MessageId> {
        self.found.as_ref().filter(|found| found.asks).map(|found| found.id)
    }

    /// The message that the reply is about; none before the first step.
    pub fn subject(&self) -> Option<MessageId> {
        self.found.as_ref().or(self.nearest.as_ref()).map(|subject| subject.id)
    }

    /// What stands above, given the decision of [`Walk::asked`]. `asked` says whether who replies is a recipient of
    /// [`Walk::subject`].
    pub fn above(self, decision: Option<Decision>, who: &AgentName, asked: bool) -> Option<Above> {
        let subject = self.found.or(self.nearest)?;
        // What is decided goes by the domain in which it was asked, and by no remark beside it.
        let domain = self.domain.or_else(|| decision.as_ref()?.domain.clone());
        let decision = decision.filter(|decision| subject.id == decision.message_id && decision.domain == domain);
        let asked = asked
            || decision.as_ref().is_some_and(|decision| decision.asked_of.iter().any(|asked| *asked == who.as_str()));
        Some(Above { subject: subject.id, from: subject.from, domain, decision, asked, recipients: subject.recipients })
    }
}
