//! Quotas: how much of one thing is held at a time, in all, for one tenant and for one key, so that none has it all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use domain::TenantId;
use domain::key::Caller;

/// Who holds something. Callers without a key count for their tenant only.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) tenant: TenantId,
    key: Option<Arc<str>>,
}

impl Holder {
    pub(crate) fn of(caller: &Caller) -> Self {
        Self { tenant: caller.tenant, key: caller.key.as_deref().map(Arc::from) }
    }
}

/// How much may be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) all: usize,
    pub(crate) tenant: usize,
    pub(crate) key: usize,
}

/// Where a quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// `in all`, `by this tenant` or `with this key`.
    pub(crate) whose: &'static str,
    /// What is held there.
    pub(crate) held: usize,
}

#[derive(Default)]
struct Held {
    all: usize,
    tenants: HashMap<TenantId, usize>,
    keys: HashMap<(TenantId, Arc<str>), usize>,
}

/// A quota. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub(crate) struct Quota {
    bounds: Bounds,
    held: Arc<Mutex<Held>>,
}

/// A part of a quota, given back when dropped.
pub(crate) struct Share {
    quota: Quota,
    holder: Holder,
    amount: usize,
}

impl Quota {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, held: Arc::default() }
    }

    /// A share of one.
    pub(crate) fn one(&self, holder: Holder) -> Result<Share, Full> {
        let mut share = self.none(holder);
        share.grow(1)?;
        Ok(share)
    }

    /// A share of nothing, that may grow.
    pub(crate) fn none(&self, holder: Holder) -> Share {
        Share { quota: self.clone(), holder, amount: 0 }
    }

    /// What is held in all.
    pub(crate) fn held(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Share {
    /// Takes more. What is alone may be larger than its bound.
    pub(crate) fn grow(&mut self, by: usize) -> Result<(), Full> {
        let Bounds { all, tenant, key } = self.quota.bounds;
        let mut held = self.quota.held.lock().unwrap_or_else(PoisonError::into_inner);
        let room = |whose, now: usize, bound: usize| {
            let alone = bound > 0 && now == self.amount;
            if alone || now.saturating_add(by) <= bound { Ok(()) } else { Err(Full { whose, held: now }) }
        };
        if let Some(own) = &self.holder.key {
            let now = held.keys.get(&(self.holder.tenant, Arc::clone(own))).copied().unwrap_or(0);
            room("with this key", now, key)?;
        }
        room("by this tenant", held.tenants.get(&self.holder.tenant).copied().unwrap_or(0), tenant)?;
        room("in all", held.all, all)?;
        held.all += by;
        *held.tenants.entry(self.holder.tenant).or_default() += by;
        if let Some(own) = &self.holder.key {
            *held.keys.entry((self.holder.tenant, Arc::clone(own))).or_default() += by;
        }
        self.amount += by;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.quota.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all -= self.amount;
        give_back(&mut held.tenants, &self.holder.tenant, self.amount);
        if let Some(key) = self.holder.key.take() {
            give_back(&mut held.keys, &(self.holder.tenant, key), self.amount);
        }
    }
}

fn give_back<K: Hash + Eq>(held: &mut HashMap<K, usize>, key: &K, amount: usize) {
    let Some(own) = held.get_mut(key) else { return };
    *own -= amount;
    if *own == 0 {
        held.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(tenant: i64, key: &str) -> Holder {
        Holder { tenant: TenantId(tenant), key: (!key.is_empty()).then(|| Arc::from(key)) }
    }

    fn quota(all: usize, tenant: usize, key: usize) -> Quota {
        Quota::new(Bounds { all, tenant, key })
    }

    #[test]
    fn a_key_a_tenant_and_all_have_a_bound_each() {
        let quota = quota(4, 3, 2);
        let held: Vec<Share> = (0..2).map(|_| quota.one(holder(1, "a")).ok().unwrap()).collect();
        assert_eq!(quota.one(holder(1, "a")).err(), Some(Full { whose: "with this key", held: 2 }));
        let other = quota.one(holder(1, "b")).ok().unwrap();
        assert_eq!(quota.one(holder(1, "c")).err(), Some(Full { whose: "by this tenant", held: 3 }));
        assert_eq!(quota.one(holder(1, "")).err(), Some(Full { whose: "by this tenant", held: 3 }));
        let neighbour = quota.one(holder(2, "a")).ok().unwrap();
        assert_eq!(quota.one(holder(3, "a")).err(), Some(Full { whose: "in all", held: 4 }));
        drop((held, other, neighbour));
        assert_eq!(quota.held(), 0);
        assert!(quota.one(holder(1, "a")).is_ok());
    }

    #[test]
    fn a_bound_of_nothing_admits_nothing() {
        assert!(quota(0, 5, 5).one(holder(1, "a")).is_err());
    }

    #[test]
    fn what_is_alone_may_be_larger_than_its_bound() {
        let quota = quota(100, 60, 40);
        let mut large = quota.none(holder(1, "a"));
        large.grow(30).unwrap();
        large.grow(500).unwrap();
        assert_eq!(quota.none(holder(2, "b")).grow(1).err(), Some(Full { whose: "in all", held: 530 }));
        drop(large);
        let mut one = quota.none(holder(1, "a"));
        let mut two = quota.none(holder(1, "a"));
        one.grow(30).unwrap();
        two.grow(10).unwrap();
        assert_eq!(two.grow(1).err(), Some(Full { whose: "with this key", held: 40 }));
        drop(one);
        two.grow(31).unwrap();
    }
}
