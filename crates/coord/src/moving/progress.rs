//! How far a move has come: a bar on the terminal, nothing in a pipe.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that is gone when it is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar of so many of these, of which some are done.
    pub(super) fn of(what: &'static str, all: u64, done: u64) -> Self {
        let target = if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let template = "{prefix:>12} {bar:40} {percent:>3} %  {human_pos} of {human_len}, {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(all), target).with_style(style).with_prefix(what);
        bar.set_position(done);
        bar.reset_eta();
        Self(bar)
    }

    /// So many are done.
    pub(super) fn at(&self, done: i64) {
        self.0.set_position(done.unsigned_abs());
    }

    /// One more is done.
    pub(super) fn more(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
