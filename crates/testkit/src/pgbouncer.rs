//! A private PgBouncer in transaction mode, from Debian 13.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed::{self, User};
use crate::port::Port;

/// What an operator must set, as `docs/operating.md` says; the rest is what this place and a test that waits for nothing need.
const SETTINGS: &str = "\
[databases]
* = host=HOST port=PORT connect_query='SET enable_seqscan = off; SET jit = off'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = OWN
unix_socket_dir =
auth_type = scram-sha-256
auth_file = FOLDER/users.txt
pool_mode = transaction
max_prepared_statements = 500
max_client_conn = 500
default_pool_size = POOL
server_login_retry = 1
";

/// A PgBouncer before a PostgreSQL; it has all of its databases.
pub struct PgBouncer {
    /// Its process: stop, kill and restart it here.
    pub daemon: Daemon,
    port: Port,
}

impl PgBouncer {
    /// Starts one before the PostgreSQL that listens at `server`, with up to `pool` connections to each of its databases.
    ///
    /// Fails when PgBouncer is not installed, or does not listen within 10 s.
    pub fn start(server: SocketAddr, pool: usize) -> Result<Self, Failure> {
        Self::start_with(server, pool, "")
    }

    /// Does the same with more settings, a line each.
    ///
    /// Fails as [`PgBouncer::start`] does, and where a setting is wrong.
    pub fn start_with(server: SocketAddr, pool: usize, settings: &str) -> Result<Self, Failure> {
        let programs = Programs::find()?;
        let port = Port::take()?;
        let folder = installed::folder("pgbouncer")?;
        let file = folder.path().join("pgbouncer.ini");
        let values = [
            ("HOST", server.ip().to_string()),
            ("PORT", server.port().to_string()),
            ("OWN", port.number().to_string()),
            ("POOL", pool.to_string()),
            ("FOLDER", folder.path().display().to_string()),
        ];
        let text = values.iter().fold(SETTINGS.to_owned(), |text, (word, value)| text.replace(word, value)) + settings;
        let user = User::instead_of_root(&["postgres", "nobody"])?;
        if let Some(user) = user {
            user.own(folder.path())?;
        }
        for (path, text) in [(&file, &*text), (&folder.path().join("users.txt"), "\"postgres\" \"secret\"\n")] {
            fs::write(path, text).map_err(|error| Failure::of("write PgBouncer's settings", &error))?;
        }
        let command = move || programs.command(user, &file);
        let config = DaemonConfig::listening("pgbouncer", port.address(), command);
        Ok(Self { daemon: Daemon::start(config, folder)?, port })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL of a database, with the password that it asks for.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres:secret@{}/{database}", self.address())
    }
}

/// PgBouncer, and the libraries and the dynamic linker of the system that it comes from.
struct Programs {
    linker: PathBuf,
    libraries: PathBuf,
    pgbouncer: PathBuf,
}

impl Programs {
    fn find() -> Result<Self, Failure> {
        let root = installed::target().join("trixie/pgbouncer/usr");
        let (linker, libraries) = if cfg!(target_arch = "aarch64") {
            ("lib/ld-linux-aarch64.so.1", "lib/aarch64-linux-gnu")
        } else {
            ("lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu")
        };
        let pgbouncer = installed::find("pgbouncer", &[&root.join("sbin").display().to_string()], "pgbouncer")?;
        Ok(Self { linker: root.join(linker), libraries: root.join(libraries), pgbouncer })
    }

    /// Runs it as root, where this is root, until it has read its libraries, which another user need not see.
    fn command(&self, user: Option<User>, settings: &Path) -> Command {
        let mut command = Command::new(&self.linker);
        command.arg("--library-path").arg(&self.libraries).arg(&self.pgbouncer).arg("-q");
        if let Some(user) = user {
            command.args(["-u", user.name]);
        }
        command.arg(settings);
        command
    }
}
