use domain::tenant::Tenant;

use super::time;

/// A tenant with the end of its log.
pub fn tenant(tenant: Tenant, seq: i64) -> crate::Tenant {
    crate::Tenant { name: tenant.name, created_at: time(tenant.created_at), seq: seq as u64 }
}
