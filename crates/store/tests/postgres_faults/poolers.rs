//! What must be set of a pooler, and what is said where it is not.

use store::conformance::world::World;
use testkit::pgbouncer::PgBouncer;
use testkit::postgres::Postgres;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::{database, store};

/// A client that speaks to the pooler as it likes.
async fn client(url: &str) -> (Client, JoinSet<Result<(), tokio_postgres::Error>>) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("connected");
    let mut connected = JoinSet::new();
    connected.spawn(connection);
    (client, connected)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_of_the_pooler_has_the_settings_of_its_connect_query() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    database(&postgres);
    let pgbouncer = PgBouncer::start(postgres.address(), 3).expect("a private PgBouncer");
    let mut clients = Vec::new();
    for _ in 0..3 {
        let (client, connected) = client(&pgbouncer.url_of("coordination")).await;
        // Each holds one of the three.
        client.batch_execute("BEGIN").await.expect("begun");
        for setting in ["enable_seqscan", "jit"] {
            let shown = client.query_one(&format!("SHOW {setting}"), &[]).await.expect("shown");
            assert_eq!(shown.get::<_, String>(0), "off", "{setting}");
        }
        clients.push((client, connected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_keeps_no_prepared_statements_is_named_with_what_to_set() {
    let postgres = Postgres::start().expect("a private PostgreSQL");
    World::new(&store(&database(&postgres)).await).await;
    let pgbouncer = PgBouncer::start_with(postgres.address(), 2, "max_prepared_statements = 0\n");
    let pgbouncer = pgbouncer.expect("a private PgBouncer");
    let url = pgbouncer.url_of("coordination");
    let (other, _connected) = client(&url).await;
    other.batch_execute("BEGIN").await.expect("begun");
    let store = store(&url).await;
    store.heads().await.expect("prepared on the connection that is left");
    // The connection that was used last is taken first, and knows nothing of what was prepared.
    other.batch_execute("ROLLBACK").await.expect("ended");
    let refused = store.heads().await.err();
    let said = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(said.contains("max_prepared_statements"), "{said}");
}
