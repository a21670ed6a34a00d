//! An engine where every caller needs a key, on the system's clock.

use broker::Broker;
use domain::key::Role;
use engine::{AccessPolicy, AnonymousAccess, Clock, Config, Credentials, Engine, KeyRequest, Parts, Session};
use tempfile::TempDir;
use testkit::engine::parts;

const ADMIN: &str = "an administrator's key";

/// An engine, and the folder that goes with it.
pub(crate) struct World {
    pub(crate) engine: Engine,
    /// The administrator of `default`, by the key that configuration names.
    pub(crate) admin: Session,
    _folder: Option<TempDir>,
}

impl World {
    pub(crate) async fn in_one_process() -> Self {
        let folder = TempDir::new().expect("a folder");
        let parts = parts(folder.path(), &Clock::system(), &Broker::in_process(1_000));
        Self { _folder: Some(folder), ..Self::on(parts).await }
    }

    pub(crate) async fn on(parts: Parts) -> Self {
        let access = AccessPolicy { anonymous: AnonymousAccess::Never, admin: Some(engine::admin_key_digest(ADMIN)) };
        let engine = Engine::open(parts, Config::default(), access).await.expect("opens");
        let admin = engine.session(Credentials::bearer(ADMIN)).await.expect("the key is good");
        Self { engine, admin, _folder: None }
    }

    /// Makes a key: its id and its text.
    pub(crate) async fn key(&self, role: Role, agents: &[&str], tenant: Option<&str>) -> (String, String) {
        let agents = agents.iter().map(ToString::to_string).collect();
        let request = KeyRequest { role, agents, name: "for a test".to_owned(), tenant: tenant.map(str::to_owned) };
        let (key, text) = self.admin.create_key(request).await.expect("a key");
        (key.id, text)
    }

    pub(crate) async fn session(&self, key: &str) -> engine::Result<Session> {
        self.engine.session(Credentials::bearer(key)).await
    }
}
