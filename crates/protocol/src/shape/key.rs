use domain::key::Key;
use domain::key::KeyRequest;

use super::{names, time};

/// The key that a request asks for.
pub fn request(request: crate::CreateKey) -> KeyRequest {
    KeyRequest {
        role: request.role,
        agents: request.agents,
        name: request.name.unwrap_or_default(),
        tenant: request.tenant,
    }
}

/// A key as it is listed.
pub fn key(key: Key, tenant: &str) -> crate::Key {
    crate::Key {
        id: key.id,
        role: key.role,
        agents: names(key.agents),
        name: Some(key.name).filter(|name| !name.is_empty()),
        tenant: tenant.to_owned(),
        created_at: time(key.created_at),
        revoked_at: key.revoked_at.map(time),
    }
}

/// A key with its text, which is shown this once.
pub fn created(made: Key, text: String, tenant: &str) -> crate::CreatedKey {
    let crate::Key { id, role, agents, name, tenant, created_at, .. } = key(made, tenant);
    crate::CreatedKey { id, key: text, role, agents, name, tenant, created_at }
}

/// Who is calling.
pub fn whoami(caller: domain::key::Caller, tenant: &str) -> crate::Whoami {
    crate::Whoami {
        tenant: tenant.to_owned(),
        role: caller.role,
        agent: caller.only_agent().map(ToString::to_string),
        agents: super::names(caller.agents),
        key_id: caller.key,
    }
}
