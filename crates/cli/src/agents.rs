use clap::{Args, Subcommand};
use protocol::{Agent, AgentKind, Priority, PutAgent};

use crate::{Failure, Session, clean::clean, pages, table::Table, when, words::one_of};

const EXAMPLES: &str = "\
Examples:
  coord agents
  coord agents show code
  coord agents put reviewer --description 'Reads every change' --domain review
  coord agents set reviewer --add-domain testing
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
    /// Change what is named of an agent, and leave the rest
    Set(Set),
    /// Retire an agent: its history stays, new messages to it are refused, what waits for it is given up
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
            AgentsCommand::Set(set) => set.run(session).await,
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
        let before = known(session, &self.name).await?;
        changed(session, &self.name, before.as_ref(), &put).await
    }
}

#[derive(Debug, Args)]
struct Set {
    /// The agent's name
    name: String,
    /// What stands behind the name
    #[arg(long, short, value_name = "KIND", ignore_case = true, value_parser = one_of::<AgentKind>(AgentKind::WORDS))]
    kind: Option<AgentKind>,
    /// What it does, for the others to read
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
    /// The fields of decisions it holds, instead of those it holds; may be given again
    #[arg(long, short, value_name = "NAME", value_delimiter = ',', conflicts_with_all = ["add_domain", "remove_domain"])]
    domain: Vec<String>,
    /// A further field of decisions; may be given again
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    add_domain: Vec<String>,
    /// A field of decisions it holds no longer; may be given again
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    remove_domain: Vec<String>,
    /// Where its deliveries are pushed to; an empty one takes it away
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// The highest priority it may send with
    #[arg(long, value_name = "PRIORITY", ignore_case = true, value_parser = one_of::<Priority>(Priority::WORDS))]
    max_priority_sent: Option<Priority>,
    /// Who hears of a message to it that was not acknowledged in time; an empty one takes it away
    #[arg(long, value_name = "AGENT")]
    escalate_to: Option<String>,
}

impl Set {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let before = session.client.agent(&self.name).await?.value;
        let mut put = as_put(&before);
        put.kind = self.kind.or(put.kind);
        put.description = self.description.or(put.description);
        put.webhook = self.webhook.or(put.webhook).filter(|url| !url.is_empty());
        put.max_priority_sent = self.max_priority_sent.or(put.max_priority_sent);
        put.escalate_to = self.escalate_to.or(put.escalate_to).filter(|agent| !agent.is_empty());
        if !self.domain.is_empty() {
            put.authority_domains = self.domain;
        }
        put.authority_domains.retain(|domain| !self.remove_domain.contains(domain));
        put.authority_domains.extend(self.add_domain);
        changed(session, &self.name, Some(&before), &put).await
    }
}

/// The agent of this name, if there is one.
async fn known(session: &Session, name: &str) -> Result<Option<Agent>, Failure> {
    match session.client.agent(name).await {
        Ok(agent) => Ok(Some(agent.value)),
        Err(client::Error::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn as_put(agent: &Agent) -> PutAgent {
    PutAgent {
        name: None,
        kind: Some(agent.kind),
        description: agent.description.clone(),
        authority_domains: agent.authority_domains.clone(),
        webhook: agent.webhook.clone(),
        max_priority_sent: agent.max_priority_sent,
        escalate_to: agent.escalate_to.clone(),
    }
}

/// Puts an agent and prints what is different from before.
async fn changed(session: &mut Session, name: &str, before: Option<&Agent>, put: &PutAgent) -> Result<(), Failure> {
    let agent = session.client.put_agent(name, put).await?;
    if session.out.json(&agent.json)? {
        return Ok(());
    }
    let done = if agent.status == 201 { "Registered" } else { "Changed" };
    session.out.line(&format!("{done} {} ({})", clean(&agent.name), agent.kind))?;
    let Some(before) = before else { return Ok(()) };
    let (old, new) = (lines(before), lines(&agent));
    let mut same = true;
    for ((label, old), (_, new)) in old.iter().zip(&new).filter(|((_, old), (_, new))| old != new) {
        session.out.line(&format!("  {:<15} {} -> {}", format!("{label}:"), clean(old), clean(new)))?;
        same = false;
    }
    if same { session.out.line("  Nothing is different.") } else { Ok(()) }
}

/// What may be changed of an agent, each as a text.
fn lines(agent: &Agent) -> [(&'static str, String); 7] {
    let or_dash = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
    [
        ("Kind", agent.kind.to_string()),
        ("State", agent.state.to_string()),
        ("Description", or_dash(agent.description.as_deref())),
        ("Domains", or_dash(Some(&agent.authority_domains.join(", ")))),
        ("Webhook", or_dash(agent.webhook.as_deref())),
        ("May send up to", or_dash(agent.max_priority_sent.map(Priority::as_str))),
        ("Escalates to", or_dash(agent.escalate_to.as_deref())),
    ]
}
