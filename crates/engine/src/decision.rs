//! Decisions: what waits for whom, asking for the outcome, deciding, withdrawing.

use domain::decision::{Above, Deciding, Decision, DecisionState, Walk};
use domain::key::{Caller, Role};
use domain::message::{Kind, Message, MessageId};
use domain::refusal::{Code, Refusal};
use domain::send::Draft;
use domain::{AgentName, Page, Paged, Span, bounds};
use store::{DecisionFilter, StoredMessage};

use crate::quota::Holder;
use crate::{Engine, Result, Session};

/// Which decisions are wanted; every condition must hold.
#[derive(Clone, Debug, Default)]
pub struct DecisionsQuery {
    /// In one of these states; none: in any.
    pub states: Vec<DecisionState>,
    /// Asked of this agent.
    pub asked_of: Option<String>,
    /// Asked by this agent.
    pub asked_by: Option<String>,
    /// In this domain.
    pub domain: Option<String>,
}

impl Session {
    /// Decisions, open ones first and of these the one with the earliest deadline; then the others, the latest first in each
    /// state. An `agent` key that names nobody finds what was asked of its agents.
    pub async fn decisions(&self, query: DecisionsQuery, page: &Page) -> Result<Paged<Decision>> {
        let caller = self.caller().await?;
        let limit = self.limit(page)?;
        let start = (DecisionState::Open, i64::MIN, MessageId::FIRST);
        let (state, place, message) = page.by_decision()?.unwrap_or(start);
        let filters = Self::decision_filters(caller, &query)?;
        let mut found: Vec<Decision> = Vec::new();
        let wanted = |wanted: &DecisionState| query.states.is_empty() || query.states.contains(wanted);
        for wanted in DecisionState::ALL.iter().copied().filter(wanted).filter(|wanted| *wanted >= state) {
            let after = if wanted == state { (place, message) } else { (i64::MIN, MessageId::FIRST) };
            let mut part = Vec::new();
            for filter in &filters {
                let store = &self.inner.store;
                part.extend(store.decisions(caller.tenant, filter, wanted, after, limit + 1).await?);
            }
            part.sort_by_key(|decision| (decision.place(), decision.message_id));
            part.dedup_by_key(|decision| decision.message_id);
            found.extend(part);
            if found.len() > limit {
                break;
            }
        }
        Ok(Paged::of(found, limit, cursor))
    }

    /// Whose decisions are looked for: those of one agent, or of each of the caller's.
    fn decision_filters(caller: &Caller, query: &DecisionsQuery) -> Result<Vec<DecisionFilter>> {
        let fields = [("for", &query.asked_of), ("from", &query.asked_by), ("domain", &query.domain)];
        for (field, text) in fields {
            if text.as_ref().is_some_and(|text| !AgentName::is_valid(text)) {
                let why = "must be 1 to 64 of letters, digits, `.`, `_` and `-`";
                return Err(Refusal::field(Code::InvalidField, field, why).into());
            }
        }
        let name = |name: &Option<String>| name.clone().map(AgentName::stored);
        let filter = DecisionFilter {
            asked_of: name(&query.asked_of),
            asked_by: name(&query.asked_by),
            domain: query.domain.clone(),
        };
        let own = |agent: &Option<AgentName>| agent.as_ref().is_some_and(|agent| caller.reads_for(agent.as_str()));
        if caller.role != Role::Agent || own(&filter.asked_of) || own(&filter.asked_by) {
            return Ok(vec![filter]);
        }
        if let Some(other) = filter.asked_of.as_ref().or(filter.asked_by.as_ref()) {
            return Err(Refusal::not_found("agent", other).into());
        }
        let of = |agent: &AgentName| DecisionFilter { asked_of: Some(agent.clone()), ..filter.clone() };
        Ok(caller.agents.iter().map(of).collect())
    }

    /// The decision that a message asked for; while it is open, waits up to `wait` for it to be made.
    pub async fn decision(&self, id: MessageId, wait: Span) -> Result<Decision> {
        let caller = self.caller().await?;
        self.check_wait(wait)?;
        let (_, decision) = self.asked(caller, id).await?;
        if decision.state != DecisionState::Open || wait == Span::ZERO {
            return Ok(decision);
        }
        let _place = self.inner.waiters.long_poll(Holder::of(caller), &decision.asked_by)?;
        // Whatever ends it notifies who asked.
        let subscription = self.inner.ephemeral.inbox(caller.tenant, &decision.asked_by);
        let (deadline, ended) = (tokio::time::sleep(wait.to_std()), self.ended(None));
        tokio::pin!(deadline, ended);
        loop {
            let notified = subscription.notified();
            let (_, decision) = self.asked(caller, id).await?;
            if decision.state != DecisionState::Open {
                return Ok(decision);
            }
            tokio::select! {
                () = notified => {}
                () = self.poll_interval() => {}
                error = &mut ended => return Err(error),
                () = &mut deadline => return Ok(decision),
                () = self.inner.draining.cancelled() => return Ok(decision),
            }
        }
    }

