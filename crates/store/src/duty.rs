//! Duties: what one of all processes on the same facts does at a time.

use crate::value::Value;
use crate::{Driver, Result, Store};

/// Who has a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The process; empty where it has given the duty up.
    pub holder: String,
    /// How often somebody has taken or kept it: it changes with each time.
    pub beat: i64,
}

impl Store {
    /// Who has the duty of this name; none where nobody ever had it.
    pub async fn duty(&self, name: &'static str) -> Result<Option<Duty>> {
        let rows = self.query("SELECT holder, beat FROM duties WHERE name = $1", vec![name.into()]).await?;
        rows.into_iter().next().map(|mut row| Ok(Duty { holder: row.text(0)?, beat: row.int(1)? })).transpose()
    }

    /// Gives a duty to `holder` where nobody has taken or kept it since it was found as `found`; answers whether it was so.
    /// Goes beside the queue of changes, so that it is not late when many wait.
    ///
    /// An error may leave it given: then it is found so.
    pub async fn take_duty(&self, name: &'static str, holder: &str, found: Option<&Duty>) -> Result<bool> {
        let sql = "INSERT INTO duties (name, holder, beat) VALUES ($1, $2, 1) \
                   ON CONFLICT (name) DO UPDATE SET holder = $2, beat = duties.beat + 1 WHERE duties.beat = $3";
        let beat = found.map_or(0, |found| found.beat);
        match &self.driver {
            Driver::Sqlite(sqlite) => {
                sqlite.queue.execute(sql, vec![name.into(), holder.into(), Value::Int(beat)]).await?;
            }
            Driver::Postgres(postgres) => postgres.write(sql, &[&name, &holder, &beat]).await?,
        }
        Ok(self.duty(name).await? == Some(Duty { holder: holder.to_owned(), beat: beat + 1 }))
    }
}
