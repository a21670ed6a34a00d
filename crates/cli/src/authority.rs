use clap::{Args, Subcommand};
use protocol::{AuthorityCheck, AuthorityOutcome, CreateGrant, HolderVia, Kind, Timestamp};

use crate::{
    Failure, Session,
    clean::clean,
    id::{self, Id},
    table::Table,
    when,
    words::{duration, moment, one_of},
};

const EXAMPLES: &str = "\
Examples:
  coord authority
  coord authority check --from code --kind decide --domain strategy
  coord authority grant -d strategy -a code --for 7d --reason 'chat is away'";

/// Show who may decide what, check it, lend it for a time
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Authority {
    #[command(subcommand)]
    command: Option<AuthorityCommand>,
}

#[derive(Debug, Subcommand)]
enum AuthorityCommand {
    /// Show every domain with its holders
    Show,
    /// Ask what would become of a message, without sending one; exit code 1 when it would be refused
    Check(Check),
    /// Lend a domain to an agent for a time
    Grant(Grant),
}

#[derive(Debug, Args)]
struct Check {
    /// Who would send; a key bound to one agent knows it by itself
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// The kind of the message
    #[arg(long, short, value_name = "KIND", ignore_case = true, value_parser = one_of::<Kind>(Kind::WORDS))]
    kind: Kind,
    /// The domain of the message
    #[arg(long, short, value_name = "NAME")]
    domain: Option<String>,
    /// The message that it would answer
    #[arg(long, short = 'r', value_name = "MESSAGE_ID")]
    in_reply_to: Option<Id>,
}

#[derive(Debug, Args)]
struct Grant {
    /// The domain
    #[arg(long, short, value_name = "NAME")]
    domain: String,
    /// Who may decide in it
    #[arg(long, short, value_name = "AGENT")]
    agent: String,
    #[command(flatten)]
    end: End,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: String,
}

/// When a grant ends by itself.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct End {
    /// How long, from now
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    for_: Option<String>,
    /// Until this moment
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
}

impl Authority {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        match self.command.unwrap_or(AuthorityCommand::Show) {
            AuthorityCommand::Show => show(session).await,
            AuthorityCommand::Check(check) => check.run(session).await,
            AuthorityCommand::Grant(grant) => grant.run(session).await,
        }
    }
}

async fn show(session: &mut Session) -> Result<(), Failure> {
    let authority = session.client.authority().await?;
    if session.out.json(&authority.json)? {
        return Ok(());
    }
    let mut table = Table::new(&["DOMAIN", "HOLDER", "FROM", "UNTIL (UTC)"]);
    for domain in &authority.domains {
        for holder in &domain.holders {
            let via = if holder.via == HolderVia::Grant { "a grant" } else { "its own" };
            table.row([&domain.domain, &holder.agent, via, &when::short_or_dash(holder.until.as_ref())]);
        }
    }
    for name in &authority.final_ {
        table.row(["every domain", name, "final authority", "-"]);
    }
    session.out.table(&table)?;
    session.out.gap()?;
    let rule = match authority.on_violation {
        protocol::OnViolation::Reject => "A decision by anybody else is refused.",
        protocol::OnViolation::Escalate => "A decision by anybody else goes to the holders as a proposal.",
    };
    session.out.line(rule)
}

impl Check {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let in_reply_to = id::find(self.in_reply_to.as_ref(), session).await?;
        let from = session.speaker(self.from);
        let check = AuthorityCheck { from, kind: self.kind, domain: self.domain, in_reply_to };
        let decision = session.client.check_authority(&check).await?;
        if !session.out.json(&decision.json)? {
            let outcome = decision.outcome.as_str();
            session.out.line(&format!("{outcome}: {}", clean(&decision.detail)))?;
            session.out.line(&format!("Rule:    {}", clean(&decision.rule)))?;
            if !decision.holders.is_empty() {
                session.out.line(&format!("Holders: {}", clean(&decision.holders.join(", "))))?;
            }
            if let Some(remedy) = &decision.remedy {
                session.out.hint(&clean(remedy))?;
            }
        }
        if decision.outcome == AuthorityOutcome::Refused { Err(Failure::Told) } else { Ok(()) }
    }
}

impl End {
    fn moment(self) -> Timestamp {
        let long = self.for_.as_deref().and_then(protocol::parse_duration).unwrap_or_default();
        self.until.unwrap_or_else(|| when::from_now(long))
    }
}

impl Grant {
    async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let grant =
            CreateGrant { domain: self.domain, agent: self.agent, until: self.end.moment(), reason: self.reason };
        let grant = session.client.grant(&grant).await?;
        if session.out.json(&grant.json)? {
            return Ok(());
        }
        let (agent, domain) = (clean(&grant.agent), clean(&grant.domain));
        session.out.line(&format!("{agent} may decide in {domain} until {} UTC", when::short(&grant.until)))
    }
}
