use domain::tenant::Tenant;

use super::time;

/// A tenant with the end of its log.
pub(crate) fn tenant(tenant: Tenant, seq: i64) -> protocol::Tenant {
    protocol::Tenant { name: tenant.name, created_at: time(tenant.created_at), seq: seq as u64 }
}
