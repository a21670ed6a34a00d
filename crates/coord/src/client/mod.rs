//! The client commands: each asks a server and prints what it answers.

mod ack;
mod agents;
mod attach;
mod authority;
mod bench;
mod body;
mod clean;
mod completions;
mod dead;
mod defer;
mod extend;
mod failure;
mod gates;
mod global;
mod inbox;
mod keys;
mod letter;
mod log;
mod nack;
mod output;
mod receive;
mod reply;
mod search;
mod send;
mod session;
mod show;
mod stats;
mod table;
mod tenants;
mod terminate;
mod thread;
mod trigger;
mod verify;
mod watch;
mod when;
mod words;

use std::process::ExitCode;

use clap::Subcommand;

use failure::Failure;
pub(crate) use global::Global;
use session::Session;

/// The commands that talk to a server.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send a message
    Send(send::Send),
    /// Look into an agent's inbox; changes nothing
    Inbox(inbox::Inbox),
    /// Take messages from an inbox to work on them
    Receive(receive::Receive),
    /// Say that a message is dealt with
    Ack(ack::Ack),
    /// Give a received message back, to be received again
    Nack(nack::Nack),
    /// Answer a message, in its thread
    Reply(reply::Reply),
    /// Put a message off until a time or a trigger
    Defer(defer::Defer),
    /// Bring back every message that was put off until this trigger
    Trigger(trigger::Trigger),
    /// Keep a received message longer
    Extend(extend::Extend),
    /// Give a message up: it becomes a dead letter and its sender hears why
    Terminate(terminate::Terminate),
    /// Show a message and what became of it
    Show(show::Show),
    /// Show a conversation
    Thread(thread::Thread),
    /// Follow an inbox live
    Watch(watch::Watch),
    /// Find messages by their words
    Search(search::Search),
    /// Show or follow the event log
    Log(log::Log),
    /// Have the event log checked: its chain, and every state that follows from it
    Verify(verify::Verify),
    /// List, show, register and retire agents
    Agents(agents::Agents),
    /// Show who may decide what, check it, lend it for a time
    Authority(authority::Authority),
    /// Show the quality gates, or try numbers on them
    Gates(gates::Gates),
    /// Make, list and revoke keys
    Keys(keys::Keys),
    /// Make and list tenants
    Tenants(tenants::Tenants),
    /// List dead letters and put them back
    Dead(dead::Dead),
    /// Store files and fetch them
    Attach(attach::Attach),
    /// Show how many messages wait where
    Stats(stats::Stats),
    /// Measure how fast a server is
    Bench(bench::Bench),
    /// Print a script that completes `coord` in your shell
    Completions(completions::Completions),
}

/// Runs a client command and returns its exit code: 0 done, 1 refused, 2 wrong usage, 3 not reached.
///
/// `root` is the whole command tree, for the completions.
pub(crate) async fn run(command: Command, global: &Global, root: fn() -> clap::Command) -> ExitCode {
    match dispatch(command, global, root).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure, global.json);
            failure.exit_code()
        }
    }
}

async fn dispatch(command: Command, global: &Global, root: fn() -> clap::Command) -> Result<(), Failure> {
    if let Command::Completions(command) = command {
        return command.run(root());
    }
    let session = &mut Session::new(global)?;
    match command {
        Command::Send(command) => command.run(session).await,
        Command::Inbox(command) => command.run(session).await,
        Command::Receive(command) => command.run(session).await,
        Command::Ack(command) => command.run(session).await,
        Command::Nack(command) => command.run(session).await,
        Command::Reply(command) => command.run(session).await,
        Command::Defer(command) => command.run(session).await,
        Command::Trigger(command) => command.run(session).await,
        Command::Extend(command) => command.run(session).await,
        Command::Terminate(command) => command.run(session).await,
        Command::Show(command) => command.run(session).await,
        Command::Thread(command) => command.run(session).await,
        Command::Watch(command) => command.run(session).await,
        Command::Search(command) => command.run(session).await,
        Command::Log(command) => command.run(session).await,
        Command::Verify(command) => command.run(session).await,
        Command::Agents(command) => command.run(session).await,
        Command::Authority(command) => command.run(session).await,
        Command::Gates(command) => command.run(session).await,
        Command::Keys(command) => command.run(session).await,
        Command::Tenants(command) => command.run(session).await,
        Command::Dead(command) => command.run(session).await,
        Command::Attach(command) => command.run(session).await,
        Command::Stats(command) => command.run(session).await,
        Command::Bench(command) => Box::pin(command.run(session, global)).await,
        Command::Completions(command) => command.run(root()),
    }
}
