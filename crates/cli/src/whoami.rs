use clap::Args;

use crate::{Failure, Session, clean::clean};

/// Say who the server takes you for
///
/// Prints the tenant, the key's role, and the agents it speaks for.
#[derive(Debug, Args)]
pub struct Whoami {}

impl Whoami {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        let who = session.client.whoami().await?;
        if session.out.json(&who.json)? {
            return Ok(());
        }
        let agents = if who.agents.is_empty() { "-".to_owned() } else { who.agents.join(", ") };
        for (label, text) in [
            ("Server", session.client.url()),
            ("Tenant", &who.tenant),
            ("Role", who.role.as_str()),
            ("Agents", &agents),
            ("Key", who.key_id.as_deref().unwrap_or("none is needed")),
        ] {
            session.out.line(&format!("{:<8} {}", format!("{label}:"), clean(text)))?;
        }
        Ok(())
    }
}
