use std::time::{Duration, Instant};

use clap::Args;
use protocol::{DecisionState, Kind, Recipients, WaitQuery, parse_duration};
use uuid::Uuid;

use crate::{Failure, Session, clean::clean, decision, id, message_args::MessageArgs, words::duration};

const EXAMPLES: &str = "\
Examples:
  coord ask --from code -d strategy -s 'Release on Friday?' --wait 10m
  coord ask --from code --to human -s 'May I delete the old branches?' --wait 1h && git branch -D old
  coord ask -d strategy -s 'Which database?' --body @options.md --expires-in 2h

Exit codes: 0 approved or answered, 1 rejected, withdrawn or refused by the server, 3 no server, 4 nobody decided in time.";

/// The longest wait of one request.
const POLL: Duration = Duration::from_secs(60);

/// Ask somebody to decide, and wait for the answer
///
/// Sends a `propose`, or what --kind says: to the holders of the domain, or to whom --to names. Without --wait it returns at
/// once.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Ask {
    /// Who asks; a key bound to one agent knows it by itself
    #[arg(long, short, value_name = "AGENT")]
    from: Option<String>,
    /// Who is asked [default: the holders of the domain]; may be given again
    #[arg(long, short, value_name = "AGENT", value_delimiter = ',')]
    to: Vec<String>,
    /// What is asked, up to 200 characters
    #[arg(long, short, value_name = "TEXT", allow_hyphen_values = true)]
    subject: String,
    /// How long to wait for the decision
    #[arg(long, short, value_name = "DURATION", value_parser = duration)]
    wait: Option<String>,
    #[command(flatten)]
    args: MessageArgs,
}

impl Ask {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let mut message = self.args.write(session).await?;
        message.kind = message.kind.or(Some(Kind::Propose));
        if !message.kind.is_some_and(Kind::asks) {
            return Err(Failure::usage("only a `request` or a `propose` asks for a decision"));
        }
        message.from = session.speaker(self.from);
        message.to = (!self.to.is_empty()).then(|| Recipients::from(self.to));
        message.subject = self.subject;
        let sent = session.client.send_message(&message, self.args.idempotency_key.as_deref()).await?;
        let asked = sent.recipients.iter().map(|recipient| clean(&recipient.agent)).collect::<Vec<_>>().join(", ");
        let Some(wait) = self.wait.as_deref().and_then(parse_duration) else {
            if !session.out.json(&sent.json)? {
                session.out.line(&format!("Asked {asked}: {}", sent.id))?;
                session.out.hint(&format!("What became of it: coord show {}", id::short(sent.id)))?;
            }
            return Ok(());
        };
        if !session.out.is_json() {
            session.out.line(&format!("Asked {asked}: {}; waiting", sent.id))?;
        }
        waited(session, sent.id, wait).await
    }
}

/// Waits for a decision and prints it.
#[expect(clippy::disallowed_methods, reason = "who types a duration means from now, by this machine's clock")]
async fn waited(session: &mut Session, message: Uuid, wait: Duration) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let left = wait.saturating_sub(began.elapsed()).min(POLL);
        let query = WaitQuery { wait: Some(format!("{}ms", left.as_millis())) };
        let decision = session.client.decision(message, &query).await?;
        if decision.state != DecisionState::Open || began.elapsed() >= wait {
            if !session.out.json(&decision.json)? {
                decision::print(session, &decision)?;
            }
            return decision::exit(decision.state);
        }
    }
}
