//! The client commands: each asks a server and prints what it answers.

mod ack;
mod agent;
mod agents;
mod ask;
mod attach;
mod authority;
mod body;
mod clean;
mod completions;
mod context;
mod contexts;
mod dead;
mod decide;
mod decision;
mod defer;
mod extend;
mod failure;
mod follow;
mod gates;
mod global;
mod id;
mod inbox;
mod keys;
mod log;
mod message_args;
mod nack;
mod output;
mod pages;
mod pending;
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
pub mod when;
mod whoami;
mod words;

use std::process::ExitCode;

use clap::Subcommand;

pub use clean::clean;
pub use failure::Failure;
pub use global::{DEFAULT_URL, Global};
pub use output::{Output, complain, remark};
pub use session::Session;
pub use table::Table;
pub use words::duration;

/// The commands that talk to a server.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the type of each says what it does, and clap would show what stands here instead")]
pub enum Command {
    Send(send::Send),
    Inbox(inbox::Inbox),
    Receive(receive::Receive),
    Ack(ack::Ack),
    Nack(nack::Nack),
    Reply(reply::Reply),
    Ask(ask::Ask),
    Pending(pending::Pending),
    Approve(decide::Approve),
    Reject(decide::Reject),
    Withdraw(decide::Withdraw),
    Defer(defer::Defer),
    Trigger(trigger::Trigger),
    Extend(extend::Extend),
    Terminate(terminate::Terminate),
    Show(show::Show),
    Thread(thread::Thread),
    Watch(watch::Watch),
    Search(search::Search),
    Log(log::Log),
    Verify(verify::Verify),
    Agents(agents::Agents),
    Authority(authority::Authority),
    Gates(gates::Gates),
    Whoami(whoami::Whoami),
    Context(context::Context),
    Keys(keys::Keys),
    Tenants(tenants::Tenants),
    Dead(dead::Dead),
    Attach(attach::Attach),
    Stats(stats::Stats),
    Completions(completions::Completions),
}

/// Refuses what the command line takes for an option and its value though somebody may have meant words to look for.
///
/// `arguments` are the process's own, as they were given.
pub fn check(command: &Command, arguments: &[String]) -> Result<(), Failure> {
    match command {
        Command::Search(_) => search::check(arguments),
        _ => Ok(()),
    }
}

/// Runs a client command and returns its exit code: 0 done, 1 refused, 2 wrong usage, 3 not reached, 4 not decided in time.
///
/// `root` is the whole command tree, for the completions.
pub async fn run(command: Command, global: &Global, root: fn() -> clap::Command) -> ExitCode {
    finish(dispatch(command, global, root).await, global)
}

/// Says what went wrong, if anything did, and returns the exit code.
pub fn finish(outcome: Result<(), Failure>, global: &Global) -> ExitCode {
    match outcome {
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
    if let Command::Context(command) = command {
        return command.run(global);
    }
    let session = &mut Session::new(global)?;
    match command {
        Command::Send(command) => command.run(session).await,
        Command::Inbox(command) => command.run(session).await,
        Command::Receive(command) => command.run(session).await,
        Command::Ack(command) => command.run(session).await,
        Command::Nack(command) => command.run(session).await,
        Command::Reply(command) => command.run(session).await,
        Command::Ask(command) => command.run(session).await,
        Command::Pending(command) => command.run(session).await,
        Command::Approve(command) => command.run(session).await,
        Command::Reject(command) => command.run(session).await,
        Command::Withdraw(command) => command.run(session).await,
        Command::Whoami(command) => command.run(session).await,
        Command::Context(command) => command.run(global),
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
        Command::Completions(command) => command.run(root()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Subcommand as _};

    use super::{Command, Global};

    fn root() -> clap::Command {
        Command::augment_subcommands(Global::augment_args(clap::Command::new("coord"))).term_width(100)
    }

    #[test]
    fn the_help_of_every_command_is_as_reviewed() {
        let mut pages = String::new();
        add_pages(&mut root(), &mut pages);
        insta::assert_snapshot!("help", pages);
    }

    /// Adds a command's page and those of its subcommands; what every page repeats is left to the first.
    fn add_pages(command: &mut clap::Command, pages: &mut String) {
        command.build();
        for command in
            command.get_subcommands_mut().filter(|command| command.get_name() != "help" && !command.is_hide_set())
        {
            let help = command.render_long_help().to_string();
            let own = help.split("\nTalking to a server:").next().unwrap_or_default();
            let examples = help.find("\nExample").map_or_else(String::new, |at| help[at..].to_owned());
            pages.push_str(&format!("=== {}\n{own}{examples}\n", command.get_bin_name().unwrap_or_default()));
            add_pages(command, pages);
        }
    }

    #[test]
    fn every_option_that_takes_text_takes_text_that_begins_with_a_hyphen() {
        let mut found = 0;
        let mut waiting = vec![root()];
        while let Some(command) = waiting.pop() {
            for option in command.get_arguments() {
                let names = option.get_value_names().unwrap_or_default();
                if names.iter().any(|name| ["TEXT", "RECEIPT", "CURSOR"].contains(&name.as_str())) {
                    assert!(option.is_allow_hyphen_values_set(), "{} --{}", command.get_name(), option.get_id());
                    found += 1;
                }
            }
            waiting.extend(command.get_subcommands().cloned());
        }
        assert!(found > 20, "{found}");
    }

    #[test]
    fn a_list_a_diff_and_a_percentage_are_text() {
        for body in ["- first step", "-1 degree", "--- a/x", "---", "-", "-s"] {
            let found = root().try_get_matches_from(["coord", "send", "-s", "-5 %", "-b", body]).unwrap();
            let (_, send) = found.subcommand().unwrap();
            assert_eq!(send.get_one::<String>("body").map(String::as_str), Some(body));
            assert_eq!(send.get_one::<String>("subject").map(String::as_str), Some("-5 %"));
        }
    }

    #[test]
    fn options_are_understood_before_and_after_the_command() {
        for line in ["coord --json inbox chat --url http://h", "coord inbox chat --json --url http://h"] {
            let found = root().try_get_matches_from(line.split(' ')).unwrap();
            let (_, inbox) = found.subcommand().unwrap();
            assert!(inbox.get_flag("json"), "{line}");
            assert_eq!(inbox.get_one::<String>("url").unwrap(), "http://h", "{line}");
        }
    }

    #[test]
    fn wrong_usage_is_refused_before_anything_is_sent() {
        for line in [
            "coord send --from code --to chat",
            "coord send -s x --kind shout",
            "coord send -s x --body a --body-file b",
            "coord send -s x --expires-in 1h --expires-at 2026-01-01T00:00:00Z",
            "coord defer chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42",
            "coord defer chat 01982f3c-7b1a-7c00-8000-5f0d8a3c1e42 --for 1h --trigger x",
            "coord ack chat not-an-id",
            "coord receive chat --max 101",
            "coord keys create --role agent",
        ] {
            let why = root().try_get_matches_from(line.split(' ')).unwrap_err();
            assert_eq!(why.exit_code(), 2, "{line}");
        }
    }
}
