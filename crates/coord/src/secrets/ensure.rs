//! One secret, made where it is absent.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::config_command::tell;

use super::cluster::{Cluster, Error};
use super::contents::{self, Places};
use super::randomness;

/// The pause after the first failure; each further one is twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What became of a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was absent.
    Made,
    /// It was there, and is as it was.
    Kept,
    /// It was there without these keys, and is as it was.
    Lacking(Vec<&'static str>),
}

impl Outcome {
    /// Whether the program can run with it. The other keys are for servers that may be elsewhere: who brings the URL of a
    /// managed PostgreSQL has no password of its superuser.
    pub(super) fn is_usable(&self) -> bool {
        !matches!(self, Self::Lacking(keys) if keys.iter().any(|key| matches!(*key, "url" | "key")))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made => f.write_str("made"),
            Self::Kept => f.write_str("is there"),
            Self::Lacking(keys) => write!(
                f,
                "is there without {}, and is left as it is; what runs in this cluster and needs them waits until they are added",
                keys.join(", ")
            ),
        }
    }
}

/// Makes a secret unless there is one, trying again until `deadline`.
///
/// Fails with the last reason.
pub(super) async fn ensure(
    cluster: &Cluster,
    name: &'static str,
    places: &Places<'_>,
    deadline: Instant,
) -> Result<Outcome, Error> {
    let mut pause = PAUSE;
    loop {
        match attempt(cluster, name, places).await {
            Err(Error::Again(why)) if Instant::now() + pause < deadline => {
                tell(&format!("{name}: {why}; trying again in {pause:?}"));
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            done => return done,
        }
    }
}

async fn attempt(cluster: &Cluster, name: &'static str, places: &Places<'_>) -> Result<Outcome, Error> {
    if let Some(keys) = cluster.keys(name).await? {
        return Ok(judge(name, &keys));
    }
    let secret = contents::secret(name, places, &mut randomness::bytes)
        .map_err(|error| Error::Never(format!("the system gives no random bytes: {error}")))?;
    if cluster.create(&secret).await? {
        return Ok(Outcome::Made);
    }
    // Somebody was faster: theirs counts.
    match cluster.keys(name).await? {
        Some(keys) => Ok(judge(name, &keys)),
        None => Err(Error::Again("it was there for a moment and is gone again".to_owned())),
    }
}

fn judge(name: &str, there: &[String]) -> Outcome {
    let lacking = contents::keys(name).iter().filter(|key| !there.iter().any(|found| found == *key));
    let lacking: Vec<&'static str> = lacking.copied().collect();
    if lacking.is_empty() { Outcome::Kept } else { Outcome::Lacking(lacking) }
}
