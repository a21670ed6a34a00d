//! Recognised keys: what this process knows of the keys in use, and for how long it may go by that.
//!
//! A key that is revoked in this process ends at once. One that another process revokes is heard of where there is Redis, and
//! else found by reading its row again: once per key in [`PERIOD`], however many sessions and streams stand on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::key::{Caller, Key};
use domain::refusal::{Code, Refusal};
use domain::{Digest, Span, TenantId, Time};
use store::KeyRow;
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use crate::key::admin_key_digest;
use crate::{Engine, Result};

/// How long what was read of a key or of a tenant's agents is gone by, where other processes may change it. Less than the
/// second within which a revocation must work everywhere, by what reading takes.
pub(crate) const PERIOD: Span = Span::from_millis(900);

/// Recognised keys that are remembered though no session stands on them.
const KNOWN_MAX: usize = 10_000;

/// The time of a check that never was.
const NEVER: i64 = i64::MIN;

/// A key that was recognised: whom it admits, and whether it still does.
pub(crate) struct KnownKey {
    pub(crate) caller: Arc<Caller>,
    id: String,
    hash: Digest,
    /// When its row was read last, in microseconds.
    checked: AtomicI64,
    revoked: AtomicBool,
    changed: watch::Sender<()>,
    /// Held while its row is read, so that those who wait for it do not read it too.
    checking: tokio::sync::Mutex<()>,
}

impl KnownKey {
    fn new(key: Key, hash: Digest) -> Self {
        let Key { id, tenant, role, agents, .. } = key;
        Self {
            caller: Arc::new(Caller { tenant, role, agents, key: Some(id.clone()) }),
            id,
            hash,
            checked: AtomicI64::new(NEVER),
            revoked: AtomicBool::new(false),
            changed: watch::Sender::new(()),
            checking: tokio::sync::Mutex::default(),
        }
    }

    /// When its row was read last; none: never, or it may have changed since.
    pub(crate) fn checked(&self) -> Option<Time> {
        let checked = self.checked.load(Ordering::Acquire);
        (checked != NEVER).then_some(Time(checked))
    }

    /// Tells of every change that this process hears of.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
        self.changed.send_replace(());
    }

    fn invalidate(&self) {
        self.checked.store(NEVER, Ordering::Release);
        self.changed.send_replace(());
    }

    /// Whether the key is good as far as is known; none: its row is to be read.
    fn is_good(&self, shared: bool, now: Time) -> Option<bool> {
        if self.revoked.load(Ordering::Acquire) {
            return Some(false);
        }
        let checked = self.checked()?;
        (!shared || is_recent(checked, now)).then_some(true)
    }
}

/// Whether something that was read then may still be gone by; never, where the clock was put back.
pub(crate) fn is_recent(read: Time, now: Time) -> bool {
    (Span::ZERO..PERIOD).contains(&now.since(read))
}

/// The recognised keys, by the hash of their text.
#[derive(Default)]
pub(crate) struct Keyring {
    known: RwLock<HashMap<Digest, Arc<KnownKey>>>,
}

impl Keyring {
    fn get(&self, hash: &Digest) -> Option<Arc<KnownKey>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// Remembers a key; one that a session stands on is never forgotten, so that its revocation reaches the session.
    fn put(&self, key: KnownKey) -> Arc<KnownKey> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.retain(|_, known| Arc::strong_count(known) > 1);
        }
        Arc::clone(known.entry(key.hash).or_insert_with(|| Arc::new(key)))
    }

    /// Notes that a key is revoked: every session that stands on it ends.
    pub(crate) fn revoke(&self, hash: &Digest) {
        let known = self.known.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
        if let Some(known) = known {
            known.revoke();
        }
    }

    /// Reads the keys of one tenant, or all, again at the next opportunity: they may have been revoked.
    pub(crate) fn invalidate(&self, tenant: Option<TenantId>) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let concerned = |known: &&Arc<KnownKey>| tenant.is_none_or(|tenant| known.caller.tenant == tenant);
        known.values().filter(concerned).for_each(|known| known.invalidate());
    }
}

/// Whether a key was ever made, as far as this process knows.
#[derive(Default)]
pub(crate) struct FirstKey {
    made: AtomicBool,
    /// When it was last looked up, in microseconds.
    looked_at: AtomicI64,
    changed: watch::Sender<()>,
}

