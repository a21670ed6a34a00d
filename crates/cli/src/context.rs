use std::path::Path;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;

use crate::{
    Failure, Global,
    contexts::{Contexts, Kept},
    output::Output,
    table::Table,
};

const EXAMPLES: &str = "\
Examples:
  coord context add work --url https://coordination.example.org --agent chat
  coord context use work
  coord context list
  coord context remove work";

/// Keep servers, keys and agents by name
///
/// Commands ask the server of the context in use, with its key and as its agent, unless they say otherwise. The key is kept in a
/// file that only you may read.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Context {
    #[command(subcommand)]
    command: Option<ContextCommand>,
}

#[derive(Debug, Subcommand)]
enum ContextCommand {
    /// List the contexts
    List,
    /// Keep the server of --url, the key of --key or the environment, and an agent under a name, and use it
    Add {
        /// The name
        name: String,
        /// The agent that is meant where none is named
        #[arg(long, short, value_name = "AGENT")]
        agent: Option<String>,
    },
    /// Use a context from now on
    Use {
        /// The name
        name: String,
    },
    /// Forget a context and its key
    Remove {
        /// The name
        name: String,
    },
}

impl Context {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let file =
            global.contexts.clone().ok_or_else(|| Failure::usage("there is no home folder to keep contexts in"))?;
        let contexts = Contexts::read(&file)?;
        let out = &mut Output::stdout(global.json, global.color);
        match self.command.unwrap_or(ContextCommand::List) {
            ContextCommand::List => list(&contexts, out),
            ContextCommand::Add { name, agent } => add(contexts, &file, (name, agent), global, out),
            ContextCommand::Use { name } => {
                let mut contexts = contexts;
                if !contexts.contexts.contains_key(&name) {
                    return Err(contexts.missing(&name));
                }
                contexts.current = Some(name.clone());
                contexts.write(&file)?;
                out.note(&format!("Using {name}"))
            }
            ContextCommand::Remove { name } => {
                let mut contexts = contexts;
                if contexts.contexts.remove(&name).is_none() {
                    return Err(contexts.missing(&name));
                }
                contexts.current = contexts.current.filter(|current| *current != name);
                contexts.write(&file)?;
                out.note(&format!("Forgot {name}"))
            }
        }
    }
}

fn add(
    mut contexts: Contexts,
    file: &Path,
    (name, agent): (String, Option<String>),
    global: &Global,
    out: &mut Output,
) -> Result<(), Failure> {
    let key = global.key.as_ref().map(|key| key.expose_secret().to_owned());
    let kept = Kept { url: Some(global.url().to_owned()), key, agent };
    contexts.contexts.insert(name.clone(), kept);
    contexts.current = Some(name.clone());
    contexts.write(file)?;
    out.note(&format!("Kept {name} in {}, and using it", file.display()))
}

fn list(contexts: &Contexts, out: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&["NAME", "IN USE", "URL", "KEY", "AGENT"]);
    for (name, kept) in &contexts.contexts {
        table.row([
            name,
            if contexts.current.as_ref() == Some(name) { "yes" } else { "-" },
            kept.url.as_deref().unwrap_or("-"),
            if kept.key.is_some() { "kept" } else { "-" },
            kept.agent.as_deref().unwrap_or("-"),
        ]);
    }
    if out.is_json() {
        let names: Vec<&String> = contexts.contexts.keys().collect();
        let json = serde_json::json!({"current": contexts.current, "contexts": names});
        return out.json(&json.to_string()).map(drop);
    }
    out.table(&table)
}
