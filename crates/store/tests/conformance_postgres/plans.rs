//! Query plans, as PostgreSQL writes them into its log.

use std::collections::BTreeSet;

/// Lets the server write down the plan of every query, and read a whole table only where it has no other way, by itself or to
/// join it: the tables of a test are so small that it would always do so. What is proven here does not ask for a durable disk.
pub(crate) const SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "session_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "enable_seqscan=off",
    "enable_hashjoin=off",
    "enable_mergejoin=off",
];

/// The tables that grow with every message.
const LARGE: [&str; 8] =
    ["events", "messages", "deliveries", "idempotency", "texts", "attachments", "attached", "attachment_storers"];

/// Holds that no plan reads a large table, or an index of one, from end to end.
pub(crate) fn go_along_indexes(log: &str) {
    let (mut wrong, mut plans, mut query) = (BTreeSet::new(), 0, "");
    let lines: Vec<&str> = log.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if let Some((_, text)) = line.split_once("Query Text: ") {
            (query, plans) = (text, plans + 1);
        }
        if let Some(table) = scanned(line)
            && LARGE.contains(&table)
            && !has_condition(&lines[at..])
        {
            wrong.insert(format!("{}\n  {query}", line.trim()));
        }
    }
    assert!(plans > 1_000, "the server wrote {plans} plans down");
    assert!(wrong.is_empty(), "these read a whole table:\n{}", Vec::from_iter(wrong).join("\n"));
}

/// The table that a line of a plan scans.
fn scanned(line: &str) -> Option<&str> {
    let (scan, rest) = line.split_once(" on ")?;
    let whole = ["Seq Scan", "Index Scan using", "Index Only Scan using", "Index Scan Backward using"];
    whole.iter().any(|kind| scan.contains(kind)).then(|| rest.split_whitespace().next()).flatten()
}

/// Whether a scan has an index's condition: it stands between its own line and that of the next node.
fn has_condition(lines: &[&str]) -> bool {
    let own = lines.iter().skip(1).take_while(|line| line.starts_with('\t') && !line.contains("->"));
    own.into_iter().any(|line| line.contains("Index Cond:"))
}
