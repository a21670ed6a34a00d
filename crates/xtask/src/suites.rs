//! The table of test suites: which test files each one is, and which programs it needs.

use std::path::Path;

use crate::install::{
    AXE, BINUTILS, BUBBLEWRAP, CERTIFICATES, CHROMIUM, CURL, ETCD, HAPROXY, MOTO, OPENAPI_LINTERS, PATRONI, PGBACKREST,
    PGBOUNCER, POSTGRESQL, POSTGRESQL_16, POSTGRESQL_17, POSTGRESQL_18, PYTHON, Program, RABBITMQ, REDIS,
};

/// Tests that are run, and need things, together.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What it proves.
    pub about: &'static str,
    /// Crate and file name of each of its test files; one that does not exist is left out.
    pub files: &'static [(&'static str, &'static str)],
    /// What must be installed.
    pub needs: &'static [Program],
}

/// The suites that need something or take long. Every other test belongs to the suite `unit`.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "blue-green",
        about: "a switch between two versions, driven by the template's script",
        files: &[("coord", "blue_green")],
        needs: &[POSTGRESQL, CURL],
    },
    Suite {
        name: "postgres",
        about: "on PostgreSQL 15 to 18, and behind PgBouncer",
        files: &[
            ("testkit", "postgres"),
            ("store", "conformance_postgres"),
            ("store", "postgres_faults"),
            ("coord", "postgres"),
            ("coord", "pgbouncer"),
            ("coord", "moving"),
            ("coord", "roles"),
            ("engine", "shared"),
            ("coord", "degrading"),
            ("store", "hosts"),
        ],
        needs: &[POSTGRESQL, POSTGRESQL_16, POSTGRESQL_17, POSTGRESQL_18, PGBOUNCER, RABBITMQ, REDIS],
    },
    Suite {
        name: "rabbitmq",
        about: "on RabbitMQ",
        files: &[("testkit", "rabbitmq"), ("broker", "rabbitmq")],
        needs: &[RABBITMQ],
    },
    Suite { name: "redis", about: "on Redis", files: &[("testkit", "redis"), ("ephemeral", "redis")], needs: &[REDIS] },
    Suite {
        name: "s3",
        about: "on an object store that speaks S3",
        files: &[("testkit", "s3"), ("blobs", "s3"), ("coord", "s3")],
        needs: &[MOTO],
    },
    Suite {
        name: "image",
        about: "the images, unpacked and run",
        files: &[("coord", "image")],
        needs: &[POSTGRESQL, RABBITMQ, REDIS, BINUTILS, BUBBLEWRAP, CERTIFICATES],
    },
    Suite {
        name: "cluster",
        about: "several processes behind a balancer, on all engines",
        files: &[("coord", "cluster"), ("coord", "rolling")],
        needs: &[POSTGRESQL, RABBITMQ, REDIS, HAPROXY],
    },
    Suite {
        name: "chaos",
        about: "everything dies in the middle of work, one after the other",
        files: &[("coord", "chaos")],
        needs: &[POSTGRESQL, RABBITMQ, REDIS, HAPROXY],
    },
    Suite {
        name: "failover",
        about: "the primary of a Patroni cluster dies under load",
        files: &[("coord", "failover")],
        needs: &[POSTGRESQL, PATRONI, ETCD],
    },
    Suite {
        name: "data",
        about: "what the Kubernetes template runs in the pods of its data services",
        files: &[("testkit", "template_redis"), ("coord", "template_postgres"), ("coord", "template_rabbitmq")],
        needs: &[POSTGRESQL, PATRONI, ETCD, PGBACKREST, MOTO, RABBITMQ, REDIS],
    },
    Suite {
        name: "webhooks",
        about: "pushing from the real binary, to the handbook's receiver",
        files: &[("coord", "webhooks")],
        needs: &[PYTHON],
    },
    Suite { name: "crash", about: "kill -9 in the middle of work", files: &[("coord", "crash")], needs: &[] },
    Suite {
        name: "pages",
        about: "the pages in a browser, and whether everybody can use them",
        files: &[("coord", "pages")],
        needs: &[CHROMIUM, AXE],
    },
    Suite {
        name: "openapi",
        about: "the OpenAPI document, by the rules of Redocly and Spectral",
        files: &[("server", "openapi")],
        needs: &[OPENAPI_LINTERS],
    },
];

/// The name of the suite of all tests that no other suite has.
pub const UNIT: &str = "unit";

impl Suite {
    /// The suite of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SUITES.iter().find(|suite| suite.name == name)
    }

    /// Its test files that exist below `root`.
    pub fn present(&self, root: &Path) -> Vec<(&'static str, &'static str)> {
        let exists = |(krate, file): &&(&str, &str)| {
            let tests = root.join("crates").join(krate).join("tests");
            tests.join(format!("{file}.rs")).exists() || tests.join(file).join("main.rs").exists()
        };
        self.files.iter().filter(exists).copied().collect()
    }
}

