//! Authority: who may decide what, and what to do about those who may not.

use serde::{Deserialize, Serialize};

use crate::agent::AgentName;
use crate::directory::Directory;
use crate::message::Kind;
use crate::refusal::{Code, Refusal};
use crate::remedy::{Remedy, any_of};
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
    /// Who tried.
    pub agent: AgentName,
    /// What kind of message it was.
    pub kind: Kind,
    /// In which domain.
    pub domain: String,
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
        let Violation { agent, kind, domain, rule, holders, held, .. } = violation;
        let mut refusal = Self::new(Code::OutsideAuthority, format!("`{agent}` may not {kind} in `{domain}`. {rule}"));
        refusal.rule = Some(rule);
        refusal.remedy =
            Some(Box::new(Remedy::Propose { to: holders.clone(), domain, grant_to: held.then_some(agent) }));
        refusal.holders = holders;
        refusal
    }
}

/// Checks whether an agent may send a message of this kind in this domain, now.
///
/// `decide`, `approve` and `reject` in a domain take that domain, a running grant of it, or final authority. Everything
/// else is allowed.
pub fn check(
    directory: &Directory,
    agent: &AgentName,
    kind: Kind,
    domain: Option<&str>,
    now: Time,
) -> Result<(), Violation> {
    let Some(domain) = domain.filter(|_| kind.needs_authority()) else {
        return Ok(());
    };
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
    Err(Violation { agent: agent.clone(), kind, domain: domain.to_owned(), rule, holders, remedy, held })
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
    type Row = (&'static str, Kind, Option<&'static str>, i64, bool, &'static [&'static str]);

    #[test]
    fn who_may_decide_is_as_the_table_says() {
        let table: [Row; 13] = [
            ("code", Kind::Decide, Some("testing"), 0, true, &[]),
            ("code", Kind::Approve, Some("testing"), 0, true, &[]),
            ("code", Kind::Decide, Some("strategy"), 0, false, &["chat"]),
            ("code", Kind::Reject, Some("strategy"), 0, false, &["chat"]),
            ("code", Kind::Decide, None, 0, true, &[]),
            ("code", Kind::Propose, Some("strategy"), 0, true, &[]),
            ("code", Kind::Complete, Some("strategy"), 0, true, &[]),
            ("human", Kind::Decide, Some("strategy"), 0, true, &[]),
            ("human", Kind::Decide, Some("nobody-holds"), 0, true, &[]),
            ("code", Kind::Decide, Some("nobody-holds"), 0, false, &["human"]),
            ("chat", Kind::Decide, Some("budget"), 99, true, &[]),
            ("chat", Kind::Decide, Some("budget"), 100, false, &["human"]),
            ("old", Kind::Decide, Some("testing"), 0, false, &["code"]),
        ];
        for (agent, kind, domain, now, allowed, holders) in table {
            let result = check(&directory(), &name(agent), kind, domain, Time(now));
            assert_eq!(result.is_ok(), allowed, "{agent} {kind} {domain:?} at {now}");
            if let Err(violation) = result {
                let named: Vec<&str> = violation.holders.iter().map(AgentName::as_str).collect();
                assert_eq!(named, holders, "{agent} {kind} {domain:?} at {now}");
                assert!(!violation.remedy.is_empty());
            }
        }
    }
}
