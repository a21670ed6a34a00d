//! What becomes of a delivery after a push.

use domain::agent::Agent;
use domain::delivery::{Delivery, Verb};
use domain::event::{EventKind, NewEvent};
use domain::{Directory, Span, TenantId};
use store::{Fact, Record};

use super::Pushed;
use crate::{Engine, Result, random};

impl Pushed {
    /// What the measures call it.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Done | Self::Taken => "delivered",
            Self::Gone => "gone",
            Self::Later { .. } => "throttled",
            Self::Failed { outcome, .. } => outcome,
        }
    }
}

impl Engine {
    /// What is to be done with a delivery that was pushed; nothing where its receiver will say.
    pub(super) fn verb_after(&self, pushed: &Pushed, delivery: &Delivery) -> Result<Option<Verb>> {
        let receipt = delivery.receipt();
        Ok(Some(match pushed {
            Pushed::Done => Verb::Ack { receipt: Some(receipt), note: None },
            Pushed::Taken => return Ok(None),
            Pushed::Gone => {
                let reason = "its webhook answered that it is gone for good (410)".to_owned();
                Verb::Terminate { receipt: Some(receipt), reason }
            }
            Pushed::Later { after, why } => {
                let delay = self.pause_after(delivery)?.max(after.unwrap_or_default());
                Verb::Nack { receipt, delay: Some(delay), reason: Some(why.clone()) }
            }
            Pushed::Failed { why, .. } => {
                Verb::Nack { receipt, delay: Some(self.pause_after(delivery)?), reason: Some(why.clone()) }
            }
        }))
    }

    /// The pause before the next attempt at this delivery.
    fn pause_after(&self, delivery: &Delivery) -> Result<Span> {
        let chance = u32::from_le_bytes(random::bytes()?);
        Ok(self.config().webhooks.pause(delivery.attempt, chance))
    }

    /// Takes an agent's webhook away, where it is still this one: its receiver wants nothing more. The agent's messages wait in
    /// its inbox.
    pub(super) async fn drop_webhook(&self, tenant: TenantId, agent: &str, url: &str) -> Result<()> {
        let now = self.now();
        let decide = |directory: &Directory| {
            let known = directory.agent(agent).filter(|known| known.webhook.as_deref() == Some(url));
            let Some(known) = known else {
                return Ok((Record::default(), ()));
            };
            let agent = Agent { webhook: None, ..known.clone() };
            let events = vec![NewEvent::of(EventKind::AgentUpdated, now, &agent).about(&agent.name)];
            Ok((Record { events, facts: vec![Fact::Agent(agent)] }, ()))
        };
        self.record(tenant, decide).await
    }
}
