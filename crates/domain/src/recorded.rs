//! Recorded facts: what the log tells of agents, grants, keys, attachments and webhook secrets, compared with the rows that
//! hold them. A row that was written past the log gives somebody rights that nobody gave.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::agent::{Agent, AgentName};
use crate::attachment::{Attachment, Digest};
use crate::directory::Grant;
use crate::event::{Event, EventKind};
use crate::key::{Key, Role};
use crate::time::Time;

/// How far the times of a key's row and of its event may lie apart, in microseconds: they were once read one after the other.
const KEY_TIMES_APART_MAX: i64 = 60_000_000;

/// What the log tells of a secret without telling it: the SHA-256 of its use and itself.
pub fn fingerprint(of: &str, secret: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(of.as_bytes());
    hash.update([0]);
    hash.update(secret);
    Digest(hash.finalize().into())
}

/// The data of an event about a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTold {
    /// Its public id.
    pub id: String,
    /// What it is for.
    pub role: Role,
    /// Whom it speaks for.
    pub agents: Vec<AgentName>,
    /// What its owner calls it.
    pub name: String,
    /// The fingerprint of the hash that it is recognised by; none in old logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Digest>,
}

impl KeyTold {
    /// What is told of a key with this hash.
    pub fn new(key: &Key, hash: &Digest) -> Self {
        let Key { id, role, agents, name, .. } = key.clone();
        Self { id, role, agents, name, fingerprint: Some(fingerprint("key", &hash.0)) }
    }
}

/// The data of an event about a webhook's secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretTold {
    /// Whose webhook.
    pub agent: AgentName,
    /// The secret's fingerprint; none in old logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Digest>,
}

impl SecretTold {
    /// What is told of a webhook's secret.
    pub fn new(agent: &AgentName, secret: &[u8]) -> Self {
        Self { agent: agent.clone(), fingerprint: Some(fingerprint("webhook secret", secret)) }
    }
}

/// A key as the log tells it.
#[derive(Clone, Debug)]
struct LoggedKey {
    told: KeyTold,
    created_at: Option<Time>,
    revoked_at: Option<Time>,
}

/// An attachment as the log tells it, and whether its row was seen.
#[derive(Clone, Debug)]
struct LoggedAttachment {
    attachment: Attachment,
    stored_at: Time,
    compared: bool,
}

/// Agents, grants, keys, attachments and webhook secrets as the log tells them.
#[derive(Debug, Default)]
pub struct Recorded {
    agents: BTreeMap<AgentName, Agent>,
    grants: BTreeMap<(String, AgentName), Grant>,
    keys: BTreeMap<String, LoggedKey>,
    secrets: BTreeMap<AgentName, Option<Digest>>,
    attachments: BTreeMap<Digest, LoggedAttachment>,
}

/// A row that differs from what the log tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Of which table: `agent`, `grant`, `key`, `webhook-secret`, `attachment`.
    pub what: &'static str,
    /// Which row, and in what.
    pub detail: String,
}

impl Difference {
    /// A difference of one row.
    pub fn new(what: &'static str, row: &dyn std::fmt::Display, why: &str) -> Self {
        Self { what, detail: format!("{} `{row}`: {why}", what.replace('-', " ")) }
    }
}

/// What is stored, read from its tables at one time.
#[derive(Debug, Default)]
pub struct Stored {
    /// The agents.
    pub agents: Vec<Agent>,
    /// The grants.
    pub grants: Vec<Grant>,
    /// The keys, each with the hash that it is recognised by.
    pub keys: Vec<(Key, Digest)>,
    /// The agents whose webhooks have a secret, each with the bytes in force.
    pub secrets: Vec<(AgentName, [u8; 32])>,
}

const UNTOLD: &str = "the log knows of none";
const MISSING: &str = "the log tells of it, the store has none";

fn read<T: DeserializeOwned>(event: &Event) -> Result<T, String> {
    serde_json::from_str(&event.data).map_err(|error| format!("its data cannot be read: {error}"))
}

impl EventKind {
    /// Whether a row is made from such an event, so that it has to stay where the rest of the log goes to the archive.
    pub const fn makes_row(self) -> bool {
        matches!(
            self,
            Self::AuthorityGranted
                | Self::AgentRegistered
                | Self::AgentUpdated
                | Self::AgentRetired
                | Self::AttachmentStored
                | Self::KeyCreated
                | Self::KeyRevoked
                | Self::TenantCreated
                | Self::WebhookSecretRotated
        )
    }
}

impl Recorded {
    /// Applies the next event; those about messages are none of its business. Fails with a sentence where its data cannot be
    /// read.
    pub fn apply(&mut self, event: &Event) -> Result<(), String> {
        match event.kind {
            EventKind::AgentRegistered | EventKind::AgentUpdated | EventKind::AgentRetired => {
                let agent: Agent = read(event)?;
                if event.agent.as_ref() != Some(&agent.name) {
                    return Err(format!("its data are about agent `{}`, its row is about another", agent.name));
                }
                self.agents.insert(agent.name.clone(), agent);
            }
            EventKind::AuthorityGranted => {
                let grant: Grant = read(event)?;
                self.grants.insert((grant.domain.clone(), grant.agent.clone()), grant);
            }
            EventKind::KeyCreated | EventKind::KeyRevoked => self.key(event, read(event)?),
            EventKind::WebhookSecretRotated => {
                let told: SecretTold = read(event)?;
                self.secrets.insert(told.agent, told.fingerprint);
            }
            EventKind::AttachmentStored => {
                let attachment: Attachment = read(event)?;
                // As the first uploader named it.
                let logged = LoggedAttachment { attachment, stored_at: event.at, compared: false };
                self.attachments.entry(logged.attachment.sha256).or_insert(logged);
            }
            _ => {}
        }
        Ok(())
    }

