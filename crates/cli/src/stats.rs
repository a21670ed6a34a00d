use clap::Args;
use protocol::{Agent, InboxQuery, PageQuery};
use serde_json::json;

use crate::{Failure, Session, clean::clean, table::Table, when};

/// Show how many messages wait where
///
/// One line for each agent, with the number of its deliveries in each state.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coord stats")]
pub struct Stats {}

impl Stats {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let ready = session.client.ready().await?.value;
        let head = session.client.events_head().await?.value;
        let mut rows = Vec::new();
        for agent in every_agent(session).await? {
            let counts = counts(session, &agent).await?;
            rows.push((agent, counts));
        }
        if session.out.is_json() {
            let agents: Vec<_> = rows.iter().map(|(agent, counts)| json!({"agent": agent, "counts": counts})).collect();
            let all = json!({"ready": ready, "head": head, "agents": agents});
            return session.out.json(&all.to_string()).map(drop);
        }
        let mut table =
            Table::new(&["AGENT", "PENDING", "LEASED", "DEFERRED", "ACKED", "EXPIRED", "DEAD", "LAST SEEN (UTC)"]);
        for (agent, counts) in &rows {
            table.row([
                &agent.name,
                &counts.pending.to_string(),
                &counts.leased.to_string(),
                &counts.deferred.to_string(),
                &counts.acked.to_string(),
                &counts.expired.to_string(),
                &counts.dead.to_string(),
                &when::short_or_dash(agent.last_seen_at.as_ref()),
            ]);
        }
        session.out.table(&table)?;
        session.out.gap()?;
        session.out.line(&format!("The server is {}; {} events in the log.", ready.status, head.seq))?;
        for (name, check) in ready.checks.iter().filter(|(_, check)| check.status != protocol::CheckStatus::Ok) {
            let detail = check.detail.as_deref().unwrap_or("-");
            session.out.line(&format!("{}: {} ({})", clean(name), check.status, clean(detail)))?;
        }
        Ok(())
    }
}

async fn every_agent(session: &Session) -> Result<Vec<Agent>, Failure> {
    let mut agents = Vec::new();
    let mut after = None;
    loop {
        let page = session.client.agents(&PageQuery { limit: None, after }).await?.value;
        agents.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(agents);
        }
    }
}

async fn counts(session: &Session, agent: &Agent) -> Result<protocol::Counts, Failure> {
    let query = InboxQuery { limit: Some(1), ..InboxQuery::default() };
    Ok(session.client.inbox(&agent.name, &query).await?.counts)
}
