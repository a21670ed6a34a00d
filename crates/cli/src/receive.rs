use clap::Args;
use protocol::{Kind, Received};

use crate::{
    Failure, Session,
    clean::clean,
    id::{self, Id},
    show, when,
    words::{duration, one_of},
};

const EXAMPLES: &str = "\
Examples:
  coord receive chat
  coord receive chat --kind request --wait 60s
  coord receive chat --max 10 --lease 5m --wait 30s
  coord receive chat --json | jq -r '.deliveries[].receipt'";

/// Take messages from an inbox to work on them
///
/// They are yours until the lease runs out; then they come back to the inbox. Say `coord ack` when done.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Receive {
    /// Whose inbox; a key bound to one agent knows it by itself
    agent: Option<String>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    max: u32,
    /// How long they are yours [default: the server's, 60s unless configured]
    #[arg(long, short, value_name = "DURATION", value_parser = duration)]
    lease: Option<String>,
    /// How long to wait for the first one, up to 60s
    #[arg(long, short, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    wait: String,
    /// Only messages of this kind; may be given again
    #[arg(long, short, value_name = "KIND", value_delimiter = ',', ignore_case = true, value_parser = one_of::<Kind>(Kind::WORDS))]
    kind: Vec<Kind>,
    /// Only messages of this thread
    #[arg(long, value_name = "MESSAGE_ID")]
    thread: Option<Id>,
}

impl Receive {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let agent = session.agent(self.agent).await?;
        let thread = id::find(self.thread.as_ref(), session).await?;
        let request = protocol::Receive {
            max: Some(self.max),
            lease: self.lease,
            wait: Some(self.wait.clone()),
            kinds: self.kind,
            thread,
        };
        let answer = session.client.receive(&agent, &request).await?;
        if session.out.json(&answer.json)? {
            return Ok(());
        }
        for (number, received) in answer.deliveries.iter().enumerate() {
            if number > 0 {
                session.out.gap()?;
            }
            print(session, &agent, received)?;
        }
        if answer.deliveries.is_empty() {
            session.out.line(&format!("Nothing for {agent} (waited {}).", self.wait))?;
            session.out.hint(&format!("Wait for the next: coord receive {agent} --wait 60s"))?;
        }
        Ok(())
    }
}

fn print(session: &mut Session, agent: &str, received: &Received) -> Result<(), Failure> {
    let (id, receipt) = (received.message.id, clean(&received.receipt));
    show::message(session, &received.message)?;
    session.out.line(&format!("Receipt:  {receipt}"))?;
    let until = when::short(&received.lease_expires_at);
    session.out.line(&format!("Lease:    attempt {}, until {until} UTC", received.attempt))?;
    session.out.hint(&format!("When done: coord ack {agent} {id} --receipt {receipt}"))?;
    session.out.hint(&format!("Not now:   coord nack {agent} {id} --receipt {receipt} --delay 5m"))
}