    /// Decides or withdraws what a message asked, by a message of its own, and answers what the decision then is. It is the same
    /// as sending that message.
    pub async fn decide(&self, id: MessageId, deciding: Deciding) -> Result<Decision> {
        let caller = self.caller().await?;
        let field = if deciding.kind.is_some() { "note" } else { "reason" };
        bounds::words(field, deciding.note.as_deref(), &self.inner.policy.limits)?;
        let (stored, decision) = self.asked(caller, id).await?;
        let directory = self.directory_now(caller.tenant).await?;
        let mut deciding = deciding;
        deciding.from = deciding.from.or_else(|| caller.only_agent().map(ToString::to_string));
        let draft = deciding.draft(&stored.message, &decision, &directory);
        drop(directory);
        self.send(draft, None).await?;
        Ok(self.asked(caller, id).await?.1)
    }

    /// A message that the caller may read and the decision that it opened.
    async fn asked(&self, caller: &Caller, id: MessageId) -> Result<(StoredMessage, Decision)> {
        let stored = self.readable(caller, id).await?;
        match self.inner.store.decision(caller.tenant, id).await? {
            Some(decision) => Ok((stored, decision)),
            // It was sent before decisions had rows of their own.
            None if stored.message.asks() => {
                let decision = Decision::open(&stored.message, stored.message.domain.clone());
                Ok((stored, decision))
            }
            None => {
                let detail =
                    format!("Message `{id}` asks for no decision: it is of the kind `{}`.", stored.message.kind);
                Err(Refusal::new(Code::NotFound, detail).with_remedy("Name a `request` or a `propose`.").into())
            }
        }
    }
}

impl Engine {
    /// Fails with `invalid-duration` where a wait is longer than any may be.
    pub(crate) fn check_wait(&self, wait: Span) -> Result<()> {
        let max = self.config().limits.wait_max;
        if wait <= max {
            return Ok(());
        }
        Err(Refusal::field(Code::InvalidDuration, "wait", format!("`{wait}` must be at most {max}")).into())
    }

    /// What stands above a draft, where it answers something and its kind has to do with decisions.
    pub(crate) async fn above_draft(&self, caller: &Caller, draft: &Draft) -> Result<Option<Above>> {
        let Some(parent) = draft.in_reply_to.filter(|_| draft.kind != Kind::Inform || draft.act.is_some()) else {
            return Ok(None);
        };
        let who = draft.from.as_deref().or(caller.only_agent().map(AgentName::as_str)).unwrap_or_default();
        self.above(caller, parent, who).await
    }

    /// What stands above an answer to a message by this agent; fails with `archived` where that message has left the store.
    pub(crate) async fn above(&self, caller: &Caller, parent: MessageId, who: &str) -> Result<Option<Above>> {
        let tenant = caller.tenant;
        let store = &self.inner.store;
        let mut walk = Walk::default();
        let mut asked: Option<Message> = None;
        let mut next = Some(parent);
        while let Some(id) = next {
            let Some(stored) = store.message(tenant, id).await? else { break };
            next = walk.step(&stored.message);
            if walk.asked() == Some(id) {
                asked = Some(stored.message);
            }
        }
        let Some(subject) = walk.subject() else { return Err(self.gone(caller, "message", parent).await?.into()) };
        let decision = match asked {
            None => None,
            Some(message) => {
                let known = store.decision(tenant, message.id).await?;
                Some(known.unwrap_or_else(|| Decision::open(&message, message.domain.clone())))
            }
        };
        let received = AgentName::is_valid(who) && store.delivery(tenant, who, subject).await?.is_some();
        Ok(walk.above(decision, &AgentName::stored(who.to_owned()), received))
    }
}

fn cursor(decision: &Decision) -> String {
    format!("{}.{}.{}", decision.state.code(), decision.place(), decision.message_id)
}
