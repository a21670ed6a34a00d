//! Remedies in the words of each protocol.

use domain::remedy::any_of;
use domain::{AgentName, Remedy};

use super::names;

/// In whose words a remedy is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// For who calls the HTTP API: routes and headers.
    Rest,
    /// For who types commands.
    Cli,
    /// For a model that calls tools.
    Mcp,
}

/// A remedy as a step for programs; none where words say it all.
pub fn action(remedy: &Remedy) -> Option<crate::Action> {
    Some(match remedy {
        Remedy::Text(_) => return None,
        Remedy::RegisterAgent(name) => crate::Action::RegisterAgent { name: name.clone() },
        Remedy::FindAgent => crate::Action::FindAgent,
        Remedy::StoreAttachment => crate::Action::StoreAttachment,
        Remedy::Propose { to, domain, grant_to } => crate::Action::Propose {
            to: names(to.clone()),
            domain: domain.clone(),
            grant_to: grant_to.clone().map(String::from),
        },
        Remedy::MeetThresholds => crate::Action::MeetThresholds,
        Remedy::SendKey => crate::Action::SendKey,
        Remedy::MakeKey => crate::Action::MakeKey,
        Remedy::Repeat => crate::Action::Repeat,
    })
}

/// The remedy that a step stands for; none for one that this version does not know.
pub fn remedy(action: crate::Action) -> Option<Remedy> {
    Some(match action {
        crate::Action::RegisterAgent { name } => Remedy::RegisterAgent(name),
        crate::Action::FindAgent => Remedy::FindAgent,
        crate::Action::StoreAttachment => Remedy::StoreAttachment,
        crate::Action::Propose { to, domain, grant_to } => Remedy::Propose {
            to: to.into_iter().map(AgentName::stored).collect(),
            domain,
            grant_to: grant_to.map(AgentName::stored),
        },
        crate::Action::MeetThresholds => Remedy::MeetThresholds,
        crate::Action::SendKey => Remedy::SendKey,
        crate::Action::MakeKey => Remedy::MakeKey,
        crate::Action::Repeat => Remedy::Repeat,
        crate::Action::Other => return None,
    })
}

/// A remedy as one sentence.
pub fn worded(remedy: &Remedy, wording: Wording) -> String {
    use Wording::{Cli, Mcp, Rest};
    let say = |rest: &str, cli: &str, mcp: &str| match wording {
        Rest => rest.to_owned(),
        Cli => cli.to_owned(),
        Mcp => mcp.to_owned(),
    };
    match remedy {
        Remedy::Text(text) => text.clone().into_owned(),
        Remedy::RegisterAgent(name) => {
            let name = name.as_deref().unwrap_or("NAME");
            say(
                &format!("Register it first: PUT /api/v1/agents/{name}."),
                &format!("Register it first: coord agents put {name}"),
                "Call find_agents for the agents that exist; an administrator registers new ones.",
            )
        }
        Remedy::FindAgent => say(
            "GET /api/v1/agents lists them; PUT /api/v1/agents/NAME registers one.",
            "See them with coord agents list, or register one: coord agents put NAME",
            "Call find_agents for the agents that exist.",
        ),
        Remedy::StoreAttachment => say(
            "Store it first: POST /api/v1/attachments.",
            "Store it first: coord attach put FILE",
            "Store it first with attach.",
        ),
        Remedy::Propose { to, domain, grant_to } => propose((to, domain, grant_to.as_ref()), wording),
        Remedy::MeetThresholds => say(
            "Give evidence that meets every threshold; GET /api/v1/gates lists them.",
            "Give evidence that meets every threshold; see them with coord gates list",
            "Give evidence that meets every threshold; may_i tells which are missing.",
        ),
        Remedy::SendKey => say(
            "Send `Authorization: Bearer coord_…`; an administrator makes keys with POST /api/v1/keys.",
            "Set COORDINATION_KEY to a key; an administrator makes one with coord keys create",
            "Configure this MCP server with a valid key.",
        ),
        Remedy::MakeKey => say(
            "Make a key with POST /api/v1/keys and send it.",
            "Make a key with coord keys create and set COORDINATION_KEY.",
            "Configure this MCP server with a key.",
        ),
        Remedy::Repeat => say(
            "Send it again with the same Idempotency-Key; without one, look first.",
            "Run it again with the same --idempotency-key; without one, look first.",
            "Call it again with the same idempotency_key; without one, look first.",
        ),
    }
}

type Proposal<'a> = (&'a [domain::AgentName], &'a str, Option<&'a domain::AgentName>);

fn propose((to, domain, grant_to): Proposal<'_>, wording: Wording) -> String {
    let names = any_of(to);
    let Some(first) = to.first() else {
        return format!("Give an agent the authority domain `{domain}`, or name an active agent in authority.final.");
    };
    let way = match wording {
        Wording::Rest => format!("Send it to {names} as a `propose`"),
        Wording::Cli => format!("Propose it to {names}: coord send --to {first} --kind propose --domain {domain} …"),
        Wording::Mcp => format!("Call ask with kind `propose`, domain `{domain}` and to `{first}`"),
    };
    match grant_to {
        Some(agent) => format!("{way}, or ask an administrator to grant `{domain}` to `{agent}` for a time."),
        None => format!("{way}; nobody holds `{domain}`, so the final authority decides."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Remedy> {
        let name = |text: &str| domain::AgentName::stored(text.to_owned());
        let to = vec![name("chat"), name("human")];
        vec![
            Remedy::from("Try again."),
            Remedy::RegisterAgent(Some("code".to_owned())),
            Remedy::RegisterAgent(None),
            Remedy::FindAgent,
            Remedy::StoreAttachment,
            Remedy::Propose { to: to.clone(), domain: "strategy".to_owned(), grant_to: Some(name("code")) },
            Remedy::Propose { to, domain: "budget".to_owned(), grant_to: None },
            Remedy::Propose { to: Vec::new(), domain: "budget".to_owned(), grant_to: None },
            Remedy::MeetThresholds,
            Remedy::SendKey,
            Remedy::MakeKey,
            Remedy::Repeat,
        ]
    }

    #[test]
    fn each_protocol_words_a_remedy_for_its_own_users() {
        for remedy in all() {
            let [rest, cli, mcp] = [Wording::Rest, Wording::Cli, Wording::Mcp].map(|wording| worded(&remedy, wording));
            assert!(!rest.contains("coord ") && !rest.contains("--"), "{rest}");
            assert!(!cli.contains("/api/"), "{cli}");
            assert!(!mcp.contains("/api/") && !mcp.contains("coord "), "{mcp}");
        }
    }

    #[test]
    fn a_step_stands_for_its_remedy() {
        for given in all() {
            let told = action(&given).and_then(remedy);
            assert!(told.is_none_or(|told| told == given), "{given:?}");
        }
    }

    #[test]
    fn a_decision_without_authority_is_to_be_proposed() {
        let [_, _, _, _, _, held, free, ..] = &all()[..] else { panic!("the list is shorter") };
        assert_eq!(
            worded(held, Wording::Rest),
            "Send it to `chat` or `human` as a `propose`, or ask an administrator to grant `strategy` to `code` for a time."
        );
        assert_eq!(
            worded(held, Wording::Cli),
            "Propose it to `chat` or `human`: coord send --to chat --kind propose --domain strategy …, or ask an \
             administrator to grant `strategy` to `code` for a time."
        );
        assert!(worded(free, Wording::Rest).contains("nobody holds `budget`"));
    }
}
