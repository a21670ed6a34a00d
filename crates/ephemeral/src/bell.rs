//! Bells: one for each thing that somebody waits for, kept only while somebody does.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// What rings for one thing.
#[derive(Default)]
struct Bell {
    /// Wakes one long poll: it takes what there is and rings again if it leaves some.
    one: Notify,
    /// Wakes every stream.
    all: Notify,
}

/// The bells that somebody waits for.
pub(crate) struct Bells<K> {
    bells: Mutex<HashMap<K, (Arc<Bell>, usize)>>,
}

impl<K> Default for Bells<K> {
    fn default() -> Self {
        Self { bells: Mutex::new(HashMap::new()) }
    }
}

impl<K: Hash + Eq + Clone> Bells<K> {
    /// Wakes one who waits for the next thing and all who follow; without anybody, does nothing.
    pub(crate) fn ring(&self, key: &K) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((bell, _)) = bells.get(key) {
            bell.one.notify_one();
            bell.all.notify_waiters();
        }
    }

    /// Wakes everybody, where nobody knows for whom something came.
    pub(crate) fn ring_all(&self) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        for (bell, _) in bells.values() {
            bell.one.notify_one();
            bell.all.notify_waiters();
        }
    }

    pub(crate) fn subscribe(bells: &Arc<Self>, key: K) -> Subscription<K> {
        let mut held = bells.bells.lock().unwrap_or_else(PoisonError::into_inner);
        let (bell, waiters) = held.entry(key.clone()).or_default();
        *waiters += 1;
        Subscription { bell: Arc::clone(bell), bells: Arc::clone(bells), key }
    }

    fn leave(&self, key: &K) {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, waiters)) = bells.get_mut(key) {
            *waiters -= 1;
            if *waiters == 0 {
                bells.remove(key);
            }
        }
    }
}

/// A place beside a bell.
pub struct Subscription<K: Hash + Eq + Clone> {
    bell: Arc<Bell>,
    bells: Arc<Bells<K>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Subscription<K> {
    /// Waits until it is this one's turn. A ring that comes before the wait is not lost.
    pub async fn turn(&self) {
        self.bell.one.notified().await;
    }

    /// Waits for the next ring after this call was made; the call counts, not the first poll.
    pub fn ring(&self) -> impl Future<Output = ()> + '_ {
        self.bell.all.notified()
    }
}

impl<K: Hash + Eq + Clone> Drop for Subscription<K> {
    fn drop(&mut self) {
        self.bells.leave(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ring_before_the_wait_is_not_lost() {
        let bells = Arc::new(Bells::default());
        let place = Bells::subscribe(&bells, 1);
        let ring = place.ring();
        bells.ring(&1);
        ring.await;
        place.turn().await;
    }

    #[tokio::test]
    async fn a_bell_is_gone_when_nobody_waits() {
        let bells = Arc::new(Bells::default());
        let places = [Bells::subscribe(&bells, 1), Bells::subscribe(&bells, 1)];
        assert_eq!(bells.bells.lock().expect("no panic").len(), 1);
        drop(places);
        assert!(bells.bells.lock().expect("no panic").is_empty());
        bells.ring(&1);
    }
}
