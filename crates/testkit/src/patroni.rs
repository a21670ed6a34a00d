//! A private PostgreSQL cluster under Patroni, started by the Kubernetes template's own script with its own settings; etcd
//! stands for the Kubernetes store.

mod member;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::etcd::Etcd;
use crate::failure::Failure;
use crate::installed::{self, User};
use crate::process::poll;
use crate::s3::S3;
use crate::template;

pub use member::Member;

/// How long a cluster may take until it has a leader and, with several members, one that confirms every commit.
const FORMED: Duration = Duration::from_secs(120);

/// The passwords by the names of the Secret's keys.
const SECRETS: &[(&str, &str)] = &[
    ("username", "coordination"),
    ("password", "application1"),
    ("superuser-password", "superuser1"),
    ("replication-password", "replication1"),
];

/// A PostgreSQL cluster with the application's empty database.
pub struct Patroni {
    /// The members, by number.
    pub members: Vec<Member>,
    folder: TempDir,
    user: Option<User>,
    _etcd: Etcd,
}

/// What all members share: where the template's copy and the passwords are, who runs them, and further environment.
struct Shared {
    scripts: PathBuf,
    settings: PathBuf,
    secrets: PathBuf,
    programs: PathBuf,
    user: Option<User>,
    environment: Vec<(String, String)>,
}

impl Patroni {
    /// Starts a cluster of so many members, which is backed up nowhere.
    ///
    /// Fails when a program is not installed, or the cluster is not formed within two minutes.
    pub fn start(members: usize) -> Result<Self, Failure> {
        Self::start_with(members, None, &[])
    }

    /// Starts a cluster of so many members, which is backed up to the bucket of `s3`, with more environment for their scripts as
    /// given.
    ///
    /// Fails as [`Patroni::start`] does.
    pub fn start_backed_up(members: usize, s3: &S3, environment: &[(&str, &str)]) -> Result<Self, Failure> {
        installed::find("pgbackrest", &["/usr/bin", "/usr/local/bin"], "pgbackrest")?;
        Self::start_with(members, Some(s3), environment)
    }

    fn start_with(members: usize, s3: Option<&S3>, environment: &[(&str, &str)]) -> Result<Self, Failure> {
        let postgres = installed::find("postgres", &["/usr/lib/postgresql/*/bin"], "postgresql")?;
        installed::find("patroni", &["/usr/bin", "/usr/local/bin"], "patroni")?;
        let user = User::instead_of_root(&["postgres", "nobody"])?;
        let folder = installed::folder("patroni")?;
        let within = |name: &str| folder.path().join(name);
        if let Some(user) = user {
            user.own(folder.path())?;
        }
        let etcd = Etcd::start()?;
        let mut shared = Shared {
            scripts: within("scripts"),
            settings: within("settings"),
            secrets: within("secrets"),
            programs: postgres.parent().map(Path::to_owned).unwrap_or_default(),
            user,
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        shared.prepare(&etcd)?;
        if let Some(s3) = s3 {
            shared.let_into(s3, folder.path())?;
        }
        let members = (0..members).map(|number| Member::start(number, &shared)).collect::<Result<_, _>>()?;
        let cluster = Self { members, folder, user, _etcd: etcd };
        cluster.wait_until_formed()?;
        Ok(cluster)
    }

    /// The application's URL: every member, the one that takes writes.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.members.iter().map(|member| member.address().to_string()).collect();
        let password = SECRETS[1].1;
        let hosts = hosts.join(",");
        format!("postgres://coordination:{password}@{hosts}/coordination?target_session_attrs=read-write")
    }

    /// The number of the member that leads, while one does.
    pub fn leader(&self) -> Option<usize> {
        self.members.iter().position(|member| member.is("primary"))
    }

    /// Waits until there is a leader and, if there are several members, one that confirms every commit.
    ///
    /// Fails, with the end of the first member's log, when that takes more than two minutes.
    pub fn wait_until_formed(&self) -> Result<(), Failure> {
        let confirms = || self.members.len() == 1 || self.members.iter().any(|member| member.is("synchronous"));
        if poll(FORMED, || self.leader().is_some() && confirms()) {
            return Ok(());
        }
        let logs = self.members.iter().map(|member| member.daemon.log());
        let ends: Vec<String> = logs.map(|log| log.lines().rev().take(15).collect::<Vec<_>>().join("\n")).collect();
        Err(Failure::new(format!(
            "the cluster was not formed; each member's log, last line first:\n{}",
            ends.join("\n\n")
        )))
    }

    /// Writes another password into the Secret's file of that name.
    ///
    /// Fails when the file cannot be written.
    pub fn set_secret(&self, name: &str, value: &str) -> Result<(), Failure> {
        template::write(&self.folder.path().join("secrets").join(name), value, self.user)
    }
}

impl Shared {
    fn prepare(&self, etcd: &Etcd) -> Result<(), Failure> {
        template::copy("postgres", &self.scripts, self.user)?;
        template::make(&self.settings, self.user)?;
        template::make(&self.secrets, self.user)?;
        for (name, value) in SECRETS {
            template::write(&self.secrets.join(name), value, self.user)?;
        }
        for file in ["patroni.yaml", "pgbackrest.conf"] {
            let copied = std::fs::copy(self.scripts.join(file), self.settings.join(file));
            copied.map_err(|error| Failure::of(&format!("copy {file}"), &error))?;
        }
        // In the place of kubernetes.yaml.
        let store = format!("etcd3:\n  host: '{}'\n", etcd.endpoint());
        template::write(&self.settings.join("store.yaml"), &store, self.user)
    }

    /// Says where the bucket is, and puts the Secret with its keys and the certificate where the members' user may read them.
    fn let_into(&mut self, s3: &S3, folder: &Path) -> Result<(), Failure> {
        let (keys, certificate) = (folder.join("s3"), folder.join("ca.pem"));
        template::make(&keys, self.user)?;
        template::write(&keys.join("access-key-id"), S3::KEY, self.user)?;
        template::write(&keys.join("secret-access-key"), S3::SECRET, self.user)?;
        let trusted = std::fs::read_to_string(s3.ca_file());
        template::write(&certificate, &trusted.map_err(|error| Failure::of("read a certificate", &error))?, self.user)?;
        // The certificate has this name, and pgBackRest compares names only.
        let endpoint = format!("https://localhost:{}", s3.tls_address().port());
        let facts = [("S3_BUCKET", S3::BUCKET), ("S3_REGION", S3::REGION), ("S3_ENDPOINT", &endpoint)];
        let paths = [("S3_SECRETS", &keys), ("S3_CA_FILE", &certificate)];
        let paths = paths.map(|(name, path)| (name.to_owned(), path.display().to_string()));
        let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.environment.extend(facts.into_iter().chain(paths));
        Ok(())
    }
}
