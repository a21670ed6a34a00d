//! Sending.

use std::sync::Arc;

use domain::key::Caller;
use domain::message::{Message, MessageId};
use domain::refusal::{Code, Refusal};
use domain::send::{self, Decision, Draft, Known};
use domain::{Directory, State, TenantId};
use store::{Answer, Change, Committed, Idempotency, Sending, What};

use crate::directory::TRIES;
use crate::{Engine, Error, Result};
use domain::IdempotencyKey;
use domain::view::{MessageView, Sent};

/// What is to be done for one draft.
enum Prepared {
    /// To commit this, and then to answer with the message or the refusal.
    Commit(Answered, Change),
    /// Nothing: it was sent before.
    Replay(MessageId),
}

type Answered = std::result::Result<Arc<Message>, Box<Refusal>>;

impl Engine {
    /// Sends a message: after this it is durable and in every recipient's inbox.
    pub async fn send(&self, caller: &Caller, draft: Draft, key: Option<IdempotencyKey>) -> Result<Sent> {
        let idempotency = key.map(|key| self.idempotency(caller, &draft, key)).transpose()?;
        for _ in 0..TRIES {
            let (answered, change) = match self.prepare(caller, &draft, idempotency.clone()).await? {
                Prepared::Commit(answered, change) => (answered, change),
                Prepared::Replay(id) => return self.sent_before(caller.tenant, id).await,
            };
            let version = change.version;
            let committed = self.inner.store.commit(change).await;
            if let Some(outcome) = self.outcome(caller.tenant, version, answered, committed).await {
                return outcome;
            }
        }
        Err(Error::Store(store::Error::Conflict))
    }

    /// Sends many messages in their order, each with its own answer; they share commits.
    pub async fn send_batch(&self, caller: &Caller, drafts: Vec<(Draft, Option<IdempotencyKey>)>) -> Vec<Result<Sent>> {
        let mut outcomes = Vec::with_capacity(drafts.len());
        let (mut changes, mut waiting) = (Vec::new(), Vec::new());
        for (index, (draft, key)) in drafts.iter().enumerate() {
            let key = key.clone().map(|key| self.idempotency(caller, draft, key)).transpose();
            let prepared = match key {
                Ok(idempotency) => self.prepare(caller, draft, idempotency).await,
                Err(error) => Err(error),
            };
            outcomes.push(match prepared {
                Ok(Prepared::Commit(answered, change)) => {
                    waiting.push((index, change.version, answered));
                    changes.push(change);
                    None
                }
                Ok(Prepared::Replay(id)) => Some(self.sent_before(caller.tenant, id).await),
                Err(error) => Some(Err(error)),
            });
        }
        let committed = self.inner.store.commit_all(changes).await;
        for ((index, version, answered), committed) in waiting.into_iter().zip(committed) {
            outcomes[index] = self.outcome(caller.tenant, version, answered, committed).await;
        }
        let mut answers = Vec::with_capacity(outcomes.len());
        for (outcome, (draft, key)) in outcomes.into_iter().zip(drafts) {
            answers.push(match outcome {
                Some(outcome) => outcome,
                // Decided on an old directory: decided again, by itself.
                None => self.send(caller, draft, key).await,
            });
        }
        answers
    }

    /// Decides what sending a draft would give, without sending it.
    pub async fn check_send(&self, caller: &Caller, draft: Draft) -> Result<Decision> {
        self.decide(caller, &draft).await.map(|(decision, _)| decision)
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
            if self.inner.store.attachment(caller.tenant, attached.sha256).await?.is_none() {
                let why = format!("{} was never stored here", attached.sha256);
                return Err(Refusal::field(Code::UnknownAttachment, format!("attachments[{index}]"), why)
                    .with_remedy("Store it first: POST /api/v1/attachments, or `coord attach put`.")
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
        let change = |what| Change { tenant: caller.tenant, now, version: Some(version), what };
        Ok(match decision {
            Decision::Send(message, before) => {
                let data = data(&message)?;
                let message = Arc::new(*message);
                let sending = Sending { message: Arc::clone(&message), data, before, idempotency };
                Prepared::Commit(Ok(message), change(What::Send(Box::new(sending))))
            }
            Decision::Refuse(refusal, fact) => {
                let what = What::Record { events: vec![fact], facts: Vec::new() };
                Prepared::Commit(Err(refusal), change(what))
            }
        })
    }

    /// Answers a commit, and wakes whom it concerns; none: it was decided on an old directory and is to be decided again.
    async fn outcome(
        &self,
        tenant: TenantId,
        version: Option<i64>,
        answered: Answered,
        committed: store::Result<Committed>,
    ) -> Option<Result<Sent>> {
        let answer = match committed {
            Ok(committed) => committed.answer,
            Err(store::Error::Conflict) => {
                self.inner.directories.forget(tenant, version.unwrap_or_default());
                return None;
            }
            Err(error) => return Some(Err(error.into())),
        };
        Some(match (answer, answered) {
            (Answer::Sent(seq), Ok(message)) => Ok(self.sent(tenant, message, seq)),
            (Answer::Replayed(id), Ok(_)) => self.sent_before(tenant, id).await,
            (Answer::Done, Err(refusal)) => {
                self.grown(tenant);
                Err(Error::Refused(refusal))
            }
            (answer, _) => Err(Error::Internal(format!("a message was answered with {answer:?}"))),
        })
    }

    fn sent(&self, tenant: TenantId, message: Arc<Message>, seq: i64) -> Sent {
        if message.deliver_at.is_none() {
            for agent in &message.recipients {
                self.inner.ephemeral.ring_inbox(tenant, agent);
            }
        }
        self.grown(tenant);
        self.inner.ephemeral.ring_tasks();
        if let Some(observer) = self.inner.observer.get() {
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
