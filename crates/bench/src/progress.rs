use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{task::JoinSet, time};

use crate::{float, load::Part, plan::Plan};

/// A bar on the terminal that follows a measurement; none in a pipe.
pub(crate) struct Progress {
    bar: ProgressBar,
    by_time: bool,
}

impl Progress {
    pub(crate) fn new(plan: Plan, what: &str, visible: bool) -> Self {
        let by_time = plan.rounds.is_none() || plan.interval.is_some();
        let length = if by_time { plan.duration.as_millis() as u64 } else { plan.rounds.unwrap_or(0) };
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{prefix:>8} {bar:40} {percent:>3} %  {msg}").ok();
        let bar = ProgressBar::with_draw_target(Some(length), target)
            .with_style(style.unwrap_or_else(ProgressStyle::default_bar))
            .with_prefix(what.to_owned());
        Self { bar, by_time }
    }

    /// Waits for the next connection's part to end, moving the bar meanwhile.
    pub(crate) async fn follow(&self, done: &AtomicU64, tasks: &mut JoinSet<Part>) -> Option<Part> {
        let mut tick = time::interval(Duration::from_millis(200));
        loop {
            tokio::select! {
                part = tasks.join_next() => return part.and_then(Result::ok),
                _ = tick.tick() => self.show(done.load(Ordering::Relaxed)),
            }
        }
    }

    fn show(&self, done: u64) {
        let elapsed = self.bar.elapsed();
        self.bar.set_position(if self.by_time { elapsed.as_millis() as u64 } else { done });
        let rate = float(done) / elapsed.as_secs_f64().max(0.001);
        self.bar.set_message(format!("{done} messages, {rate:.0}/s"));
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
