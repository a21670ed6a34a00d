//! The invalidator: drops what this process remembers when another process on the same store has changed it. Where nobody
//! notifies, what is remembered is looked up again after a while.

use std::sync::Arc;

use ephemeral::{Ephemeral, Stale};
use tokio::sync::Mutex;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Stepped;
use crate::Result;
use crate::directory::Directories;
use crate::keyring::{FirstKey, Keyring};

/// Applies the invalidations of other processes.
pub(crate) struct Invalidator {
    received: Mutex<Receiver<Stale>>,
    directories: Arc<Directories>,
    first_key: Arc<FirstKey>,
    keyring: Arc<Keyring>,
}

impl Invalidator {
    pub(crate) fn new(
        ephemeral: &Ephemeral,
        directories: Arc<Directories>,
        first_key: Arc<FirstKey>,
        keyring: Arc<Keyring>,
    ) -> Self {
        Self { received: Mutex::new(ephemeral.stale()), directories, first_key, keyring }
    }

    /// Waits for the next invalidation and applies it.
    pub(super) async fn step(&self) -> Result<Stepped> {
        match self.received.lock().await.recv().await {
            Ok(stale) => self.invalidate(stale),
            Err(RecvError::Lagged(_)) => self.invalidate(Stale::Everything),
            // Nobody is left who could notify.
            Err(RecvError::Closed) => std::future::pending().await,
        }
        Ok(Stepped::More)
    }

    fn invalidate(&self, stale: Stale) {
        match stale {
            Stale::Directory(tenant) => self.directories.invalidate(Some(tenant)),
            Stale::Keys(tenant) => {
                self.first_key.invalidate();
                self.keyring.invalidate(Some(tenant));
            }
            Stale::Everything => {
                self.directories.invalidate(None);
                self.first_key.invalidate();
                self.keyring.invalidate(None);
            }
        }
    }
}
