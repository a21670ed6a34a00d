//! The conformance suite over PostgreSQL: one private server, a database for each case. The server writes every plan down, and
//! none may read more than it has to.

mod plans;

use store::{PostgresOptions, Store};
use testkit::postgres::Postgres;

/// Runs every case over an empty database of its own, and names all that do not hold.
macro_rules! over_postgres {
    ($($file:ident: [$($case:ident),+ $(,)?],)+) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_case_holds_over_postgresql_and_every_query_goes_along_an_index() {
            let postgres = Postgres::start_with(plans::SETTINGS).expect("a private PostgreSQL");
            let mut broken = Vec::new();
            $($({
                let name = concat!(stringify!($file), "_", stringify!($case));
                // PostgreSQL cuts names at 63 bytes.
                let database = format!("c{}_{}", line!(), &name[..name.len().min(40)]);
                let url = postgres.create_database(&database).expect("a database");
                let run = async move {
                    let store = Store::open_postgres(&PostgresOptions::new(url), true).await.expect("a store");
                    store::conformance::$file::$case(&store).await;
                    store.close().await;
                };
                #[expect(clippy::disallowed_methods, reason = "a case that panics must not end the others")]
                if tokio::spawn(run).await.is_err() {
                    broken.push(name);
                }
            })+)+
            assert_eq!(broken, Vec::<&str>::new(), "cases that do not hold over PostgreSQL");
            plans::go_along_indexes(&postgres.daemon.log());
        }
    };
}

store::conformance!(over_postgres);
