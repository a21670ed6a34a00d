//! The database's own structure: every tree and every index, as the database itself can check them.

use domain::view::{PROBLEMS_MAX, Problem};

use crate::value::Value;
use crate::{Driver, Result, Store};

/// What checking the structure found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What was not checked, and why.
    pub left_out: Vec<String>,
}

impl Structure {
    fn problem(&mut self, detail: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { seq: None, what: "database", detail });
        }
    }
}

/// The indexes that `amcheck` can check, and the tables.
const INDEXES: &str = "SELECT CAST(CAST(c.oid AS BIGINT) AS TEXT), CAST(c.relname AS TEXT) FROM pg_index i \
     JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam \
     WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = current_schema()) \
     AND a.amname = 'btree' AND i.indisvalid ORDER BY 2";
const TABLES: &str = "SELECT CAST(CAST(c.oid AS BIGINT) AS TEXT), CAST(c.relname AS TEXT) FROM pg_class c \
     WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = current_schema()) \
     AND c.relkind = 'r' ORDER BY 2";
const CHECK_INDEX: &str = "SELECT COUNT(*) FROM bt_index_check(CAST(CAST($1 AS TEXT) AS REGCLASS), true)";
const CHECK_TABLE: &str = "SELECT msg FROM verify_heapam(CAST(CAST($1 AS TEXT) AS REGCLASS)) LIMIT 20";

impl Store {
    /// Has the database check its own structure: `PRAGMA integrity_check` in SQLite, the extension `amcheck` in PostgreSQL,
    /// where it is there or may be made. Reads everything, and holds one connection while it does.
    pub async fn verify_structure(&self) -> Result<Structure> {
        let mut structure = Structure::default();
        match &self.driver {
            Driver::Sqlite(sqlite) => {
                for line in sqlite.integrity().await? {
                    structure.problem(line);
                }
            }
            Driver::Postgres(postgres) => {
                if let Err(why) = postgres.make_extension("amcheck").await? {
                    structure.left_out.push(format!(
                        "the structure of tables and indexes: PostgreSQL's extension amcheck cannot be used ({why}). An \
                         administrator of the database can make it with CREATE EXTENSION amcheck, and grant EXECUTE on its \
                         functions"
                    ));
                    return Ok(structure);
                }
                self.amcheck(INDEXES, CHECK_INDEX, &mut structure).await?;
                self.amcheck(TABLES, CHECK_TABLE, &mut structure).await?;
            }
        }
        self.health.checked(structure.problems.is_empty() && structure.left_out.is_empty());
        Ok(structure)
    }

    /// Checks each of these tables or indexes; what a check answers or fails with is a problem.
    async fn amcheck(&self, of: &str, check: &str, structure: &mut Structure) -> Result<()> {
        let Driver::Postgres(postgres) = &self.driver else { return Ok(()) };
        for mut row in self.query(of, vec![]).await? {
            let (oid, name) = (row.text(0)?, row.text(1)?);
            match postgres.query_in_its_time(check, &[Value::from(oid)]).await? {
                Ok(rows) => {
                    for mut row in rows {
                        // The check of an index answers a number, where it answers at all.
                        if let Ok(Some(message)) = row.opt_text(0) {
                            structure.problem(format!("{name}: {message}"));
                        }
                    }
                }
                Err(why) if why.is_damage => structure.problem(format!("{name}: {}", why.text)),
                Err(why) => structure.left_out.push(format!("the structure of {name}: {}", why.text)),
            }
        }
        Ok(())
    }
}
