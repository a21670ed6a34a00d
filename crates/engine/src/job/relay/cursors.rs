//! How far each lane of each tenant's log was published. Lanes go on by themselves: one whose queue takes nothing stays where it
//! is, and what is written down for a tenant is where its last lane stands.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Priority, Span, TenantId, Time};
use tokio::sync::Notify;

use super::Batch;
use crate::job::run;

/// The longest pause of a lane that took nothing.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How far the lanes have come, and which of them publish now.
#[derive(Default)]
pub(super) struct Cursors {
    held: Mutex<Held>,
    /// Notifies when a lane is done that its step no longer waited for.
    pub(super) late: Notify,
}

#[derive(Default)]
struct Held {
    tenants: HashMap<TenantId, Progress>,
    written_at: Time,
    ways: [Way; Priority::ALL.len()],
}

/// How far a tenant's log was published.
#[derive(Clone, Copy, Default)]
struct Progress {
    lanes: [i64; Priority::ALL.len()],
    /// What is written down.
    written: i64,
}

impl Progress {
    fn last(&self) -> i64 {
        self.lanes.iter().copied().min().unwrap_or_default()
    }

    fn is_even(&self) -> bool {
        self.lanes.iter().all(|lane| *lane == self.lanes[0])
    }
}

/// What a lane is doing.
#[derive(Clone, Copy, Default)]
struct Way {
    publishing: bool,
    late: bool,
    failures: u32,
    not_before: Time,
}

impl Cursors {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where lanes that may publish now stand in a tenant's log: most of the time all in one place.
    pub(super) fn places(&self, tenant: TenantId, written: i64, now: Time) -> Vec<(i64, Vec<Priority>)> {
        let mut held = self.held();
        let progress = held.tenants.entry(tenant).or_default();
        progress.written = written.max(progress.written);
        progress.lanes = progress.lanes.map(|lane| lane.max(written));
        let (lanes, ways) = (progress.lanes, held.ways);
        let mut places: Vec<(i64, Vec<Priority>)> = Vec::new();
        for &lane in Priority::ALL {
            let (at, way) = (lanes[lane as usize], ways[lane as usize]);
            if way.publishing || now < way.not_before {
                continue;
            }
            match places.iter_mut().find(|(place, _)| *place == at) {
                Some((_, together)) => together.push(lane),
                None => places.push((at, vec![lane])),
            }
        }
        places
    }

    /// Notes that a lane publishes; it is left alone until it has arrived.
    pub(super) fn set_out(&self, lane: Priority) {
        self.held().ways[lane as usize].publishing = true;
    }

    /// Notes that nobody waits for the lanes that still publish.
    pub(super) fn go_on_without(&self) {
        for way in &mut self.held().ways {
            way.late = way.publishing;
        }
    }

    /// Notes that all of a lane's batch is published.
    pub(super) fn arrived(&self, batch: &Batch) {
        let mut held = self.held();
        for (tenant, seq) in &batch.reach {
            let progress = held.tenants.entry(*tenant).or_default();
            let at = &mut progress.lanes[batch.lane as usize];
            *at = (*seq).max(*at);
        }
        let late = std::mem::take(&mut held.ways[batch.lane as usize]).late;
        drop(held);
        if late {
            self.late.notify_one();
        }
    }

    /// Notes that a lane's batch was perhaps not published. It is tried again later where the lane is at fault, and at once
    /// where the broker is, who is left alone by the step itself.
    pub(super) fn failed(&self, lane: Priority, lane_is_at_fault: bool, now: Time) {
        let way = &mut self.held().ways[lane as usize];
        (way.publishing, way.late) = (false, false);
        if lane_is_at_fault {
            way.failures += 1;
            let pause = run::pause(way.failures).min(PAUSE_MAX);
            way.not_before = now.plus(Span::from_millis(pause.as_millis() as i64));
        }
    }

    /// Hands over what is to be written down; nothing, where that was less than `pause` ago.
    pub(super) fn take(&self, now: Time, pause: Span) -> Vec<(TenantId, i64)> {
        let mut held = self.held();
        if now.since(held.written_at) < pause {
            return Vec::new();
        }
        held.written_at = now;
        let mut moved = Vec::new();
        for (tenant, progress) in &mut held.tenants {
            if progress.last() > progress.written {
                progress.written = progress.last();
                moved.push((*tenant, progress.written));
            }
        }
        held.tenants.retain(|_, progress| !progress.is_even());
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::DEFAULT;

    fn batch(lane: Priority, seq: i64) -> Batch {
        Batch { lane, tasks: Vec::new(), reach: vec![(TENANT, seq)] }
    }

    fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn what_is_written_down_is_where_the_last_lane_stands() {
        let cursors = Cursors::default();
        assert_eq!(cursors.places(TENANT, 7, at(0)), [(7, Priority::ALL.to_vec())]);
        for lane in [Priority::Critical, Priority::High, Priority::Info] {
            cursors.arrived(&batch(lane, 20));
        }
        assert_eq!(cursors.take(at(1), Span::ZERO), [], "one lane still stands where all of them stood");
        cursors.arrived(&batch(Priority::Normal, 12));
        assert_eq!(cursors.take(at(2), Span::ZERO), [(TENANT, 12)]);
        assert_eq!(cursors.take(at(3), Span::ZERO), [], "it is written down once");
        let rest = vec![Priority::Critical, Priority::High, Priority::Info];
        assert_eq!(cursors.places(TENANT, 12, at(3)), [(20, rest), (12, vec![Priority::Normal])]);
        cursors.arrived(&batch(Priority::Normal, 20));
        assert_eq!(cursors.take(at(4), Span::ZERO), [(TENANT, 20)]);
        assert!(cursors.held().tenants.is_empty(), "nothing is kept of who is even");
    }

    #[test]
    fn a_lane_that_takes_nothing_is_left_alone_for_a_while() {
        let cursors = Cursors::default();
        let free = |now| cursors.places(TENANT, 0, at(now)).iter().map(|(_, lanes)| lanes.len()).sum::<usize>();
        cursors.set_out(Priority::Normal);
        assert_eq!(free(0), 3, "it publishes");
        cursors.failed(Priority::Normal, true, at(0));
        assert_eq!((free(499), free(500)), (3, 4));
        cursors.failed(Priority::Normal, false, at(500));
        assert_eq!(free(500), 4, "it was not the lane");
        (0..10).for_each(|_| cursors.failed(Priority::Normal, true, at(1_000)));
        assert_eq!((free(5_999), free(6_000)), (3, 4));
    }
}
