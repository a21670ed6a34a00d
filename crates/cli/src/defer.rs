use clap::Args;
use protocol::Timestamp;

use crate::{
    Failure, Session,
    clean::clean,
    id::Id,
    when,
    words::{duration, moment},
};

const EXAMPLES: &str = "\
Examples:
  coord defer chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --for 2h
  coord defer chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --trigger tests-green
  coord trigger tests-green";

/// Put a message off until a time or a trigger
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, allow_missing_positional = true)]
pub struct Defer {
    /// Whose inbox; a key bound to one agent knows it by itself
    agent: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE_ID")]
    message: Id,
    #[command(flatten)]
    until: Limit,
    /// The receipt that `coord receive` gave, when it was received
    #[arg(long, short, value_name = "RECEIPT", allow_hyphen_values = true)]
    receipt: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Limit {
    /// Until this moment
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
    /// For this long
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    for_: Option<String>,
    /// Until `coord trigger NAME`
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
}

impl Defer {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let (agent, message) = (session.agent(self.agent.clone()).await?, self.message.find(session).await?);
        let Limit { until, for_, trigger } = self.until;
        let defer = protocol::Defer { receipt: self.receipt, until, for_, trigger, reason: self.reason };
        let delivery = session.client.defer(&agent, message, &defer).await?;
        if session.out.json(&delivery.json)? {
            return Ok(());
        }
        let until = match (&delivery.trigger, &delivery.deferred_until) {
            (Some(trigger), _) => format!("`coord trigger {}`", clean(trigger)),
            (None, moment) => format!("{} UTC", when::short_or_dash(moment.as_ref())),
        };
        session.out.line(&format!("Put {message} off for {agent} until {until}"))
    }
}
