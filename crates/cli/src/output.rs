use std::io::{self, IsTerminal as _, Write};

use anstream::AutoStream;
use owo_colors::OwoColorize as _;

use crate::{Failure, clean::clean_block, table::Table};

/// Where a command prints to: text for people, aligned text for pipes, or the server's JSON.
pub struct Output {
    /// For text alone: takes colours out where nobody sees them, and with them bytes of whatever is no text.
    out: Box<dyn Write + Send>,
    json: bool,
    terminal: bool,
}

impl Output {
    /// Prints to standard output.
    pub fn stdout(json: bool, color: clap::ColorChoice) -> Self {
        let choice = match color {
            clap::ColorChoice::Auto => anstream::AutoStream::choice(&io::stdout()),
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let out = Box::new(AutoStream::new(io::stdout(), choice));
        Self { out, json, terminal: io::stdout().is_terminal() }
    }

    /// Whether the server's JSON is wanted.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints the server's JSON on one line, with every byte as it came, when that is wanted; tells whether it did.
    pub fn json(&mut self, json: &str) -> Result<bool, Failure> {
        if self.json {
            let mut out = io::stdout().lock();
            writeln!(out, "{}", json.trim_end())?;
            out.flush()?;
        }
        Ok(self.json)
    }

    /// Prints a line.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    /// Prints an empty line.
    pub fn gap(&mut self) -> Result<(), Failure> {
        self.line("")
    }

    /// Prints what the reader may do next, dimmed.
    pub fn hint(&mut self, text: &str) -> Result<(), Failure> {
        self.line(&text.dimmed().to_string())
    }

    /// Prints somebody's text, indented, without its control characters.
    pub fn block(&mut self, text: &str) -> Result<(), Failure> {
        for line in clean_block(text).lines() {
            self.line(format!("  {line}").trim_end())?;
        }
        Ok(())
    }

    /// Prints a table.
    pub fn table(&mut self, table: &Table) -> Result<(), Failure> {
        let text = if self.terminal { table.drawn(None) } else { table.plain() };
        write!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    /// Prints what was done, unless JSON is wanted and the server gave none.
    pub fn note(&mut self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.line(text) }
    }

    /// Hands on what was printed.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Prints bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(io::stdout().write_all(bytes)?)
    }
}

/// Prints to standard error what went wrong, why, and what to do next.
pub fn complain(failure: &Failure, json: bool) {
    if let (true, Failure::Refused(problem)) = (json, failure) {
        let text = serde_json::to_string(problem).unwrap_or_default();
        let _ = writeln!(io::stderr(), "{text}");
        return;
    }
    let mut err = anstream::stderr().lock();
    for (label, text) in failure.lines() {
        let _ = match label {
            "error" => writeln!(err, "{} {text}", "error:".red().bold()),
            "next" => writeln!(err, "{} {text}", " next:".green()),
            _ => writeln!(err, "{} {text}", format!("{label:>5}:").dimmed()),
        };
    }
}

/// Prints a remark to standard error, where it disturbs no pipe.
pub fn remark(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", text.dimmed());
}