    fn key(&mut self, event: &Event, told: KeyTold) {
        let created_at = (event.kind == EventKind::KeyCreated).then_some(event.at);
        let fresh = LoggedKey { told: told.clone(), created_at, revoked_at: None };
        let logged = self.keys.entry(told.id).or_insert(fresh);
        if event.kind == EventKind::KeyRevoked {
            logged.revoked_at = Some(event.at);
        }
    }

    /// How the rows differ from what the log tells. Where the log is not `whole`, rows that it does not tell of are left out.
    pub fn differences(&self, stored: &Stored, whole: bool) -> Vec<Difference> {
        let mut found = Vec::new();
        let agents = stored.agents.iter().map(|agent| (agent.name.clone(), agent));
        each("agent", &self.agents, agents, whole, &mut found, |told, row| {
            // Of a webhook's address the log tells what is no secret; old logs tell all of it.
            named(&fields(&told.published(), &row.published()))
        });
        let grants = stored.grants.iter().map(|grant| ((grant.domain.clone(), grant.agent.clone()), grant));
        let of_agent = |(domain, agent): &(String, AgentName)| format!("{domain} to {agent}");
        let told = self.grants.iter().map(|(key, grant)| (of_agent(key), grant)).collect();
        let grants = grants.map(|(key, grant)| (of_agent(&key), grant));
        each("grant", &told, grants, whole, &mut found, |told, row| named(&fields(*told, row)));
        let keys = stored.keys.iter().map(|row| (row.0.id.clone(), row));
        each("key", &self.keys, keys, whole, &mut found, |told, (key, hash)| named(&told.differs(key, hash)));
        let secrets = stored.secrets.iter().map(|row| (row.0.clone(), &row.1));
        each("webhook-secret", &self.secrets, secrets, whole, &mut found, |told, secret| {
            let same = told.is_none_or(|told| told == fingerprint("webhook secret", secret.as_slice()));
            (!same).then(|| "it is not the one that the log tells of".to_owned())
        });
        found
    }

    /// How the row of an attachment differs from what the log tells.
    pub fn attachment(&mut self, stored: &Attachment, stored_at: Time, whole: bool) -> Option<Difference> {
        let row = stored.sha256;
        let Some(logged) = self.attachments.get_mut(&row) else {
            return whole.then(|| Difference::new("attachment", &row, UNTOLD));
        };
        logged.compared = true;
        let mut differ = fields(&logged.attachment, stored);
        if logged.stored_at != stored_at {
            differ.push("stored_at".to_owned());
        }
        named(&differ).map(|why| Difference::new("attachment", &row, &why))
    }

    /// The attachments whose rows were not compared since they were last asked for.
    pub fn missing_attachments(&mut self) -> Vec<Difference> {
        let missing = |logged: &mut LoggedAttachment| !std::mem::take(&mut logged.compared);
        let rows =
            self.attachments.values_mut().filter_map(|logged| missing(logged).then_some(logged.attachment.sha256));
        rows.map(|row| Difference::new("attachment", &row, MISSING)).collect()
    }
}

impl LoggedKey {
    fn differs(&self, key: &Key, hash: &Digest) -> Vec<String> {
        let mut differ = fields(&self.told, &KeyTold { fingerprint: self.told.fingerprint, ..KeyTold::new(key, hash) });
        let near = |told: Option<Time>, row: Option<Time>| match (told, row) {
            (Some(told), Some(row)) => (told.0 - row.0).abs() <= KEY_TIMES_APART_MAX,
            (told, row) => told == row,
        };
        if self.told.fingerprint.is_some_and(|told| told != fingerprint("key", &hash.0)) {
            differ.push("hash".to_owned());
        }
        if self.created_at.is_some() && !near(self.created_at, Some(key.created_at)) {
            differ.push("created_at".to_owned());
        }
        if !near(self.revoked_at, key.revoked_at) {
            differ.push("revoked_at".to_owned());
        }
        differ
    }
}

/// Compares the rows of a table by their key.
fn each<K: Ord + std::fmt::Display, T, R>(
    what: &'static str,
    told: &BTreeMap<K, T>,
    rows: impl Iterator<Item = (K, R)>,
    whole: bool,
    found: &mut Vec<Difference>,
    differs: impl Fn(&T, R) -> Option<String>,
) {
    let mut seen = BTreeSet::new();
    for (key, row) in rows {
        let why = match told.get(&key) {
            Some(told) => differs(told, row),
            None => whole.then(|| UNTOLD.to_owned()),
        };
        found.extend(why.map(|why| Difference::new(what, &key, &why)));
        seen.insert(key);
    }
    let missing = told.keys().filter(|key| !seen.contains(key));
    found.extend(missing.map(|key| Difference::new(what, key, MISSING)));
}

/// The fields in which two things of a kind differ, as JSON names them. Their values may be secrets.
fn fields(one: &impl Serialize, other: &impl Serialize) -> Vec<String> {
    let (Ok(serde_json::Value::Object(one)), Ok(serde_json::Value::Object(other))) =
        (serde_json::to_value(one), serde_json::to_value(other))
    else {
        return Vec::new();
    };
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

fn named(fields: &[String]) -> Option<String> {
    (!fields.is_empty()).then(|| format!("log and row differ in {}", fields.join(", ")))
}
