use clap::{Args, Subcommand};
use protocol::CreateTenant;

use crate::{Failure, Session, clean::clean, pages, table::Table, when};

/// Make and list tenants
///
/// A tenant is a world of its own, with its own agents, messages, keys and event log.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coord tenants\n  coord tenants create acme\n  coord keys create --tenant acme --role admin"
)]
pub struct Tenants {
    #[command(subcommand)]
    command: Option<TenantsCommand>,
}

#[derive(Debug, Subcommand)]
enum TenantsCommand {
    /// Make a tenant
    Create {
        /// Its name
        name: String,
    },
    /// List the tenants
    List,
}

impl Tenants {
    pub(crate) async fn run(self, session: &mut Session) -> Result<(), Failure> {
        match self.command.unwrap_or(TenantsCommand::List) {
            TenantsCommand::Create { name } => create(session, name).await,
            TenantsCommand::List => list(session).await,
        }
    }
}

async fn create(session: &mut Session, name: String) -> Result<(), Failure> {
    let tenant = session.client.create_tenant(&CreateTenant { name }).await?;
    if session.out.json(&tenant.json)? {
        return Ok(());
    }
    let name = clean(&tenant.name);
    session.out.line(&format!("Made tenant {name}"))?;
    session.out.hint(&format!("Make its first key: coord keys create --tenant {name} --role admin"))
}

async fn list(session: &mut Session) -> Result<(), Failure> {
    let client = &session.client;
    let Some(tenants) = pages::all(&mut session.out, async |page| client.tenants(&page).await).await? else {
        return Ok(());
    };
    let mut table = Table::new(&["NAME", "EVENTS", "CREATED (UTC)"]);
    for tenant in &tenants {
        table.row([&tenant.name, &tenant.seq.to_string(), &when::short(&tenant.created_at)]);
    }
    session.out.table(&table)
}
