//! The rows of decisions.

use domain::decision::{Change, Decision};
use domain::event::{EventKind, NewEvent};
use domain::message::MessageId;
use domain::{AgentName, TenantId, Time};

use super::Batch;
use crate::archive::statements::DELETE_ASKED_OF;
use crate::statements::{DELETE_ASKED, MOVE_ASKED, PUT_ASKED, PUT_DECISION};
use crate::{Error, Result};

impl Batch {
    /// Opens a decision and records it.
    pub(crate) fn open_decision(&mut self, tenant: TenantId, decision: &Decision, now: Time) -> Result<()> {
        self.event(tenant, NewEvent::of_decision(EventKind::DecisionOpened, now, decision, None))?;
        self.put_decision(tenant, decision)
    }

    /// Changes a decision and records it.
    pub(crate) fn change_decision(&mut self, tenant: TenantId, change: &Change, now: Time) -> Result<()> {
        let Change { decision, kind, before } = change;
        self.event(tenant, NewEvent::of_decision(*kind, now, decision, before.as_ref()))?;
        self.put_decision(tenant, decision)
    }

    /// Writes a decision as it is, without an event: one that is already told of.
    pub(crate) fn put_decision(&mut self, tenant: TenantId, decision: &Decision) -> Result<()> {
        let data = serde_json::to_string(decision).map_err(|error| Error::Corrupt(error.to_string()))?;
        let id = decision.message_id;
        let (state, place) = (decision.state.code(), decision.place());
        self.push((
            &PUT_DECISION,
            vec![
                tenant.0.into(),
                id.into(),
                (&decision.asked_by).into(),
                decision.domain.as_deref().into(),
                state.into(),
                place.into(),
                data.into(),
            ],
        ));
        if decision.fan_out {
            self.push((&MOVE_ASKED, vec![tenant.0.into(), id.into(), state.into(), place.into()]));
        } else {
            for name in &decision.asked_of {
                self.asked(tenant, decision, &AgentName::stored(name.clone()));
            }
        }
        if let Some(ruled) = &mut self.ruled {
            ruled.insert((tenant, id), decision.clone());
        }
        Ok(())
    }

    /// Writes a decision that is brought in: who was asked is known by it alone.
    pub(crate) fn bring_decision(&mut self, tenant: TenantId, decision: &Decision) -> Result<()> {
        if !decision.fan_out {
            self.push((&DELETE_ASKED_OF, vec![tenant.0.into(), decision.message_id.into()]));
        }
        self.put_decision(tenant, decision)
    }

    /// Notes that somebody was asked.
    pub(crate) fn asked(&mut self, tenant: TenantId, decision: &Decision, agent: &AgentName) {
        let (state, place) = (decision.state.code(), decision.place());
        let row = vec![tenant.0.into(), decision.message_id.into(), agent.into(), state.into(), place.into()];
        self.push((&PUT_ASKED, row));
    }

    /// Notes that somebody is no longer asked.
    pub(crate) fn not_asked(&mut self, tenant: TenantId, message: MessageId, agent: &AgentName) {
        self.push((&DELETE_ASKED, vec![tenant.0.into(), message.into(), agent.into()]));
    }
}
