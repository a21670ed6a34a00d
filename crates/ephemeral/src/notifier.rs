//! Notifiers: one for each key with a subscriber, dropped with its last subscription.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Notifies the subscribers of one key.
#[derive(Default)]
struct Notifier {
    /// Wakes one long poll. It takes what there is, and notifies again if it leaves some.
    one: Notify,
    /// Wakes every stream.
    all: Notify,
}

/// The notifiers that have subscribers.
pub(crate) struct Notifiers<K> {
    notifiers: Mutex<HashMap<K, (Arc<Notifier>, usize)>>,
}

impl<K> Default for Notifiers<K> {
    fn default() -> Self {
        Self { notifiers: Mutex::new(HashMap::new()) }
    }
}

impl<K: Hash + Eq + Clone> Notifiers<K> {
    /// Wakes one long poll and every stream of this key. Does nothing where there is no subscriber.
    pub(crate) fn notify(&self, key: &K) {
        let notifiers = self.notifiers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((notifier, _)) = notifiers.get(key) {
            notifier.one.notify_one();
            notifier.all.notify_waiters();
        }
    }

    /// Wakes all subscribers of all keys, for when the key is not known.
    pub(crate) fn notify_all(&self) {
        let notifiers = self.notifiers.lock().unwrap_or_else(PoisonError::into_inner);
        for (notifier, _) in notifiers.values() {
            notifier.one.notify_one();
            notifier.all.notify_waiters();
        }
    }

    pub(crate) fn subscribe(notifiers: &Arc<Self>, key: K) -> Subscription<K> {
        let mut held = notifiers.notifiers.lock().unwrap_or_else(PoisonError::into_inner);
        let (notifier, waiters) = held.entry(key.clone()).or_default();
        *waiters += 1;
        Subscription { notifier: Arc::clone(notifier), notifiers: Arc::clone(notifiers), key }
    }

    fn leave(&self, key: &K) {
        let mut notifiers = self.notifiers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, waiters)) = notifiers.get_mut(key) {
            *waiters -= 1;
            if *waiters == 0 {
                notifiers.remove(key);
            }
        }
    }
}

/// A subscription to a notifier.
pub struct Subscription<K: Hash + Eq + Clone> {
    notifier: Arc<Notifier>,
    notifiers: Arc<Notifiers<K>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Subscription<K> {
    /// Waits until it is this one's turn. A notification that comes before the wait is not lost.
    pub async fn turn(&self) {
        self.notifier.one.notified().await;
    }

    /// Waits for the next notification after this call was made; the call counts, not the first poll.
    pub fn notified(&self) -> impl Future<Output = ()> + '_ {
        self.notifier.all.notified()
    }
}

impl<K: Hash + Eq + Clone> Drop for Subscription<K> {
    fn drop(&mut self) {
        self.notifiers.leave(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ring_before_the_wait_is_not_lost() {
        let notifiers = Arc::new(Notifiers::default());
        let subscription = Notifiers::subscribe(&notifiers, 1);
        let notified = subscription.notified();
        notifiers.notify(&1);
        notified.await;
        subscription.turn().await;
    }

    #[tokio::test]
    async fn a_bell_is_gone_when_nobody_waits() {
        let notifiers = Arc::new(Notifiers::default());
        let places = [Notifiers::subscribe(&notifiers, 1), Notifiers::subscribe(&notifiers, 1)];
        assert_eq!(notifiers.notifiers.lock().expect("no panic").len(), 1);
        drop(places);
        assert!(notifiers.notifiers.lock().expect("no panic").is_empty());
        notifiers.notify(&1);
    }
}
