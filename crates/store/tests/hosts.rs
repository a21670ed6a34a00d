//! Which PostgreSQL is spoken to, and how: over TLS with the right one only, and of several hosts with the one that writes.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use domain::{Digest, TenantId, Time};
use store::{PostgresOptions, Store};
use testkit::postgres::Postgres;

const NOW: Time = Time::from_millis(1_800_000_000_000);

async fn run(postgres: &Postgres, statements: &[&str]) {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.unwrap();
    let mut connected = tokio::task::JoinSet::new();
    connected.spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await.unwrap();
    }
}

async fn open(url: &str, tls_ca: Option<&Path>) -> store::Result<Store> {
    let tls_ca = tls_ca.map(Path::to_owned);
    Store::open_postgres(&PostgresOptions { tls_ca, ..PostgresOptions::new(url) }, true).await
}

/// Gives the server a certificate for `name`, and answers it as the file of who signed it: itself.
async fn encrypt(postgres: &Postgres, name: &str) -> std::path::PathBuf {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let data = postgres.daemon.folder().join("data");
    let owner = fs::metadata(&data).unwrap();
    for (file, text) in [("server.crt", made.cert.pem()), ("server.key", made.signing_key.serialize_pem())] {
        let path = data.join(file);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    run(postgres, &["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"]).await;
    data.join("server.crt")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_connection_is_made_with_the_right_server_only() {
    let postgres = Postgres::start().unwrap();
    let plain = postgres.create_database("encrypted").unwrap();
    let checked = format!("{plain}?sslmode=verify-full");
    assert!(open(&checked, None).await.is_err(), "the server does not encrypt yet");
    let ca = encrypt(&postgres, "127.0.0.1").await;
    let store = open(&checked, Some(&ca)).await.expect("certified by who is trusted");
    assert_eq!(store.ensure_tenant("default", NOW).await.unwrap(), TenantId::DEFAULT);
    assert_eq!(store.head(TenantId::DEFAULT).await.unwrap(), Some((0, Digest::ZERO, 0)));
    store.close().await;
    assert!(open(&checked, None).await.is_err(), "this machine does not trust who certified it");
    assert!(open(&plain, None).await.is_ok(), "without a mode nothing is encrypted");

    let ca = encrypt(&postgres, "elsewhere.example").await;
    assert!(open(&checked, Some(&ca)).await.is_err(), "the certificate is of another host");
    let missing = open(&checked, Some(Path::new("/nowhere"))).await.err().expect("no such file").to_string();
    assert!(missing.contains("/nowhere"), "{missing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_hosts_the_one_that_writes_is_found_and_found_again() {
    let (first, second) = (Postgres::start().unwrap(), Postgres::start().unwrap());
    // What a fail-over leaves behind: both know the schema and the tenant.
    for postgres in [&first, &second] {
        let store = open(&postgres.url(), None).await.unwrap();
        store.ensure_tenant("default", NOW).await.unwrap();
        store.close().await;
    }
    let nobody = testkit::port::Port::take().unwrap();
    let hosts = [nobody.address(), first.address(), second.address()].map(|address| address.to_string()).join(",");
    let url = format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write");
    let store = open(&url, None).await.expect("the second host writes");
    store.ensure_tenant("before", NOW).await.unwrap();

    let demoted = "ALTER SYSTEM SET default_transaction_read_only = on";
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
    run(&first, &[demoted, "SELECT pg_reload_conf()", others]).await;
    // The first try may be the one that finds its connection gone.
    let mut made = store.ensure_tenant("after", NOW).await;
    for _ in 0..20 {
        if made.is_ok() {
            break;
        }
        made = store.ensure_tenant("after", NOW).await;
    }
    made.expect("the third host writes");
    assert!(store.tenant_by_name("after").await.unwrap().is_some());
    assert!(store.tenant_by_name("before").await.unwrap().is_none(), "it is another host's");
    store.close().await;
}
