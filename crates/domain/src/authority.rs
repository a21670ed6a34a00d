//! Authority: who may decide what, and what to do about those who may not.

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::decision;
use crate::directory::Directory;
use crate::message::Kind;
use crate::refusal::{Code, Refusal};
use crate::remedy::any_of;
use crate::time::Time;
use crate::words::words;

words! {
    /// What happens to a decision that its sender has no authority for.
    #[derive(Default)]
    pub enum OnViolation: "authority.on_violation" {
        /// It is refused.
        #[default]
        Reject = 0 "reject",
        /// It goes to those who have the authority, as a proposal.
        Escalate = 1 "escalate",
    }
}

/// A decision outside the sender's authority, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The code of the refusal that it comes to.
    pub code: Code,
    /// Who tried.
    pub agent: AgentName,
    /// What kind of message it was.
    pub kind: Kind,
    /// In which domain; none: in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The rule, in words.
    pub rule: String,
    /// Who may: the domain's holders, else the final authority.
    pub holders: Vec<AgentName>,
    /// What would make it possible, in words that hold in every protocol.
    pub remedy: String,
    /// Whether anybody holds the domain.
    #[serde(skip)]
    pub held: bool,
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        let Violation { code, agent, kind, domain, rule, holders, .. } = &violation;
        let place = domain.as_ref().map_or_else(String::new, |domain| format!(" in `{domain}`"));
        let mut refusal = Self::new(*code, format!("`{agent}` may not {kind}{place}. {rule}"));
        refusal.rule = Some(rule.clone());
        refusal.holders.clone_from(holders);
        refusal.with_remedy(decision::remedy(&violation))
    }
}

/// Checks whether an agent may decide in a domain, now, by a message of this kind: that takes the domain, a running grant of it,
/// or final authority.
pub fn check(directory: &Directory, agent: &AgentName, kind: Kind, domain: &str, now: Time) -> Result<(), Violation> {
    let mut holders = directory.holders(domain, now);
    let finals = directory.final_authority();
    if holders.contains(agent) || finals.contains(agent) {
        return Ok(());
    }
    let held = !holders.is_empty();
    if !held {
        holders = finals;
    }
    let names = any_of(&holders);
    let remedy = match (held, holders.is_empty()) {
        (_, true) => {
            format!("Give an agent the authority domain `{domain}`, or name an active agent in authority.final.")
        }
        (true, _) => format!(
            "Send it to {names} as a `propose`, or ask an administrator to grant `{domain}` to `{agent}` for a time."
        ),
        (false, _) => format!("Nobody holds `{domain}`: send it to the final authority, {names}, as a `propose`."),
    };
    let rule = format!("`{kind}` in a domain needs that domain, a grant of it, or final authority.");
    let (code, agent, domain) = (Code::OutsideAuthority, agent.clone(), Some(domain.to_owned()));
    Err(Violation { code, agent, kind, domain, rule, holders, remedy, held })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::agent::{Agent, AgentKind};
    use crate::directory::{Grant, Policy};

    fn name(text: &str) -> AgentName {
        AgentName::stored(text.to_owned())
    }

    fn directory() -> Directory {
        let mut directory = Directory {
            policy: Arc::new(Policy { final_authority: vec![name("human")], ..Policy::default() }),
            ..Directory::default()
        };
        for (agent, domains) in
            [("code", &["testing"][..]), ("chat", &["strategy"]), ("human", &[]), ("old", &["testing"])]
        {
            let mut agent = Agent::new(name(agent), AgentKind::Ai, Time(0));
            agent.authority_domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
            agent.retired_at = (agent.name.as_str() == "old").then_some(Time(1));
            directory.agents.insert(agent.name.clone(), agent);
        }
        directory.grants.push(Grant {
            domain: "budget".into(),
            agent: name("chat"),
            until: Time(100),
            reason: "month's end".into(),
            granted_at: Time(0),
        });
        directory
    }

    /// Agent, kind, domain, now, allowed, and the holders that the refusal names.
    type Row = (&'static str, Kind, &'static str, i64, bool, &'static [&'static str]);

    #[test]
    fn who_may_decide_is_as_the_table_says() {
        let table: [Row; 10] = [
            ("code", Kind::Decide, "testing", 0, true, &[]),
            ("code", Kind::Approve, "testing", 0, true, &[]),
            ("code", Kind::Decide, "strategy", 0, false, &["chat"]),
            ("code", Kind::Reject, "strategy", 0, false, &["chat"]),
            ("human", Kind::Decide, "strategy", 0, true, &[]),
            ("human", Kind::Decide, "nobody-holds", 0, true, &[]),
            ("code", Kind::Decide, "nobody-holds", 0, false, &["human"]),
            ("chat", Kind::Decide, "budget", 99, true, &[]),
            ("chat", Kind::Decide, "budget", 100, false, &["human"]),
            ("old", Kind::Decide, "testing", 0, false, &["code"]),
        ];
        for (agent, kind, domain, now, allowed, holders) in table {
            let result = check(&directory(), &name(agent), kind, domain, Time(now));
            assert_eq!(result.is_ok(), allowed, "{agent} {kind} {domain} at {now}");
            if let Err(violation) = result {
                let named: Vec<&str> = violation.holders.iter().map(AgentName::as_str).collect();
                assert_eq!(named, holders, "{agent} {kind} {domain} at {now}");
                assert!(!violation.remedy.is_empty());
            }
        }
    }
}
