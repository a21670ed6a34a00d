use std::io::Write as _;

use clap::Args;
use clap_complete::Shell;

use crate::Failure;

const EXAMPLES: &str = "\
Examples:
  coord completions bash > ~/.local/share/bash-completion/completions/coord
  coord completions zsh > ~/.zfunc/_coord
  coord completions fish > ~/.config/fish/completions/coord.fish";

/// Print a script that completes `coord` in your shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut root: clap::Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut root, "coord", &mut script);
        Ok(std::io::stdout().write_all(&script)?)
    }
}
