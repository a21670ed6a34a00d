use domain::key::Key;
use engine::KeyRequest;

use super::{names, time, word};

/// The key that a request asks for.
pub(crate) fn request(request: protocol::CreateKey) -> KeyRequest {
    KeyRequest {
        role: word::to_role(request.role),
        agents: request.agents,
        name: request.name.unwrap_or_default(),
        tenant: request.tenant,
    }
}

/// A key as it is listed.
pub(crate) fn key(key: Key, tenant: &str) -> protocol::Key {
    protocol::Key {
        id: key.id,
        role: word::role(key.role),
        agents: names(key.agents),
        name: Some(key.name).filter(|name| !name.is_empty()),
        tenant: tenant.to_owned(),
        created_at: time(key.created_at),
        revoked_at: key.revoked_at.map(time),
    }
}

/// A key with its text, which is shown this once.
pub(crate) fn created(made: Key, text: String, tenant: &str) -> protocol::CreatedKey {
    let protocol::Key { id, role, agents, name, tenant, created_at, .. } = key(made, tenant);
    protocol::CreatedKey { id, key: text, role, agents, name, tenant, created_at }
}
