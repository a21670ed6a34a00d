use clap::{Args, Subcommand};
use protocol::{CreateKey, Role};

use crate::{Failure, Session, clean::clean, pages, table::Table, when, words::one_of};

const EXAMPLES: &str = "\
Examples:
  coord keys create --role admin --name 'me'
  coord keys create --role agent --agent code --name 'the code agent on build-7'
  coord keys list
  coord keys revoke 7Yq2mX0fVbK1";

/// Make, list and revoke keys
///
/// With the first key made, the server asks everyone for one: make an admin's key first.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Keys {
    #[command(subcommand)]
    command: Option<KeysCommand>,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key; it is shown this once
    Create(Create),
    /// List the keys
    List,
    /// Revoke a key; it stops working at once
    Revoke {
        /// The key's id, as `coord keys list` shows it
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What its holder may do; the first key of a server is an admin's, for every other it has to be said
    #[arg(long, short, value_name = "ROLE", ignore_case = true, value_parser = one_of::<Role>(Role::WORDS))]
    role: Option<Role>,
    /// With --role agent: an agent it may speak and read for; may be given again
    #[arg(long, short, value_name = "AGENT", value_delimiter = ',', required_if_eq("role", "agent"))]
    agent: Vec<String>,
    /// What you call it
    #[arg(long, short, value_name = "TEXT", allow_hyphen_values = true)]
    name: Option<String>,
    /// The tenant it belongs to [default: yours]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

impl Keys {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        match self.command.unwrap_or(KeysCommand::List) {
            KeysCommand::Create(create) => create.run(session).await,
            KeysCommand::List => list(session).await,
            KeysCommand::Revoke { id } => {
                session.client.revoke_key(&id).await?;
                session.out.note(&format!("Revoked {id}"))
            }
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let role = match self.role {
            Some(role) => role,
            // The first key can only be one that administers.
            None if is_first(session).await.unwrap_or_default() => Role::Admin,
            None => return Err(without_role()),
        };
        if role != Role::Admin && !session.client.has_key() && is_first(session).await? {
            return Err(Failure::Usage {
                what: "with the first key made, nobody could administer this server any more".to_owned(),
                next: Some("make an admin's key first: coord keys create --role admin".to_owned()),
            });
        }
        let create = CreateKey { role, agents: self.agent, name: self.name, tenant: self.tenant };
        let key = session.client.create_key(&create).await?;
        if session.out.json(&key.json)? {
            return Ok(());
        }
        session.out.line(&clean(&key.key))?;
        let whom =
            if key.agents.is_empty() { String::new() } else { format!(" for {}", clean(&key.agents.join(", "))) };
        session
            .out
            .hint(&format!("Key {} ({}{whom}, tenant {}). It is not shown again.", key.id, key.role, key.tenant))?;
        session.out.hint(&format!("Use it: export COORDINATION_KEY={}", clean(&key.key)))
    }
}

/// A key may do much or little: which is never guessed.
fn without_role() -> Failure {
    Failure::Usage {
        what: "a key needs a role: what may its holder do?".to_owned(),
        next: Some(format!("add --role with one of: {}", Role::WORDS.join(", "))),
    }
}

async fn is_first(session: &Session) -> Result<bool, Failure> {
    Ok(session.client.keys(&protocol::PageQuery::default()).await?.items.is_empty())
}

async fn list(session: &mut Session) -> Result<(), Failure> {
    let client = &session.client;
    let Some(keys) = pages::all(&mut session.out, async |page| client.keys(&page).await).await? else { return Ok(()) };
    if keys.is_empty() {
        session.out.line("There are no keys: everyone on this machine may do everything.")?;
        return session.out.hint("Make the first: coord keys create --role admin");
    }
    let mut table = Table::new(&["ID", "ROLE", "AGENTS", "NAME", "TENANT", "CREATED (UTC)", "STATE"])
        .keep_whole(&[0])
        .drop_when_narrow(&[4, 5]);
    for key in &keys {
        table.row([
            &key.id,
            key.role.as_str(),
            &if key.agents.is_empty() { "-".to_owned() } else { key.agents.join(", ") },
            key.name.as_deref().unwrap_or("-"),
            &key.tenant,
            &when::short(&key.created_at),
            if key.revoked_at.is_some() { "revoked" } else { "ok" },
        ]);
    }
    session.out.table(&table)
}
