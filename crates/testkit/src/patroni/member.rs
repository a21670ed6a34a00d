//! One member: Patroni, and the PostgreSQL that it runs.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::Shared;
use crate::daemon::{Daemon, DaemonConfig};
use crate::failure::Failure;
use crate::installed::{self, User};
use crate::port::Port;
use crate::process::poll;
use crate::{http, template};

/// How long Patroni may take until it answers.
const ANSWERS: Duration = Duration::from_secs(60);
/// How long a process that was killed may take to be gone.
const GONE: Duration = Duration::from_secs(10);

/// One member of the cluster.
pub struct Member {
    /// Patroni's process. It alone: PostgreSQL outlives it, so kill a member with [`Member::kill9`].
    pub daemon: Daemon,
    postgres: Port,
    api: Port,
    scripts: PathBuf,
    environment: Vec<(String, String)>,
    user: Option<User>,
    guard: Child,
}

impl Member {
    pub(super) fn start(number: usize, shared: &Shared) -> Result<Self, Failure> {
        let (postgres, api) = (Port::take()?, Port::take()?);
        let folder = installed::folder("member")?;
        for name in ["", "run", "tmp", "backup"] {
            template::make(&folder.path().join(name), shared.user)?;
        }
        let environment = environment(number, shared, folder.path(), &postgres, &api);
        let guard = guard(&folder.path().join("data/postmaster.pid"))?;
        let (scripts, user, address) = (shared.scripts.clone(), shared.user, api.address());
        let (start, variables) = (scripts.join("start.sh"), environment.clone());
        let config = DaemonConfig {
            name: "patroni",
            command: Box::new(move || clean(&start, &variables, user)),
            ready: Box::new(move || http::status(address, "/liveness") == Some(200)),
            within: ANSWERS,
        };
        let daemon = Daemon::start(config, folder)?;
        Ok(Self { daemon, postgres, api, scripts, environment, user, guard })
    }

    /// Where its PostgreSQL listens.
    pub fn address(&self) -> SocketAddr {
        self.postgres.address()
    }

    /// Whether its Patroni says that it is `primary`, `replica` or `synchronous`.
    pub fn is(&self, role: &str) -> bool {
        http::status(self.api.address(), &format!("/{role}")) == Some(200)
    }

    /// Kills Patroni and PostgreSQL at once (SIGKILL), as a machine that is gone; the data stays.
    pub fn kill9(&mut self) {
        self.daemon.kill9();
        let postmaster = self.postmaster();
        if let Some(pid) = postmaster {
            // One that has ended is what is wanted.
            let _ = kill_process(pid, Signal::KILL);
        }
        let address = self.address();
        poll(GONE, || std::net::TcpStream::connect(address).is_err());
    }

    /// A script of the template, in this member's environment.
    pub fn script(&self, name: &str, args: &[&str]) -> Command {
        let mut command = clean(&self.scripts.join(name), &self.environment, self.user);
        command.args(args);
        if let Some(daemon) = self.patroni() {
            command.env("PATRONI_PID", daemon.to_string());
        }
        command
    }

    /// Runs a script of the template, in this member's environment, to its end, and answers what it printed.
    ///
    /// Fails, with its errors, when it does not end with success.
    pub fn run(&self, name: &str, args: &[&str]) -> Result<String, Failure> {
        finish(self.script(name, args), name)
    }

    /// What the superuser gets for a statement, through the member's socket.
    ///
    /// Fails when PostgreSQL does not take it.
    pub fn sql(&self, statement: &str) -> Result<String, Failure> {
        let mut command = clean(Path::new("/usr/bin/psql"), &self.environment, self.user);
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-c", statement]);
        command.args(["-p", &self.postgres.number().to_string(), "-h"]).arg(self.folder("run"));
        finish(command, statement).map(|answer| answer.trim().to_owned())
    }

    /// A folder of this member's: `data`, `run`, `tmp` or `backup`.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.daemon.folder().join(name)
    }

    /// Makes folders for another server beside this member, and answers what of the environment is different there.
    ///
    /// Fails when they cannot be made.
    pub fn beside(&self, port: &Port) -> Result<Vec<(&'static str, String)>, Failure> {
        let own = self.folder("beside");
        for name in ["", "run", "tmp"] {
            template::make(&own.join(name), self.user)?;
        }
        let within = |name: &str| own.join(name).display().to_string();
        Ok(vec![
            ("POSTGRES_DATA", within("data")),
            ("POSTGRES_RUN", within("run")),
            ("POSTGRES_PORT", port.number().to_string()),
            ("PGBACKREST_PG1_PATH", within("data")),
            ("PGBACKREST_SPOOL_PATH", within("tmp/spool")),
            ("PGBACKREST_LOCK_PATH", within("tmp/lock")),
        ])
    }

    fn postmaster(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.folder("data/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }

    /// Patroni's process: the start script became it.
    fn patroni(&self) -> Option<u32> {
        self.daemon.id()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill9();
        // The guard has nothing left to do.
        let _ = self.guard.kill().and_then(|()| self.guard.wait());
    }
}

fn environment(number: usize, shared: &Shared, own: &Path, postgres: &Port, api: &Port) -> Vec<(String, String)> {
    let path = |path: &Path| path.display().to_string();
    let within = |name: &str| path(&own.join(name));
    let mut variables = vec![
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("HOME", within("tmp")),
        ("POD_NAME", format!("postgres-{number}")),
        ("POD_IP", "127.0.0.1".to_owned()),
        ("POSTGRES_CONFIG", path(&shared.settings)),
        ("POSTGRES_SECRETS", path(&shared.secrets)),
        ("POSTGRES_PROGRAMS", path(&shared.programs)),
        ("POSTGRES_DATA", within("data")),
        ("POSTGRES_RUN", within("run")),
        ("POSTGRES_PORT", postgres.number().to_string()),
        ("PATRONI_API_PORT", api.number().to_string()),
        ("PGPASSFILE", within("run/pgpass")),
        ("BACKUP_STATE", within("backup")),
        ("PGBACKREST_CONFIG", path(&shared.settings.join("pgbackrest.conf"))),
        ("PGBACKREST_PG1_PATH", within("data")),
        ("PGBACKREST_PG1_PORT", postgres.number().to_string()),
        ("PGBACKREST_PG1_SOCKET_PATH", within("run")),
        ("PGBACKREST_SPOOL_PATH", within("tmp/spool")),
        ("PGBACKREST_LOCK_PATH", within("tmp/lock")),
    ];
    variables.retain(|(name, _)| !shared.environment.iter().any(|(other, _)| other == name));
    let own = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(shared.environment.iter().cloned()).collect()
}

/// A command with this environment and no other.
fn clean(program: &Path, environment: &[(String, String)], user: Option<User>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value))).current_dir("/");
    if let Some(user) = user {
        user.run(&mut command);
    }
    command
}

/// Kills the PostgreSQL that Patroni starts in a session of its own, once this program is gone without having done so.
fn guard(pid_file: &Path) -> Result<Child, Failure> {
    Command::new("sh")
        .args(["-c", "read _; kill -s KILL \"$(head -n 1 \"$0\")\""])
        .arg(pid_file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| Failure::of("start the guard of a server", &error))
}

fn finish(mut command: Command, what: &str) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| Failure::of(what, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Err(Failure::new(format!("{what} failed with {}: {}", output.status, said.join("\n"))))
}
