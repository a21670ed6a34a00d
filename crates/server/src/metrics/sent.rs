use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use domain::Priority;
use domain::message::Kind;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::labels::OfMessage;

const KINDS: usize = Kind::ALL.len();
const PRIORITIES: usize = Priority::ALL.len();

/// Messages sent, by tenant, kind and priority. A tenant's counters are looked up by its name alone, and nothing is
/// allocated once they exist.
#[derive(Debug, Default)]
pub(super) struct SentCounters {
    family: Family<OfMessage, Counter>,
    tenants: RwLock<HashMap<String, Arc<OfTenant>>>,
}

type OfTenant = [[OnceLock<Counter>; PRIORITIES]; KINDS];

impl SentCounters {
    pub(super) fn family(&self) -> Family<OfMessage, Counter> {
        self.family.clone()
    }

    pub(super) fn count(&self, tenant: &str, kind: Kind, priority: Priority) {
        let counters = self.of(tenant);
        let counter = counters[kind as usize][priority as usize].get_or_init(|| {
            let labels = OfMessage { tenant: tenant.to_owned(), kind: kind.as_str(), priority: priority.as_str() };
            self.family.get_or_create_owned(&labels)
        });
        counter.inc();
    }

    fn of(&self, tenant: &str) -> Arc<OfTenant> {
        if let Some(known) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return Arc::clone(known);
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant.to_owned()).or_default())
    }
}