/// What a run of one suite, or of all when `only` is absent, needs to be installed.
pub fn needs(root: &Path, only: Option<&str>) -> Vec<Program> {
    let chosen = SUITES.iter().filter(|suite| only.is_none_or(|name| name == suite.name));
    let present = chosen.filter(|suite| !suite.present(root).is_empty());
    let mut needs: Vec<Program> = Vec::new();
    for program in present.flat_map(|suite| suite.needs) {
        if !needs.contains(program) {
            needs.push(*program);
        }
    }
    needs
}

/// The arguments that choose a suite for `cargo nextest run`; none when `only` is absent.
///
/// Fails when there is no such suite, or it has no test yet.
pub fn nextest_filter(root: &Path, only: Option<&str>) -> Result<Vec<String>, String> {
    let Some(name) = only else { return Ok(Vec::new()) };
    let expression = match Suite::named(name) {
        Some(suite) => any_of(&existing(suite, root)?),
        None if name == UNIT => {
            let others: Vec<_> = SUITES.iter().flat_map(|suite| suite.present(root)).collect();
            if others.is_empty() { "all()".to_owned() } else { format!("not ({})", any_of(&others)) }
        }
        None => return Err(unknown(name)),
    };
    Ok(vec!["-E".to_owned(), expression])
}

/// The arguments that choose a suite for `cargo test`; the workspace when `only` is absent.
///
/// Fails when there is no such suite, it has no test yet, or the tests cannot be listed.
pub fn cargo_filter(root: &Path, only: Option<&str>) -> Result<Vec<String>, String> {
    let args: Vec<String> = match only {
        None => ["--workspace", "--lib", "--bins", "--tests"].map(str::to_owned).to_vec(),
        Some(name) => match Suite::named(name) {
            Some(suite) => existing(suite, root)?.into_iter().flat_map(|(krate, file)| one_file(krate, file)).collect(),
            None if name == UNIT => ["--workspace", "--lib", "--bins"].map(str::to_owned).to_vec(),
            None => return Err(unknown(name)),
        },
    };
    Ok(args)
}

/// What the suite of all other tests leaves out: each suite, what it proves, and what it needs.
pub fn left_out(root: &Path) -> String {
    let suites = SUITES.iter().filter(|suite| !suite.present(root).is_empty()).map(|suite| {
        let needs: Vec<&str> = suite.needs.iter().map(|program| program.name).collect();
        let needs = if needs.is_empty() { "nothing but time".to_owned() } else { needs.join(", ") };
        format!("\n  --only {:<10} {} (needs {needs})", suite.name, suite.about)
    });
    format!("`unit` left these out:{}", suites.collect::<String>())
}

fn existing(suite: &Suite, root: &Path) -> Result<Vec<(&'static str, &'static str)>, String> {
    let files = suite.present(root);
    if files.is_empty() { Err(format!("suite `{}` has no test yet", suite.name)) } else { Ok(files) }
}

fn any_of(files: &[(&str, &str)]) -> String {
    let terms = files.iter().map(|(krate, file)| format!("(package(={krate}) & binary(={file}))"));
    terms.collect::<Vec<_>>().join(" | ")
}

fn one_file(krate: &str, file: &str) -> [String; 4] {
    ["-p".to_owned(), krate.to_owned(), "--test".to_owned(), file.to_owned()]
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
    format!("no suite `{name}`; there are: {UNIT}, {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_without_tests_needs_nothing() {
        assert!(needs(Path::new("/nowhere"), None).is_empty());
        assert!(nextest_filter(Path::new("/nowhere"), Some("pages")).is_err());
    }

    #[test]
    fn an_unknown_suite_is_refused_with_the_known_ones() {
        let why = nextest_filter(&crate::root(), Some("nothing")).unwrap_err();
        assert!(why.contains("unit, ") && why.contains("postgres"), "{why}");
        assert!(cargo_filter(&crate::root(), Some("nothing")).is_err());
    }

    #[test]
    fn unit_says_what_it_leaves_out() {
        let text = left_out(&crate::root());
        assert!(
            SUITES.iter().all(|suite| text.contains(&format!("--only {:<10} {}", suite.name, suite.about))),
            "{text}"
        );
        assert_eq!(left_out(Path::new("/nowhere")), "`unit` left these out:");
    }

    #[test]
    fn unit_is_what_no_other_suite_has() {
        let filter = nextest_filter(&crate::root(), Some(UNIT)).unwrap().join(" ");
        assert!(filter.starts_with("-E not (") || filter == "-E all()", "{filter}");
    }
}
