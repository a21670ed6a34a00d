//! Query plans: every query that the conformance suite makes is explained, and none may read more than it answers.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::{Options, Store};

/// The plan of every query that was made in this process, by its text.
static SEEN: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// Explains a query that was not explained before.
pub(super) fn explain(connection: &Connection, sql: &str) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.contains_key(sql) {
        return;
    }
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.replace('$', "?"))).unwrap();
    let nulls = vec![rusqlite::types::Null; statement.parameter_count()];
    let lines = statement.query_map(rusqlite::params_from_iter(nulls), |row| row.get(3)).unwrap();
    let plan = lines.collect::<rusqlite::Result<_>>().unwrap();
    seen.insert(sql.to_owned(), plan);
}

/// Runs every case.
macro_rules! everything {
    ($($file:ident: [$($case:ident),+ $(,)?],)+) => {
        async fn everything() {
            $($(
                let folder = tempfile::tempdir().unwrap();
                let store = Store::open_sqlite(folder.path(), Options::default()).unwrap();
                crate::conformance::$file::$case(&store).await;
                store.close().await;
            )+)+
        }
    };
}

crate::conformance!(everything);

/// What may be read whole, and why.
const WHOLE: [(&str, &str); 17] = [
    ("SEARCH a USING COVERING INDEX decision_asked_by_agent (tenant=?)", "verification compares who was asked"),
    ("SCAN tenants ", "a server has few tenants"),
    ("SCAN t ", "a server has few tenants"),
    ("SEARCH cursors USING ", "a log has few readers"),
    ("SEARCH trims USING PRIMARY KEY (tenant=?)", "a tenant has one row"),
    ("SEARCH x USING PRIMARY KEY (tenant=?)", "a tenant has one row"),
    ("SCAN imports", "few are under way"),
    ("SCAN counts", "a few rows for each agent; only the metrics ask for all of them"),
    ("USE TEMP B-TREE FOR GROUP BY", "the six states that all counts are summed up by"),
    ("SEARCH every USING ", "verification reads every row"),
    ("SEARCH webhook_secrets USING PRIMARY KEY (tenant=?)", "verification reads every row"),
    ("SCAN keys ", "the first row answers whether there is any"),
    ("SEARCH c USING PRIMARY KEY (tenant=?)", "verification compares all counts"),
    ("SEARCH d USING COVERING INDEX deliveries_by_state (tenant=?)", "verification counts every inbox again"),
    ("SEARCH keys USING INDEX sqlite_autoindex_keys_1 (tenant=?)", "a tenant has few keys"),
    ("SEARCH agents USING INDEX sqlite_autoindex_agents_1 (tenant=?)", "a directory is read whole"),
    ("SEARCH grants USING INDEX sqlite_autoindex_grants_1 (tenant=?)", "a directory is read whole"),
];

/// What is wrong with a line of a plan.
fn wrong(line: &str, plan: &[String]) -> Option<&'static str> {
    if WHOLE.iter().any(|(start, _)| line.starts_with(start)) {
        return None;
    }
    let inner =
        |name: &str| name.parse::<u32>().is_ok() || plan.iter().any(|line| *line == format!("CO-ROUTINE {name}"));
    match line.split(' ').collect::<Vec<_>>()[..] {
        ["SCAN", "CONSTANT", ..] => None,
        ["SCAN", name, ..] if inner(name) => None,
        ["SCAN", ..] => Some("reads a whole table"),
        ["SEARCH", .., "(tenant=?)"] => Some("reads a whole tenant"),
        ["SEARCH", "d" | "deliveries", .., "PRIMARY", "KEY", "(tenant=?", "AND", "agent=?)"] => {
            Some("reads a whole inbox")
        }
        _ if line.contains("TEMP B-TREE") => Some("sorts what an index should give in order"),
        _ if line.contains("AUTOMATIC") => Some("makes an index for itself"),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_goes_along_an_index_and_every_index_serves_a_query() {
    Box::pin(everything()).await;
    let seen = SEEN.lock().unwrap();
    assert!(seen.len() > 100, "the suite asks everything");
    let faults = seen.iter().flat_map(|(sql, plan)| {
        let why = plan.iter().filter_map(|line| Some(format!("{}: {sql}\n{}", wrong(line, plan)?, plan.join("\n"))));
        why.collect::<Vec<_>>()
    });
    assert_eq!(faults.collect::<Vec<_>>(), [""; 0]);
    let schema =
        [include_str!("../../migrations/0001_ground.sql"), include_str!("../../migrations/0009_decisions.sql")];
    let indexes = schema
        .iter()
        .flat_map(|schema| schema.lines())
        .filter_map(|line| line.split(" INDEX ").nth(1)?.split(' ').next());
    for index in indexes {
        let used = seen.values().flatten().any(|line| line.contains(index));
        assert!(used, "{index} only costs");
    }
}
