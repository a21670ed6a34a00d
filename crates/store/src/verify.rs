//! Verification: the chain recomputed, every delivery rebuilt from the log, and both compared with what is stored.

use std::collections::BTreeSet;

use domain::event::{Event, EventKind};
use domain::message::MessageId;
use domain::rebuild::Rebuilt;
use domain::{AgentName, Digest, TenantId, chain};

use crate::event::EventFilter;
use crate::rows::{DELIVERY, delivery_row};
use crate::value::Value;
use crate::{Result, Store};

/// What verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Events whose hash was recomputed.
    pub checked: i64,
    /// Deliveries that were compared.
    pub deliveries: i64,
    /// Where the log ends.
    pub head_seq: i64,
    /// The hash it ends with.
    pub head_hash: Digest,
    /// What is wrong; none: all is well. At most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The position in the log, where there is one.
    pub seq: Option<i64>,
    /// What sort of problem: `hash`, `gap`, `content`, `head`, `delivery`.
    pub what: &'static str,
    /// What exactly.
    pub detail: String,
}

/// Problems after which looking for more is no use.
pub const PROBLEMS_MAX: usize = 100;
const PAGE: usize = 2_000;

/// How often a delivery that moves while it is compared is looked at again.
const LOOKS: usize = 5;

impl Store {
    /// Verifies a tenant's log and deliveries, while both may go on changing.
    ///
    /// Reads everything once, in pages, and holds the state of every delivery in memory.
    pub async fn verify(&self, tenant: TenantId) -> Result<Report> {
        let mut check = Check::default();
        self.walk(tenant, &mut check).await?;
        let mut suspects = self.compare_all(tenant, &mut check).await?;
        for _ in 0..LOOKS {
            if suspects.is_empty() {
                break;
            }
            // Each may just have moved: the log up to now is read, and what it tells compared with how it stands now.
            self.walk(tenant, &mut check).await?;
            let mut still = Vec::new();
            for (agent, message, _) in suspects {
                let why = match self.delivery(tenant, agent.as_str(), message).await? {
                    Some(stored) => check.rebuilt.compare(&stored).err(),
                    None => Some("the log tells of it, the store has none".to_owned()),
                };
                still.extend(why.map(|why| (agent, message, why)));
            }
            suspects = still;
        }
        for (agent, message, why) in suspects {
            check.problem(None, "delivery", format!("message {message} to {agent}: {why}"));
        }
        Ok(check.report)
    }

    /// Recomputes the chain from where the check stands to the head, and rebuilds deliveries on the way.
    async fn walk(&self, tenant: TenantId, check: &mut Check) -> Result<()> {
        let (head_seq, head_hash, _) = self.head(tenant).await?.unwrap_or((0, Digest::ZERO, 0));
        while check.seq < head_seq && check.report.problems.len() < PROBLEMS_MAX {
            let events = self.events(tenant, &EventFilter::default(), check.seq, PAGE).await?;
            if events.is_empty() {
                check.problem(Some(check.seq + 1), "gap", format!("the log ends here, its head says {head_seq}"));
                break;
            }
            for event in events {
                check.event(&event);
            }
        }
        if check.seq == head_seq && check.hash != head_hash {
            check.problem(Some(head_seq), "head", format!("the head has the hash {head_hash}, the log {}", check.hash));
        }
        (check.report.head_seq, check.report.head_hash) = (check.seq, check.hash);
        Ok(())
    }

    /// Compares every stored delivery with what the log tells; answers those that differ, either way.
    async fn compare_all(&self, tenant: TenantId, check: &mut Check) -> Result<Vec<Suspect>> {
        let mut suspects = Vec::new();
        let mut stored = BTreeSet::new();
        let sql = format!(
            "SELECT {DELIVERY} FROM deliveries d WHERE d.tenant = $1 AND (d.agent, d.seq) > ($2, $3) \
             ORDER BY d.agent, d.seq LIMIT $4"
        );
        let mut after = (String::new(), 0);
        loop {
            let (agent, seq) = after.clone();
            let parameters = vec![tenant.0.into(), agent.into(), seq.into(), Value::Int(PAGE as i64)];
            let rows = self.query(sql.as_str(), parameters).await?;
            let full = rows.len() == PAGE;
            for mut row in rows {
                let delivery = delivery_row(&mut row)?;
                after = (delivery.agent.to_string(), delivery.seq);
                let differs = check.rebuilt.compare(&delivery).err();
                suspects.extend(differs.map(|why| (delivery.agent.clone(), delivery.message, why)));
                check.report.deliveries += 1;
                stored.insert((delivery.message, delivery.agent));
            }
            if !full {
                break;
            }
        }
        let missing = check.rebuilt.deliveries.keys().filter(|key| !stored.contains(key)).take(PROBLEMS_MAX);
        suspects.extend(missing.map(|(message, agent)| (agent.clone(), *message, "it is missing".to_owned())));
        suspects.truncate(PROBLEMS_MAX);
        Ok(suspects)
    }
}

/// A delivery that differs: whose, of which message, and in what.
type Suspect = (AgentName, MessageId, String);

/// How far verification has come.
#[derive(Default)]
struct Check {
    seq: i64,
    hash: Digest,
    rebuilt: Rebuilt,
    report: Report,
}

impl Check {
    fn event(&mut self, event: &Event) {
        if event.seq != self.seq + 1 {
            let detail = format!("event {} follows event {}", event.seq, self.seq);
            self.problem(Some(self.seq + 1), "gap", detail);
        }
        let hash = chain::link(&self.hash, event.seq, event.at, event.kind.as_str(), event.data.as_bytes());
        if hash != event.hash {
            let detail = format!(
                "event {} has the hash {}, its content and the event before give {hash}",
                event.seq, event.hash
            );
            self.problem(Some(event.seq), "hash", detail);
        }
        if let Err(why) = Self::indexed(event).and_then(|()| self.rebuilt.apply(event.seq, event.kind, &event.data)) {
            self.problem(Some(event.seq), "content", format!("event {}: {why}", event.seq));
        }
        // Goes on from what is stored, so that one broken link is one problem.
        (self.seq, self.hash) = (event.seq, event.hash);
        self.report.checked += 1;
    }

    /// Compares what stands beside the data, unhashed, with what the data say.
    fn indexed(event: &Event) -> std::result::Result<(), String> {
        if event.kind != EventKind::MessageSent {
            return Ok(());
        }
        let sent: Sent =
            serde_json::from_str(&event.data).map_err(|error| format!("its data cannot be read: {error}"))?;
        if event.message == Some(sent.id) && event.agent.as_ref() == Some(&sent.from) {
            return Ok(());
        }
        Err(format!("the index row of message {} is missing or another's", sent.id))
    }

    fn problem(&mut self, seq: Option<i64>, what: &'static str, detail: String) {
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(Problem { seq, what, detail });
        }
    }
}

/// What the index row of a message repeats.
#[derive(serde::Deserialize)]
struct Sent {
    id: MessageId,
    from: AgentName,
}
