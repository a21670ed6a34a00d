//! Sessions: the one way in. A session knows who is calling and stands only as long as its key does.
//!
//! Every verb is a method of [`Session`] and asks [`Session::caller`] first, which is the only way to learn who is calling: so no
//! verb can be reached without a key that is good, or was good a moment ago.

use std::ops::Deref;
use std::sync::Arc;

use domain::key::Caller;
use domain::refusal::Refusal;
use domain::{AgentName, Span};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use crate::key::admin_key_digest;
use crate::keyring::{KnownKey, PERIOD, unauthenticated};
use crate::quota::Holder;
use crate::waiters::BodyBytes;
use crate::{Admitted, AnonymousAccess, Engine, Error, Result};

/// What a caller shows to be let in.
#[derive(Clone, Debug)]
pub struct Credentials<'a> {
    shown: Shown<'a>,
}

#[derive(Clone, Debug)]
enum Shown<'a> {
    Key(&'a str),
    Nothing(std::result::Result<(), Box<Refusal>>),
}

impl<'a> Credentials<'a> {
    /// The text of a key.
    pub fn bearer(text: &'a str) -> Self {
        Self { shown: Shown::Key(text) }
    }

    /// No key. `guarded` is what the adapter's own guard says of such a caller, as that it may be a web page of another origin;
    /// it counts where nobody needs a key.
    pub fn anonymous(guarded: std::result::Result<(), Refusal>) -> Self {
        Self { shown: Shown::Nothing(guarded.map_err(Box::new)) }
    }
}

/// What a session stands on.
#[derive(Clone)]
enum Standing {
    /// That no key is needed.
    Open,
    /// The key that configuration names.
    Configured,
    /// A key that may be revoked.
    Key(Arc<KnownKey>),
}

/// A caller that was let in, and everything it may do. Cheap to clone. Gives what [`Engine`] gives to everybody too.
///
/// Made by [`Engine::session`] only. It ends when its key is revoked or, where it has none, when the first key is made: then
/// every verb is refused with `unauthenticated`, and what waits ends, within a second and in every process.
#[derive(Clone)]
pub struct Session {
    engine: Engine,
    caller: Arc<Caller>,
    standing: Standing,
    admitted: Admitted,
}

impl Deref for Session {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl Engine {
    /// Lets a caller in: recognises its key, counts the request against the limits, and notes that its agent is there.
    ///
    /// Fails with `unauthenticated`, with what the adapter's guard said of a caller without a key, and with
    /// [`Error::RateLimited`], which tells the counts as [`Session::admitted`] does.
    pub async fn session(&self, credentials: Credentials<'_>) -> Result<Session> {
        let (caller, standing) = match credentials.shown {
            Shown::Key(text) if self.is_admin_key(text) => {
                let caller = Caller { key: Some("admin".to_owned()), ..Caller::open() };
                (Arc::new(caller), Standing::Configured)
            }
            Shown::Key(text) => {
                let known = self.recognise(text).await?;
                (Arc::clone(&known.caller), Standing::Key(known))
            }
            Shown::Nothing(guarded) => {
                self.must_be_open().await?;
                guarded.map_err(Error::Refused)?;
                (Arc::new(Caller::open()), Standing::Open)
            }
        };
        let admitted = self.admit(&caller).await;
        if admitted.refusal().is_some() {
            return Err(Error::RateLimited(admitted));
        }
        if let Some(agent) = caller.only_agent() {
            self.inner.ephemeral.seen(caller.tenant, agent, self.now());
        }
        Ok(Session { engine: self.clone(), caller, standing, admitted })
    }

    /// Whether everybody is let in without a key for good, as configuration says, and not only until the first key is made.
    pub fn is_open_to_all(&self) -> bool {
        self.inner.access.anonymous == AnonymousAccess::Always
    }

    fn is_admin_key(&self, text: &str) -> bool {
        self.inner.access.admin.is_some_and(|admin| admin.0.ct_eq(&admin_key_digest(text).0).into())
    }

    /// Fails with `unauthenticated` where a key is needed.
    async fn must_be_open(&self) -> Result<()> {
        let access = &self.inner.access;
        let open = match access.anonymous {
            AnonymousAccess::Always => true,
            AnonymousAccess::UntilFirstKey => access.admin.is_none() && !self.any_key().await?,
            AnonymousAccess::Never => false,
        };
        if open { Ok(()) } else { Err(unauthenticated("This server wants a key.").into()) }
    }
}

impl Session {
    /// What became of the request at its limits.
    pub fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    /// The name of the tenant that the session sees.
    pub fn tenant(&self) -> Arc<str> {
        self.engine.tenant_name(self.caller.tenant)
    }

    /// The agent that it speaks for where it names none: the only one of an `agent` key.
    pub fn only_agent(&self) -> Option<&AgentName> {
        self.caller.only_agent()
    }

    /// Room for the body of a request that is about to be read, counted for who is calling.
    pub fn body_bytes(&self) -> BodyBytes {
        self.engine.inner.waiters.body(Holder::of(&self.caller))
    }

    /// Who is calling; fails with `unauthenticated` once the session has ended.
    pub(crate) async fn caller(&self) -> Result<&Caller> {
        match &self.standing {
            Standing::Open => self.engine.must_be_open().await?,
            Standing::Configured => {}
            Standing::Key(known) => self.engine.must_hold(known).await?,
        }
        Ok(&self.caller)
    }

    /// Fails where the session has ended or the agent, for whom something is awaited, is retired.
    pub(crate) async fn must_go_on(&self, agent: Option<&AgentName>) -> Result<()> {
        let caller = self.caller().await?;
        let Some(agent) = agent else { return Ok(()) };
        let directory = self.engine.directory(caller.tenant).await?;
        if directory.agent(agent.as_str()).is_some_and(domain::Agent::is_active) {
            return Ok(());
        }
        let refusal =
            Refusal::new(domain::Code::NotFound, format!("The agent `{agent}` is retired; nothing comes to it."));
        Err(refusal.with_remedy("PUT brings an agent back.").into())
    }

    /// Passes when [`Session::must_go_on`] fails, and answers why.
    pub(crate) async fn ended(&self, agent: Option<&AgentName>) -> Error {
        let mut own = match &self.standing {
            Standing::Key(known) => Some(known.changes()),
            Standing::Open => Some(self.engine.inner.first_key.changes()),
            Standing::Configured => None,
        };
        let mut agents = agent.map(|_| self.engine.inner.directories.changes(self.caller.tenant));
        loop {
            if let Err(error) = self.must_go_on(agent).await {
                return error;
            }
            tokio::select! {
                () = changed(&mut own) => {}
                () = changed(&mut agents) => {}
                () = self.check_is_due() => {}
            }
        }
    }

    /// Passes when what other processes may have changed is to be read again.
    async fn check_is_due(&self) {
        if !self.engine.inner.store.is_shared() {
            return std::future::pending().await;
        }
        let now = self.engine.now();
        let key = if let Standing::Key(known) = &self.standing { known.checked() } else { None };
        let agents = self.engine.inner.directories.confirmed(self.caller.tenant);
        let passed = key.into_iter().chain(agents).map(|read| now.since(read)).max().unwrap_or(Span::ZERO);
        let left = Span(PERIOD.0 - passed.0).clamp(SHORTEST, PERIOD);
        tokio::time::sleep(left.to_std()).await;
    }
}

/// The shortest pause between two looks.
const SHORTEST: Span = Span::from_millis(10);

async fn changed(changes: &mut Option<watch::Receiver<()>>) {
    if let Some(changes) = changes
        && changes.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