impl FirstKey {
    pub(crate) fn new(made: bool) -> Self {
        Self { made: AtomicBool::new(made), ..Self::default() }
    }

    /// Looks it up at the next request: another process may have made one.
    pub(crate) fn invalidate(&self) {
        self.looked_at.store(0, Ordering::Release);
        self.changed.send_replace(());
    }

    /// Notes that there is one.
    pub(crate) fn is_made(&self) {
        if !self.made.swap(true, Ordering::AcqRel) {
            self.changed.send_replace(());
        }
    }

    /// Tells when a key was made, or may have been.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn look_is_due(&self, now: Time) -> bool {
        !(Span::ZERO..POLL).contains(&now.since(Time(self.looked_at.load(Ordering::Acquire))))
    }
}

/// How often an open server looks whether another process has made the first key.
const POLL: Span = Span::from_millis(500);

/// A key's text: `coord_`, its tenant's number, its id and its secret, joined by `_`. The tenant and id say where to look; the
/// hash of the whole proves it.
fn parts(text: &str) -> Option<(TenantId, &str)> {
    let (tenant, rest) = text.strip_prefix("coord_")?.split_once('_')?;
    let (id, _secret) = rest.split_once('_')?;
    Some((TenantId(i64::from_str_radix(tenant, 16).ok()?), id))
}

impl Engine {
    /// The key with this text. Fails with `unauthenticated`; one that never was and one that was revoked are answered alike.
    pub(crate) async fn recognise(&self, text: &str) -> Result<Arc<KnownKey>> {
        let hash = admin_key_digest(text);
        let known = if let Some(known) = self.inner.keyring.get(&hash) {
            known
        } else {
            let found = match parts(text) {
                Some((tenant, id)) => self.inner.store.key(tenant, id).await?,
                None => None,
            };
            let valid = |row: &KeyRow| bool::from(row.hash.0.ct_eq(&hash.0)) && row.key.revoked_at.is_none();
            let row = found.filter(valid).ok_or_else(not_valid)?;
            self.learn_name(row.key.tenant).await?;
            // It is read once more below, now that its revocation in this process would be seen.
            self.inner.keyring.put(KnownKey::new(row.key, row.hash))
        };
        self.must_hold(&known).await?;
        Ok(known)
    }

    /// Fails with `unauthenticated` where a key that was recognised is revoked.
    pub(crate) async fn must_hold(&self, known: &KnownKey) -> Result<()> {
        let shared = self.inner.store.is_shared();
        let good = |known: &KnownKey| match known.is_good(shared, self.now()) {
            Some(true) => Some(Ok(())),
            Some(false) => Some(Err(not_valid().into())),
            None => None,
        };
        if let Some(answer) = good(known) {
            return answer;
        }
        let _checking = known.checking.lock().await;
        if let Some(answer) = good(known) {
            return answer;
        }
        let (before, now) = (known.checked.load(Ordering::Acquire), self.now());
        let row = self.inner.store.key(known.caller.tenant, &known.id).await?;
        if row.is_none_or(|row| row.key.revoked_at.is_some()) {
            self.inner.keyring.revoke(&known.hash);
            known.revoke();
            return Err(not_valid().into());
        }
        // Where it was told of as changed meanwhile, it stays to be read.
        let _ = known.checked.compare_exchange(before, now.0, Ordering::AcqRel, Ordering::Acquire);
        Ok(())
    }

    /// Whether a key was ever made. One that another process has made is heard of at once where there is Redis, and else looked
    /// up every [`POLL`].
    pub(crate) async fn any_key(&self) -> Result<bool> {
        let first = &self.inner.first_key;
        if !first.made.load(Ordering::Acquire) && self.inner.store.is_shared() && first.look_is_due(self.now()) {
            first.looked_at.store(self.now().0, Ordering::Release);
            let made = self.inner.store.any_key().await.inspect_err(|_| first.invalidate())?;
            if made {
                first.is_made();
            }
        }
        Ok(first.made.load(Ordering::Acquire))
    }
}

fn not_valid() -> Refusal {
    unauthenticated("This key is not valid, or no longer.")
}

pub(crate) fn unauthenticated(detail: &str) -> Refusal {
    Refusal::new(Code::Unauthenticated, detail).with_remedy(domain::Remedy::SendKey)
}
