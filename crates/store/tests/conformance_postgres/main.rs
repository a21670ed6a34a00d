//! The conformance suite over PostgreSQL, each version that is promised, and behind PgBouncer: a private server, an
//! empty database for each case. The server writes every plan down, and none may read more than it has to.

mod plans;

use store::{PostgresOptions, Store};
use testkit::pgbouncer::PgBouncer;
use testkit::postgres::Postgres;
use tokio::task::JoinSet;

/// A database that is emptied for each case, which is much faster than to make one.
struct Database {
    client: tokio_postgres::Client,
    _connected: JoinSet<Result<(), tokio_postgres::Error>>,
}

impl Database {
    async fn of(postgres: &Postgres) -> Self {
        let (client, connection) =
            tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await.expect("connected");
        let mut connected = JoinSet::new();
        connected.spawn(connection);
        Self { client, _connected: connected }
    }

    async fn empty(&self) {
        self.client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.expect("an empty database");
    }

    /// Ends whatever a case that did not end by itself has left.
    async fn end_others(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.client.batch_execute(sql).await.expect("the others ended");
    }
}

/// Makes a function that runs every case over an empty database, reached at `url`, and answers those that do not hold.
macro_rules! over_postgres {
    ($($file:ident: [$($case:ident),+ $(,)?],)+) => {
        async fn broken(postgres: &Postgres, url: &str) -> Vec<&'static str> {
            let database = Database::of(postgres).await;
            let mut broken = Vec::new();
            $($({
                database.empty().await;
                let options = PostgresOptions::new(url);
                let run = async move {
                    let store = Store::open_postgres(&options, true).await.expect("a store");
                    store::conformance::$file::$case(&store).await;
                    store.close().await;
                };
                #[expect(clippy::disallowed_methods, reason = "a case that panics must not end the others")]
                if tokio::spawn(run).await.is_err() {
                    broken.push(concat!(stringify!($file), "::", stringify!($case)));
                    database.end_others().await;
                }
            })+)+
            broken
        }
    };
}

store::conformance!(over_postgres);

/// Holds that every case holds and every query goes along an index, as the server is reached directly.
async fn every_case_holds(postgres: &Postgres) {
    assert_eq!(broken(postgres, &postgres.url()).await, Vec::<&str>::new());
    plans::go_along_indexes(&postgres.daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_over_postgresql_and_every_query_goes_along_an_index() {
    every_case_holds(&Postgres::start_with(plans::SETTINGS).expect("a private PostgreSQL")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_over_postgresql_16() {
    every_case_holds(&Postgres::start_version(16, plans::SETTINGS).expect("a private PostgreSQL 16")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_over_postgresql_17() {
    every_case_holds(&Postgres::start_version(17, plans::SETTINGS).expect("a private PostgreSQL 17")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_over_postgresql_18() {
    every_case_holds(&Postgres::start_version(18, plans::SETTINGS).expect("a private PostgreSQL 18")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_behind_pgbouncer_where_connections_are_few() {
    let postgres = Postgres::start_with(plans::SETTINGS).expect("a private PostgreSQL");
    let pgbouncer = PgBouncer::start(postgres.address(), 3).expect("a private PgBouncer");
    assert_eq!(broken(&postgres, &pgbouncer.url_of("postgres")).await, Vec::<&str>::new());
    plans::go_along_indexes(&postgres.daemon.log());
}
