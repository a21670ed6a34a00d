use clap::{Args, Subcommand};
use protocol::{Agent, AgentKind, Priority, PutAgent};

use crate::{Failure, Session, clean::clean, pages, table::Table, when, words::one_of};

const EXAMPLES: &str = "\
Examples:
  coord agents
  coord agents show code
  coord agents put reviewer --description 'Reads every change' --domain review
  coord agents retire reviewer
  coord agents webhook-secret reviewer --rotate";

/// List, show, register and retire agents
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Agents {
    #[command(subcommand)]
    command: Option<AgentsCommand>,
}

#[derive(Debug, Subcommand)]
enum AgentsCommand {
    /// List the agents
    List,
    /// Show an agent
    Show {
        /// The agent's name
        name: String,
    },
    /// Register an agent, or change one: what is left out goes back to its default
    Put(Put),
    /// Retire an agent: its history stays, new messages to it are refused
    Retire {
        /// The agent's name
        name: String,
    },
    /// Show what pushes to an agent's webhook are signed with
    WebhookSecret {
        /// The agent's name
        name: String,
        /// Make a new one; the one before signs along for a time
        #[arg(long)]
        rotate: bool,
    },
    /// Say that an agent is alive
    Heartbeat {
        /// The agent's name
        name: String,
    },
}

#[derive(Debug, Args)]
struct Put {
    /// The agent's name
    name: String,
    /// What stands behind the name [default: ai]
    #[arg(long, short, value_name = "KIND", ignore_case = true, value_parser = one_of::<AgentKind>(AgentKind::WORDS))]
    kind: Option<AgentKind>,
    /// What it does, for the others to read
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
    /// A field of decisions it holds; may be given again
    #[arg(long, short, value_name = "NAME", value_delimiter = ',')]
    domain: Vec<String>,
    /// Where its deliveries are pushed to
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// The highest priority it may send with
    #[arg(long, value_name = "PRIORITY", ignore_case = true, value_parser = one_of::<Priority>(Priority::WORDS))]
    max_priority_sent: Option<Priority>,
    /// Who hears of a message to it that was not acknowledged in time
    #[arg(long, value_name = "AGENT")]
    escalate_to: Option<String>,
}

impl Agents {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        match self.command.unwrap_or(AgentsCommand::List) {
            AgentsCommand::List => list(session).await,
            AgentsCommand::Show { name } => show(session, &name).await,
            AgentsCommand::Put(put) => put.run(session).await,
            AgentsCommand::Retire { name } => {
                session.client.retire_agent(&name).await?;
                session.out.note(&format!("Retired {name}; its history stays"))
            }
            AgentsCommand::WebhookSecret { name, rotate } => webhook_secret(session, &name, rotate).await,
            AgentsCommand::Heartbeat { name } => {
                session.client.heartbeat(&name).await?;
                session.out.note(&format!("{name} is alive"))
            }
        }
    }
}

async fn list(session: &mut Session) -> Result<(), Failure> {
    let client = &session.client;
    let Some(agents) = pages::all(&mut session.out, async |page| client.agents(&page).await).await? else {
        return Ok(());
    };
    let mut table = Table::new(&["NAME", "KIND", "STATE", "AUTHORITY", "LAST SEEN (UTC)", "DESCRIPTION"]);
    for agent in &agents {
        table.row([
            &agent.name,
            agent.kind.as_str(),
            agent.state.as_str(),
            &authority(agent),
            &when::short_or_dash(agent.last_seen_at.as_ref()),
            agent.description.as_deref().unwrap_or("-"),
        ]);
    }
    session.out.table(&table)
}

async fn show(session: &mut Session, name: &str) -> Result<(), Failure> {
    let agent = session.client.agent(name).await?;
    if session.out.json(&agent.json)? {
        return Ok(());
    }
    let or_dash = |text: Option<&str>| clean(text.unwrap_or("-")).into_owned();
    for (label, text) in [
        ("Name", agent.name.clone()),
        ("Kind", agent.kind.to_string()),
        ("State", agent.state.to_string()),
        ("Authority", clean(&authority(&agent)).into_owned()),
        ("Description", or_dash(agent.description.as_deref())),
        ("Webhook", or_dash(agent.webhook.as_deref())),
        ("May send up to", or_dash(agent.max_priority_sent.map(Priority::as_str))),
        ("Escalates to", or_dash(agent.escalate_to.as_deref())),
        ("Last seen", when::short_or_dash(agent.last_seen_at.as_ref())),
    ] {
        session.out.line(&format!("{:<15} {text}", format!("{label}:")))?;
    }
    session.out.hint(&format!("Its inbox: coord inbox {name}"))
}

async fn webhook_secret(session: &mut Session, name: &str, rotate: bool) -> Result<(), Failure> {
    let client = &session.client;
    let secret = if rotate { client.rotate_webhook_secret(name).await? } else { client.webhook_secret(name).await? };
    if session.out.json(&secret.json)? {
        return Ok(());
    }
    session.out.line(&clean(&secret.secret))?;
    match &secret.previous_until {
        Some(until) => session.out.hint(&format!("The one before it signs along until {} UTC.", when::short(until))),
        None => session.out.hint("Give it to the receiver, which verifies the header webhook-signature with it."),
    }
}

fn authority(agent: &Agent) -> String {
    let last_word = agent.final_authority.then_some("final");
    let domains = agent.authority_domains.iter().map(String::as_str);
    let all: Vec<&str> = last_word.into_iter().chain(domains).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(", ") }
}

impl Put {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let put = PutAgent {
            name: None,
            kind: self.kind,
            description: self.description,
            authority_domains: self.domain,
            webhook: self.webhook,
            max_priority_sent: self.max_priority_sent,
            escalate_to: self.escalate_to,
        };
        let agent = session.client.put_agent(&self.name, &put).await?;
        if session.out.json(&agent.json)? {
            return Ok(());
        }
        let done = if agent.status == 201 { "Registered" } else { "Changed" };
        session.out.line(&format!("{done} {} ({})", clean(&agent.name), agent.kind))
    }
}
