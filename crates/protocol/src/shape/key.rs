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
pub fn whoami(who: domain::view::Who) -> crate::Whoami {
    let agent = match who.agents.as_slice() {
        [only] => Some(only.to_string()),
        _ => None,
    };
    crate::Whoami { tenant: who.tenant, role: who.role, agent, agents: super::names(who.agents), key_id: who.key }
}
