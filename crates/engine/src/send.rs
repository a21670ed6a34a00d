//! Sending.

use std::sync::Arc;

use domain::key::Caller;
use domain::message::{Message, MessageId};
use domain::refusal::{Code, Refusal};
use domain::send::{self, Decision, Draft, Known};
use domain::{Directory, State, TenantId};
use store::{Change, Idempotency, Readable, Record, SendMessage, SendOutcome, Submitted};

use crate::directory::TRIES;
use crate::{Engine, Error, Result, Session};
use domain::IdempotencyKey;
use domain::view::{MessageView, Sent};

/// What is to be done for one draft.
enum Prepared {
    /// To send it.
    Send(Change<SendMessage>),
    /// To record that it was refused, and then to refuse it.
    Refuse(Change<Record>, Box<Refusal>),
    /// Nothing: it was sent before.
    Replay(MessageId),
}

/// A draft of a batch, on its way.
enum Underway {
    /// It is being sent, as this message and decided on this version of the directory.
    Send(Submitted<SendOutcome>, Arc<Message>, Option<i64>),
    /// It is being recorded that it was refused, by this version of the directory.
    Refuse(Submitted<()>, Box<Refusal>, Option<i64>),
    /// This is its answer.
    Done(Box<Result<Sent>>),
}

impl Session {
    /// Sends a message: after this it is durable and in every recipient's inbox.
    pub async fn send(&self, draft: Draft, key: Option<IdempotencyKey>) -> Result<Sent> {
        let caller = self.caller().await?;
        let idempotency = key.map(|key| self.idempotency(caller, &draft, key)).transpose()?;
        for _ in 0..TRIES {
            let outcome = match self.prepare(caller, &draft, idempotency.clone()).await? {
                Prepared::Send(change) => {
                    let (version, message) = (change.version, Arc::clone(&change.command.message));
                    let committed = self.inner.store.commit(change).await.map(|committed| committed.outcome);
                    self.sending(caller.tenant, version, message, committed).await
                }
                Prepared::Refuse(change, refusal) => {
                    let version = change.version;
                    let committed = self.inner.store.commit(change).await.map(drop);
                    self.refusing(caller.tenant, version, refusal, committed)
                }
                Prepared::Replay(id) => return self.sent_before(caller.tenant, id).await,
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }

    /// Sends many messages in their order, each with its own answer; they share commits.
    pub async fn send_batch(&self, drafts: Vec<(Draft, Option<IdempotencyKey>)>) -> Result<Vec<Result<Sent>>> {
        let caller = self.caller().await?;
        let mut prepared = Vec::with_capacity(drafts.len());
        for (draft, key) in &drafts {
            let key = key.clone().map(|key| self.idempotency(caller, draft, key)).transpose();
            prepared.push(match key {
                Ok(idempotency) => self.prepare(caller, draft, idempotency).await,
                Err(error) => Err(error),
            });
        }
        // All are in the queue before the first is waited for, so that they share commits.
        let mut underway = Vec::with_capacity(prepared.len());
        for prepared in prepared {
            let submitted = self.submit(caller.tenant, prepared).await;
            underway.push(submitted.unwrap_or_else(|error| Underway::Done(Box::new(Err(error)))));
        }
        let mut outcomes = Vec::with_capacity(underway.len());
        for underway in underway {
            outcomes.push(self.finish(caller.tenant, underway).await);
        }
        let mut answers = Vec::with_capacity(outcomes.len());
        for (outcome, (draft, key)) in outcomes.into_iter().zip(drafts) {
            answers.push(match outcome {
                Some(outcome) => outcome,
                // Decided on an old directory: decided again, by itself.
                None => self.send(draft, key).await,
            });
        }
        Ok(answers)
    }

    /// Decides what sending a draft would give, without sending it.
    pub async fn check_send(&self, draft: Draft) -> Result<Decision> {
        let caller = self.caller().await?;
        self.decide(caller, &draft).await.map(|(decision, _)| decision)
    }
}

impl Engine {
    /// Puts what was prepared into the store's queue.
    async fn submit(&self, tenant: TenantId, prepared: Result<Prepared>) -> Result<Underway> {
        Ok(match prepared? {
            Prepared::Send(change) => {
                let (version, message) = (change.version, Arc::clone(&change.command.message));
                Underway::Send(self.inner.store.submit(change).await?, message, version)
            }
            Prepared::Refuse(change, refusal) => {
                let version = change.version;
                Underway::Refuse(self.inner.store.submit(change).await?, refusal, version)
            }
            Prepared::Replay(id) => Underway::Done(Box::new(self.sent_before(tenant, id).await)),
        })
    }

    /// Waits for what is underway; none: it was decided on an old directory and is to be decided again.
    async fn finish(&self, tenant: TenantId, underway: Underway) -> Option<Result<Sent>> {
        match underway {
            Underway::Send(submitted, message, version) => {
                let committed = submitted.committed().await.map(|committed| committed.outcome);
                self.sending(tenant, version, message, committed).await
            }
            Underway::Refuse(submitted, refusal, version) => {
                self.refusing(tenant, version, refusal, submitted.committed().await.map(drop))
            }
            Underway::Done(outcome) => Some(*outcome),
        }
    }

    async fn decide(&self, caller: &Caller, draft: &Draft) -> Result<(Decision, i64)> {
        let directory = self.directory(caller.tenant).await?;
        let thread = match draft.in_reply_to {
            Some(parent) => Some(self.thread_to_join(caller, parent).await?),
            None => None,
        };
        // More than are allowed are refused below, without looking for each.
        let attached = draft.attachments.iter().take(self.inner.policy.limits.attachments);
        for (index, attached) in attached.enumerate() {
            if self.inner.store.attachment(Readable::by(caller), attached.sha256).await?.is_none() {
                let why = format!("{} was never stored here, or not for this key to read", attached.sha256);
                return Err(Refusal::field(Code::UnknownAttachment, format!("attachments[{index}]"), why)
                    .with_remedy(domain::Remedy::StoreAttachment)
                    .into());
            }
        }
        let (id, now) = (self.new_id()?, self.now());
        let decide = |directory: &Directory| send::decide(draft.clone(), &Known { directory, caller, thread, id, now });
        match decide(&directory) {
            Ok(decision) => Ok((decision, directory.version)),
            // Nothing will be committed that would show the directory to be old, so it is looked up.
            Err(refusal) => match self.directory_now(caller.tenant).await? {
                current if current.version == directory.version => Err(refusal.into()),
                current => Ok((decide(&current)?, current.version)),
            },
        }
    }

    async fn thread_to_join(&self, caller: &Caller, parent: MessageId) -> Result<MessageId> {
        let unknown = || Refusal::field(Code::UnknownParent, "in_reply_to", format!("there is no message `{parent}`"));
        let thread = self.thread_of(caller, parent).await?.ok_or_else(unknown)?;
        if self.may_read_thread(caller, thread).await? { Ok(thread) } else { Err(unknown().into()) }
    }

    async fn prepare(&self, caller: &Caller, draft: &Draft, idempotency: Option<Idempotency>) -> Result<Prepared> {
        let now = self.now();
        let decided = self.decide(caller, draft).await;
        // What was sent stays sent, though it would be refused today.
        if let Some(idempotency) = idempotency.as_ref().filter(|_| !matches!(decided, Ok((Decision::Send(..), _))))
            && let Some(before) = self.inner.store.sent_under(caller.tenant, idempotency, now).await?
        {
            return Ok(Prepared::Replay(before));
        }
        let (decision, version) = decided?;
        let (tenant, version) = (caller.tenant, Some(version));
        Ok(match decision {
            Decision::Send(message, before) => {
                let data = data(&message)?;
                let command = SendMessage { message: Arc::new(*message), data, before, idempotency };
                Prepared::Send(Change { tenant, now, version, command })
            }
            Decision::Refuse(refusal, fact) => {
                let command = Record { events: vec![fact], facts: Vec::new() };
                Prepared::Refuse(Change { tenant, now, version, command }, refusal)
            }
        })
    }

    /// Answers a message that was committed, and notifies whom it concerns; none: it was decided on an old directory and is to
    /// be decided again.
    async fn sending(
        &self,
        tenant: TenantId,
        version: Option<i64>,
        message: Arc<Message>,
        committed: store::Result<SendOutcome>,
    ) -> Option<Result<Sent>> {
        Some(match self.unless_old(tenant, version, committed)? {
            Ok(SendOutcome::Sent(seq)) => Ok(self.sent(tenant, message, seq)),
            Ok(SendOutcome::Replayed(id)) => self.sent_before(tenant, id).await,
            Err(error) => Err(error),
        })
    }

    /// Refuses a message once that is recorded; none: it was decided on an old directory and is to be decided again.
    fn refusing(
        &self,
        tenant: TenantId,
        version: Option<i64>,
        refusal: Box<Refusal>,
        committed: store::Result<()>,
    ) -> Option<Result<Sent>> {
        Some(self.unless_old(tenant, version, committed)?.and_then(|()| {
            self.notify_log(tenant);
            Err(Error::Refused(refusal))
        }))
    }

    /// What was committed; none where it was decided on an old directory, which is forgotten.
    fn unless_old<T>(&self, tenant: TenantId, version: Option<i64>, committed: store::Result<T>) -> Option<Result<T>> {
        if matches!(committed, Err(store::Error::Conflict)) {
            self.inner.directories.forget(tenant, version.unwrap_or_default());
            return None;
        }
        Some(committed.map_err(Error::from))
    }

    fn sent(&self, tenant: TenantId, message: Arc<Message>, seq: i64) -> Sent {
        if message.deliver_at.is_none() {
            for agent in &message.recipients {
                self.inner.ephemeral.notify_inbox(tenant, agent);
            }
        }
        self.notify_log(tenant);
        self.inner.ephemeral.notify_tasks();
        if let Some(observer) = &self.inner.observer {
            observer.sent(&self.tenant_name(tenant), message.kind, message.priority);
        }
        Sent { message: first_answer(message, seq), replayed: false }
    }

    async fn sent_before(&self, tenant: TenantId, id: MessageId) -> Result<Sent> {
        let stored = self.inner.store.message(tenant, id).await?;
        let stored = stored.ok_or_else(|| Error::Internal(format!("message {id} was sent and is not there")))?;
        Ok(Sent { message: first_answer(Arc::new(stored.message), stored.seq), replayed: true })
    }
}

/// The answer to sending: the same at the first time and at every repetition.
fn first_answer(message: Arc<Message>, seq: i64) -> MessageView {
    let state = if message.deliver_at.is_some() { State::Deferred } else { State::Pending };
    let recipients = message.recipients.iter().map(|agent| (agent.clone(), state)).collect();
    MessageView { fanning_out: message.fan_out, message, seq, recipients }
}

/// The bytes that are stored and hashed. Its texts are most of them, so they hardly ever have to move while it is written.
fn data(message: &Message) -> Result<String> {
    let failed = |error: String| Error::Internal(format!("cannot be written as JSON: {error}"));
    let mut data = Vec::with_capacity(message.subject.len() + message.body.len() + BESIDE_TEXTS);
    serde_json::to_writer(&mut data, message).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(data).map_err(|error| failed(error.to_string()))
}

/// What the usual message has beside its texts, in bytes.
const BESIDE_TEXTS: usize = 512;
