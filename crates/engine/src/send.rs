//! Sending.

use std::sync::Arc;

use domain::event::NewEvent;
use domain::key::Caller;
use domain::message::{Message, MessageId};
use domain::refusal::{Code, Refusal};
use domain::send::{self, Decision, Draft, Known};
use domain::{Digest, State};
use store::{Answer, Change, Idempotency, Sending, What};

use crate::directory::TRIES;
use crate::message::MessageView;
use crate::{Engine, Error, Result};

/// An idempotency key and the digest of the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key; 1 to `limits.idempotency_key_bytes` visible characters.
    pub key: String,
    /// The SHA-256 of the request.
    pub fingerprint: Digest,
}

/// A message that was sent, now or before.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message.
    pub message: MessageView,
    /// Whether it was sent before, under the same idempotency key.
    pub replayed: bool,
}

/// What is to be committed for one draft.
enum Prepared {
    Send(Arc<Message>, Change),
    Refuse(Box<Refusal>, Change),
}

impl Engine {
    /// Sends a message: after this it is durable and in every recipient's inbox.
    pub async fn send(&self, caller: &Caller, draft: Draft, key: Option<IdempotencyKey>) -> Result<Sent> {
        for _ in 0..TRIES {
            let (message, change) = match self.prepare(caller, draft.clone(), key.clone()).await? {
                Prepared::Send(message, change) => (Some(message), change),
                Prepared::Refuse(refusal, change) => match self.inner.store.commit(change).await {
                    Ok(_) => return Err(Error::Refused(refusal)),
                    Err(store::Error::Conflict) => {
                        self.inner.directories.forget(caller.tenant);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                },
            };
            match self.inner.store.commit(change).await {
                Ok(committed) => return self.sent(caller, message, committed.answer).await,
                Err(store::Error::Conflict) => self.inner.directories.forget(caller.tenant),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }

    /// Sends many messages in their order, each with its own answer; they share commits.
    pub async fn send_batch(&self, caller: &Caller, drafts: Vec<(Draft, Option<IdempotencyKey>)>) -> Vec<Result<Sent>> {
        let mut outcomes: Vec<Option<Result<Sent>>> = Vec::new();
        let (mut changes, mut waiting) = (Vec::new(), Vec::new());
        for (index, (draft, key)) in drafts.iter().enumerate() {
            let prepared = self.prepare(caller, draft.clone(), key.clone()).await;
            outcomes.push(None);
            match prepared {
                Ok(Prepared::Send(message, change)) => {
                    changes.push(change);
                    waiting.push((index, Ok(message)));
                }
                Ok(Prepared::Refuse(refusal, change)) => {
                    changes.push(change);
                    waiting.push((index, Err(refusal)));
                }
                Err(error) => outcomes[index] = Some(Err(error)),
            }
        }
        let committed = self.inner.store.commit_all(changes).await;
        for ((index, prepared), committed) in waiting.into_iter().zip(committed) {
            outcomes[index] = match (prepared, committed) {
                (Ok(message), Ok(committed)) => Some(self.sent(caller, Some(message), committed.answer).await),
                (Err(refusal), Ok(_)) => Some(Err(Error::Refused(refusal))),
                // Decided on an old directory: decided again, by itself.
                (_, Err(store::Error::Conflict)) => None,
                (_, Err(error)) => Some(Err(error.into())),
            };
        }
        let mut answers = Vec::with_capacity(outcomes.len());
        for (outcome, (draft, key)) in outcomes.into_iter().zip(drafts) {
            if let Some(outcome) = outcome {
                answers.push(outcome);
                continue;
            }
            self.inner.directories.forget(caller.tenant);
            answers.push(self.send(caller, draft, key).await);
        }
        answers
    }

    /// Decides what sending a draft would give, without sending it.
    pub async fn check_send(&self, caller: &Caller, draft: Draft) -> Result<Decision> {
        self.decide(caller, draft).await.map(|(decision, _)| decision)
    }

    async fn decide(&self, caller: &Caller, draft: Draft) -> Result<(Decision, i64)> {
        let directory = self.directory(caller.tenant).await?;
        let thread = match draft.in_reply_to {
            Some(parent) => Some(self.thread_to_join(caller, parent).await?),
            None => None,
        };
        for attached in &draft.attachments {
            if self.inner.store.attachment(caller.tenant, attached.sha256).await?.is_none() {
                let why = format!("{} was never stored here", attached.sha256);
                return Err(Refusal::field(Code::UnknownAttachment, "attachments", why)
                    .with_remedy("Store it first: POST /api/v1/attachments, or `coord attach put`.")
                    .into());
            }
        }
        let known = Known { directory: &directory, caller, thread, id: self.new_id()?, now: self.now() };
        Ok((send::decide(draft, &known)?, directory.version))
    }

    async fn thread_to_join(&self, caller: &Caller, parent: MessageId) -> Result<MessageId> {
        let unknown = || Refusal::field(Code::UnknownParent, "in_reply_to", format!("there is no message `{parent}`"));
        let thread = self.inner.store.thread_of(caller.tenant, parent).await?.ok_or_else(unknown)?;
        if self.may_read_thread(caller, thread).await? { Ok(thread) } else { Err(unknown().into()) }
    }

    async fn prepare(&self, caller: &Caller, draft: Draft, key: Option<IdempotencyKey>) -> Result<Prepared> {
        let idempotency = key.map(|key| self.idempotency(key)).transpose()?;
        let now = self.now();
        let (decision, version) = self.decide(caller, draft).await?;
        let change = |what| Change { tenant: caller.tenant, now, version: Some(version), what };
        match decision {
            Decision::Send(message, before) => {
                let data = json(&message)?;
                let message = Arc::new(*message);
                let sending = Sending { message: Arc::clone(&message), data, before, idempotency };
                Ok(Prepared::Send(message, change(What::Send(Box::new(sending)))))
            }
            Decision::Refuse(refusal, fact) => {
                let events: Vec<NewEvent> = vec![fact];
                Ok(Prepared::Refuse(refusal, change(What::Record { events, facts: Vec::new() })))
            }
        }
    }

    fn idempotency(&self, key: IdempotencyKey) -> Result<Idempotency> {
        let max = self.inner.policy.limits.idempotency_key_bytes;
        if key.key.is_empty() || key.key.len() > max || !key.key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = format!("must be 1 to {max} visible ASCII characters");
            return Err(Refusal::field(Code::InvalidField, "Idempotency-Key", why).into());
        }
        let until = self.now().plus(self.config().limits.idempotency_retention);
        Ok(Idempotency { key: key.key, fingerprint: key.fingerprint, until })
    }

    /// Answers a commit, and wakes whom it concerns.
    async fn sent(&self, caller: &Caller, message: Option<Arc<Message>>, answer: Answer) -> Result<Sent> {
        match (answer, message) {
            (Answer::Sent(seq), Some(message)) => {
                if message.deliver_at.is_none() {
                    for agent in &message.recipients {
                        self.inner.ephemeral.ring_inbox(caller.tenant, agent);
                    }
                }
                self.grown(caller.tenant);
                self.inner.relay.raise();
                if let Some(observer) = self.inner.observer.get() {
                    observer.sent(&self.tenant_name(caller.tenant), message.kind, message.priority);
                }
                Ok(Sent { message: first_answer(message, seq), replayed: false })
            }
            (Answer::Replayed(id), _) => {
                let stored = self.inner.store.message(caller.tenant, id).await?;
                let stored =
                    stored.ok_or_else(|| Error::Internal(format!("message {id} was sent and is not there")))?;
                Ok(Sent { message: first_answer(Arc::new(stored.message), stored.seq), replayed: true })
            }
            (answer, _) => Err(Error::Internal(format!("a message was answered with {answer:?}"))),
        }
    }
}

/// The answer to sending: the same at the first time and at every repetition.
fn first_answer(message: Arc<Message>, seq: i64) -> MessageView {
    let state = if message.deliver_at.is_some() { State::Deferred } else { State::Pending };
    let recipients = message.recipients.iter().map(|agent| (agent.clone(), state)).collect();
    MessageView { fanning_out: message.fan_out, message, seq, recipients }
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(format!("cannot be written as JSON: {error}")))
}
