//! What other processes on the same store do: heard of through what is ephemeral, and otherwise looked up.

use ephemeral::Stale;
use tokio::sync::broadcast::error::RecvError;

use crate::Engine;

impl Engine {
    /// Forgets what other processes say is old, for as long as there is anybody to say so.
    pub(crate) async fn hear_of_the_stale(&self) {
        let mut stale = self.inner.ephemeral.stale();
        loop {
            match stale.recv().await {
                Ok(stale) => self.mistrust(stale),
                Err(RecvError::Lagged(_)) => self.mistrust(Stale::Everything),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn mistrust(&self, stale: Stale) {
        match stale {
            Stale::Directory(tenant) => self.inner.directories.mistrust(Some(tenant)),
            Stale::Keys(tenant) => {
                self.inner.first_key.mistrust();
                self.inner.keyring.mistrust(Some(tenant));
            }
            Stale::Everything => {
                self.inner.directories.mistrust(None);
                self.inner.first_key.mistrust();
                self.inner.keyring.mistrust(None);
            }
        }
    }
}
