//! Keys: who is calling, and what that caller may do.

use crate::agent::AgentName;
use crate::nearest::shown;
use crate::refusal::{Code, Refusal};
use crate::tenant::TenantId;
use crate::text;
use crate::time::Time;
use crate::words::words;

words! {
    /// What a key is for.
    pub enum Role: "role" {
        /// Everything in its tenant; in `default` also tenants.
        Admin = 0 "admin",
        /// Speaks and reads for its agents.
        Agent = 1 "agent",
        /// Reads its tenant, changes nothing.
        Observer = 2 "observer",
    }
}

/// What is kept of a key; never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its public id: the first part of the key's text.
    pub id: String,
    /// Whose world it opens.
    pub tenant: TenantId,
    /// What it is for.
    pub role: Role,
    /// For [`Role::Agent`]: the agents it speaks and reads for.
    pub agents: Vec<AgentName>,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Time>,
}

/// Who is calling: decided at the door, obeyed by every verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The only tenant this call can see.
    pub tenant: TenantId,
    /// What it may do there.
    pub role: Role,
    /// For [`Role::Agent`]: whom it speaks and reads for.
    pub agents: Vec<AgentName>,
    /// The key's id; none where everything is open.
    pub key: Option<String>,
}

impl Caller {
    /// The caller of an open loopback server: administrator of `default`.
    pub fn open() -> Self {
        Self { tenant: TenantId::DEFAULT, role: Role::Admin, agents: Vec::new(), key: None }
    }

    /// Fails with `forbidden` unless the caller is an administrator.
    pub fn must_administer(&self) -> Result<(), Refusal> {
        if self.role == Role::Admin {
            return Ok(());
        }
        Err(self.forbidden("an `admin` key"))
    }

    /// Fails with `forbidden` unless the caller may read everything in its tenant.
    pub fn must_observe(&self) -> Result<(), Refusal> {
        if self.role == Role::Agent {
            return Err(self.forbidden("an `observer` or `admin` key"));
        }
        Ok(())
    }

    /// Whether the caller may read for this agent.
    pub fn reads_for(&self, agent: &str) -> bool {
        self.role != Role::Agent || self.agents.iter().any(|own| own.as_str() == agent)
    }

    /// Fails unless the caller may act as this agent: with `forbidden` for observers, `sender-mismatch` for other agents' keys.
    pub fn must_act_as(&self, agent: &str) -> Result<(), Refusal> {
        match self.role {
            Role::Admin => Ok(()),
            Role::Observer => Err(self.forbidden("an `admin` or `agent` key")),
            Role::Agent if self.reads_for(agent) => Ok(()),
            Role::Agent => {
                let agent = shown(agent);
                let own = self.agents.iter().map(AgentName::as_str).collect::<Vec<_>>().join(", ");
                let mut refusal =
                    Refusal::new(Code::SenderMismatch, format!("This key speaks for {own}, not for `{agent}`."));
                refusal = refusal.with_remedy(format!("Send as {own}, or use a key of `{agent}`."));
                Err(refusal)
            }
        }
    }

    /// Fails with `not-found` unless the caller may read for this agent: what it may not know of, is not there.
    pub fn must_read_for(&self, agent: &str) -> Result<(), Refusal> {
        if self.reads_for(agent) { Ok(()) } else { Err(Refusal::not_found("agent", &agent)) }
    }

    /// The agents whose messages are all that the caller may read; none: it may read the tenant.
    pub fn readable(&self) -> Option<&[AgentName]> {
        (self.role == Role::Agent).then_some(&self.agents)
    }

    /// The agent that the caller speaks for where it names none: the only one of an `agent` key.
    pub fn only_agent(&self) -> Option<&AgentName> {
        match (self.role, self.agents.as_slice()) {
            (Role::Agent, [only]) => Some(only),
            _ => None,
        }
    }

    fn forbidden(&self, needs: &str) -> Refusal {
        Refusal::new(Code::Forbidden, format!("A key with the role `{}` may not do this.", self.role))
            .with_remedy(format!("Use {needs}."))
    }
}

/// A key to make.
#[derive(Clone, Debug)]
pub struct KeyRequest {
    /// What it is for.
    pub role: Role,
    /// For [`Role::Agent`]: whom it speaks for; else empty.
    pub agents: Vec<String>,
    /// What its owner calls it.
    pub name: String,
    /// The tenant's name; none: the caller's own. Only `default`'s administrator names another.
    pub tenant: Option<String>,
}

/// Characters of a key's name.
const NAME_CHARS_MAX: usize = 100;

impl KeyRequest {
    /// Fails with `invalid-field` where the name is longer than 100 characters or holds NUL.
    pub fn check(&self) -> Result<(), Refusal> {
        text::check("name", &self.name)?;
        if self.name.chars().count() > NAME_CHARS_MAX {
            return Err(Refusal::field(Code::InvalidField, "name", "may have 100 characters"));
        }
        Ok(())
    }
}

/// Whether a text may be a key's public id: letters and digits.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role) -> Caller {
        Caller { role, agents: vec![AgentName::stored("code".into())], ..Caller::open() }
    }

    #[test]
    fn each_role_may_do_its_part_and_no_more() {
        let code = |result: Result<(), Refusal>| result.err().map(|refusal| refusal.code);
        let table = [
            (Role::Admin, None, None, None, None),
            (Role::Agent, Some(Code::Forbidden), Some(Code::Forbidden), None, Some(Code::SenderMismatch)),
            (Role::Observer, Some(Code::Forbidden), None, Some(Code::Forbidden), Some(Code::Forbidden)),
        ];
        for (role, administer, observe, own, other) in table {
            let caller = caller(role);
            assert_eq!(code(caller.must_administer()), administer, "{role} administers");
            assert_eq!(code(caller.must_observe()), observe, "{role} observes");
            assert_eq!(code(caller.must_act_as("code")), own, "{role} acts as its agent");
            assert_eq!(code(caller.must_act_as("chat")), other, "{role} acts as another");
        }
        assert_eq!(code(caller(Role::Agent).must_read_for("chat")), Some(Code::NotFound));
        assert_eq!(code(caller(Role::Observer).must_read_for("chat")), None);
    }
}
