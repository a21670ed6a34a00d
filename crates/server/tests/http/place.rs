//! Where the cases run here: servers in this process, asked through their routers.

use engine::{AnonymousAccess, Config};
use testkit::embedded::{Embedded, TestConfig};

use crate::world::World;

/// The key of the administrator of `default`, where there is one.
const ADMIN: &str = "an administrator's key";

/// What a case is told to ask.
pub(crate) type Server = Embedded;

/// Has a server for every world.
pub(crate) struct Place;

impl Place {
    /// A tenant of its own under the usual configuration, asked by its administrator.
    pub(crate) async fn world(&self) -> World {
        self.world_of(TestConfig::default()).await
    }

    /// A tenant of its own under another configuration, asked by its administrator.
    pub(crate) async fn world_under(&self, config: Config) -> World {
        self.world_of(TestConfig { config, ..TestConfig::default() }).await
    }

    /// A tenant of its own where every request needs a key, asked with its administrator's.
    pub(crate) async fn world_of_keys(&self) -> World {
        self.whole(Config::default(), AnonymousAccess::Never).await
    }

    /// A whole installation, asked by the administrator of `default`: with a key where it is never open, else without one.
    pub(crate) async fn whole(&self, config: Config, open: AnonymousAccess) -> World {
        let admin = (open == AnonymousAccess::Never).then(|| ADMIN.to_owned());
        self.world_of(TestConfig { config, open, admin, ..TestConfig::default() }).await
    }

    /// A server of any kind, for cases that run here only.
    pub(crate) async fn world_of(&self, test_config: TestConfig) -> World {
        let key = test_config.admin.clone();
        World { server: Embedded::of(test_config).await.expect("a server starts"), key, tenant: "default".to_owned() }
    }
}
