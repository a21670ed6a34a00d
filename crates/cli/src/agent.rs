//! The agent that a command is about, where none is named.

use crate::{Failure, Session};

impl Session {
    /// Who speaks: whoever is named, else the context's agent; the server knows whom a key is bound to.
    pub(crate) fn speaker(&self, named: Option<String>) -> Option<String> {
        named.or_else(|| self.own.clone())
    }

    /// The agent that a command is about: the one that is named, else the context's, else the only one of the key.
    pub(crate) async fn agent(&self, named: Option<String>) -> Result<String, Failure> {
        if let Some(agent) = self.speaker(named) {
            return Ok(agent);
        }
        let who = self.client.whoami().await?.value;
        who.agent.ok_or_else(|| Failure::Usage {
            what: "say which agent: the key is bound to none, or to several".to_owned(),
            next: Some("name it, or keep it in a context: coord context add NAME --agent AGENT".to_owned()),
        })
    }
}
