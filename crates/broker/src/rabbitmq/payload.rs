//! What travels: tasks of one lane as a small JSON text, ids only.

use domain::{Priority, TenantId};
use serde::{Deserialize, Serialize};

use crate::Task;
use crate::queues::lanes;

/// Tasks in one message: enough that under load a message's cost is shared, few enough that one which cannot be finished
/// holds up few others.
const TASKS_MAX: usize = 100;

/// `{"tasks":[[tenant, seq, whether recipients are still to be written], ...]}`; the queue says which lane.
#[derive(Serialize, Deserialize)]
struct Payload {
    tasks: Vec<(TenantId, i64, bool)>,
}

/// The messages that carry these tasks, for each lane that has any, in its order.
pub(super) fn pack(tasks: &[Task]) -> Vec<(Priority, Vec<Vec<u8>>)> {
    let of_lane = |lane: Priority| {
        let own = tasks.iter().filter(|task| task.lane == lane);
        let rows: Vec<_> = own.map(|task| (task.tenant, task.seq, task.fan_out)).collect();
        // Numbers in arrays: there is nothing in them that has no JSON.
        let message = |rows: &[_]| serde_json::to_vec(&Payload { tasks: rows.to_vec() }).unwrap_or_default();
        (lane, rows.chunks(TASKS_MAX).map(message).collect::<Vec<_>>())
    };
    lanes().map(|(_, lane)| of_lane(lane)).filter(|(_, messages)| !messages.is_empty()).collect()
}

/// The tasks in a message of this lane; none when it cannot be read.
pub(super) fn unpack(lane: Priority, bytes: &[u8]) -> Option<Vec<Task>> {
    let payload: Payload = serde_json::from_slice(bytes).ok()?;
    let task = |(tenant, seq, fan_out)| Task { tenant, seq, lane, fan_out };
    Some(payload.tasks.into_iter().map(task).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_travel_by_lane_and_a_hundred_at_a_time() {
        let task = |seq: i64| Task {
            tenant: TenantId(7),
            seq,
            lane: if seq % 2 == 0 { Priority::Critical } else { Priority::Info },
            fan_out: seq == 3,
        };
        let tasks: Vec<Task> = (0..250).map(task).collect();
        let packed = pack(&tasks);
        let lanes: Vec<(Priority, usize)> = packed.iter().map(|(lane, messages)| (*lane, messages.len())).collect();
        assert_eq!(lanes, [(Priority::Critical, 2), (Priority::Info, 2)]);
        let read = |(lane, messages): &(Priority, Vec<Vec<u8>>)| -> Vec<Task> {
            messages.iter().flat_map(|bytes| unpack(*lane, bytes).unwrap()).collect()
        };
        let mut back: Vec<Task> = packed.iter().flat_map(read).collect();
        back.sort_by_key(|task| task.seq);
        assert_eq!(back, tasks);
    }

    #[test]
    fn what_is_no_payload_is_not_read() {
        for text in ["", "null", "{}", "[[1,2,false]]", r#"{"tasks":[[1,"2",false]]}"#] {
            assert_eq!(unpack(Priority::Info, text.as_bytes()), None, "{text}");
        }
    }
}
