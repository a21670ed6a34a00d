use std::process::ExitCode;

use broker::{Broker, DeadLetter};
use clap::{Args, Subcommand};
use protocol::Timestamp;
use serde_json::{Value, json};

use cli::{Failure, Global, Output, Table, complain, when};

use crate::config::{Loaded, Sources};
use crate::config_command::tell;

const EXAMPLES: &str = "\
Examples:
  coord queue
  coord queue peek -n 20
  coord queue redrive";

/// Dead tasks that are looked at or put back where nobody says how many.
const LIMIT: u16 = 100;
/// Positions of messages that a table shows of one dead letter.
const SHOWN: usize = 3;

/// Show what waits in RabbitMQ, and put dead tasks back
///
/// Asks RabbitMQ itself, so it is run where the servers' configuration is: it takes `RABBITMQ_URL`, or `rabbitmq.url` from
/// the file. A task is dead when it came back unfinished too often or waited too long; the message that it is about is
/// untouched (see `coord dead` for those).
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Queue {
    /// The configuration file [env: `COORDINATION_CONFIG`]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<std::path::PathBuf>,
    #[command(subcommand)]
    command: Option<QueueCommand>,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Show how many messages wait in each queue; one carries up to 100 tasks
    List,
    /// Look at dead tasks, and leave them where they are
    Peek(Limit),
    /// Put dead tasks back into their queues, as if they were new
    Redrive(Limit),
}

#[derive(Debug, Args)]
struct Limit {
    /// How many messages at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = LIMIT, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
}

/// Why a command was not done.
enum Refused {
    /// The settings are wrong, or name no RabbitMQ: 2.
    Settings(String),
    /// RabbitMQ does not answer: 3.
    Broker(broker::Error),
    /// The output cannot be written.
    Output(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Output(failure)
    }
}

impl From<broker::Error> for Refused {
    fn from(error: broker::Error) -> Self {
        Self::Broker(error)
    }
}

impl Queue {
    /// Runs the command; 0, 2 when no RabbitMQ is configured, 3 when it does not answer.
    pub(crate) async fn run(self, environment: Vec<(String, String)>, global: &Global) -> ExitCode {
        let mut out = Output::stdout(global.json, global.color);
        let sources = Sources { file: self.config.clone(), environment, flags: Vec::new() };
        match self.done(&sources, &mut out).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(Refused::Settings(why)) => {
                tell(&format!("error: {why}"));
                ExitCode::from(2)
            }
            Err(Refused::Broker(error)) => {
                tell(&format!("error: {error}"));
                ExitCode::from(3)
            }
            Err(Refused::Output(failure)) if failure.is_closed_pipe() => ExitCode::SUCCESS,
            Err(Refused::Output(failure)) => {
                complain(&failure, global.json);
                failure.exit_code()
            }
        }
    }

    async fn done(self, sources: &Sources, out: &mut Output) -> Result<(), Refused> {
        let config =
            Loaded::load(sources).map_err(|complaints| Refused::Settings(complaints.to_string()))?.config.rabbitmq;
        let url = config.url.as_ref().ok_or_else(|| Refused::Settings(IN_PROCESS.to_owned()))?;
        let broker = Broker::rabbitmq(url.expose(), &config).map_err(|error| Refused::Settings(error.to_string()))?;
        let outcome = match self.command.unwrap_or(QueueCommand::List) {
            QueueCommand::List => list(&broker, out).await,
            QueueCommand::Peek(Limit { limit }) => peek(&broker, limit.into(), out).await,
            QueueCommand::Redrive(Limit { limit }) => redrive(&broker, limit.into(), out).await,
        };
        broker.close().await;
        outcome
    }
}

const IN_PROCESS: &str = "there is no RabbitMQ to ask: set RABBITMQ_URL, or `rabbitmq.url`, as the servers have it. Without it \
     tasks wait in the memory of the process that works on them, which counts them in its metric `queue_messages`";

async fn list(broker: &Broker, out: &mut Output) -> Result<(), Refused> {
    let depths = broker.depths().await?;
    let rows = depths.iter().map(|(queue, messages)| json!({"queue": queue, "messages": messages}));
    if out.json(&json!({"queues": rows.collect::<Vec<_>>()}).to_string())? {
        return Ok(());
    }
    let mut table = Table::new(&["QUEUE", "MESSAGES"]);
    for (queue, messages) in &depths {
        table.row([queue, &messages.to_string()]);
    }
    out.table(&table)?;
    if depths.last().is_some_and(|(_, messages)| *messages > 0) {
        out.hint("Look at the dead ones: coord queue peek")?;
    }
    Ok(())
}

async fn peek(broker: &Broker, limit: usize, out: &mut Output) -> Result<(), Refused> {
    let letters = broker.dead_letters(limit).await?;
    if out.json(&json!({"items": letters.iter().map(as_json).collect::<Vec<_>>()}).to_string())? {
        return Ok(());
    }
    if letters.is_empty() {
        return Ok(out.line("No dead tasks.")?);
    }
    let mut table = Table::new(&["DIED (UTC)", "FROM", "WHY", "TASKS", "TENANT/SEQ"]).drop_when_narrow(&[1]);
    for letter in &letters {
        let count = letter.tasks.len().to_string();
        table.row([&died(letter), &letter.queue, &letter.reason, &count, &about(letter)]);
    }
    out.table(&table)?;
    Ok(out.hint("Put them back: coord queue redrive")?)
}

async fn redrive(broker: &Broker, limit: usize, out: &mut Output) -> Result<(), Refused> {
    let count = broker.redrive(limit).await?;
    if out.json(&json!({"redriven": count}).to_string())? {
        return Ok(());
    }
    Ok(out.line(&match count {
        0 => "No dead tasks.".to_owned(),
        1 => "1 message is back in its queue.".to_owned(),
        count => format!("{count} messages are back in their queues."),
    })?)
}

fn died(letter: &DeadLetter) -> String {
    let moment = letter.died_at.map(|time| Timestamp(time.to_string()));
    when::short_or_dash(moment.as_ref())
}

/// The messages that a letter is about, by tenant and position, or the beginning of what cannot be read.
fn about(letter: &DeadLetter) -> String {
    if let Some(text) = &letter.unreadable {
        return format!("unreadable: {text}");
    }
    let shown = letter.tasks.iter().take(SHOWN).map(|task| format!("{}/{}", task.tenant.0, task.seq));
    let mut text = shown.collect::<Vec<_>>().join(" ");
    if letter.tasks.len() > SHOWN {
        text.push_str(" …");
    }
    text
}

fn as_json(letter: &DeadLetter) -> Value {
    let tasks = letter.tasks.iter();
    let tasks = tasks.map(|task| json!({"tenant": task.tenant.0, "seq": task.seq, "fan_out": task.fan_out}));
    json!({
        "queue": letter.queue, "reason": letter.reason, "died_at": letter.died_at.map(|time| time.to_string()),
        "tasks": tasks.collect::<Vec<_>>(), "unreadable": letter.unreadable,
    })
}
