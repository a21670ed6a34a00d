//! What verbs and jobs share.

use std::sync::Arc;

use broker::Broker;
use domain::directory::Policy;
use ephemeral::Ephemeral;
use store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::claim::Claims;
use crate::directory::Directories;
use crate::job::push::PushQueue;
use crate::retirement::Retirement;
use crate::webhook::Secrets;
use crate::writer::Writer;
use crate::{Clock, Config, Observer, Parts, policy};

/// How far an engine has come in ending, and what still runs. Cheap to clone; every clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Lifecycle {
    /// It takes nothing new in hand.
    pub(crate) draining: CancellationToken,
    /// Its loops end.
    pub(crate) stop: CancellationToken,
    /// What is in hand is given back.
    pub(crate) abandon: CancellationToken,
    /// Whatever runs in the background.
    pub(crate) tasks: TaskTracker,
}

/// What verbs and jobs share; each job is given the parts that it needs.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) ephemeral: Ephemeral,
    pub(crate) clock: Clock,
    pub(crate) config: Arc<Config>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) directories: Arc<Directories>,
    pub(crate) pushes: Arc<PushQueue>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) claims: Arc<Claims>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) retirement: Arc<Retirement>,
}

impl Shared {
    /// Builds what is shared on these parts.
    pub(crate) fn new(parts: Parts, config: Config) -> Self {
        let Parts { store, broker, ephemeral, clock, observer, pusher, .. } = parts;
        let policy = Arc::new(policy::of(&config));
        let directories = Arc::new(Directories::new(store.clone(), clock.clone(), Arc::clone(&policy)));
        let pushes = Arc::new(PushQueue::new(store.clone(), Arc::clone(&directories), pusher.is_some()));
        let writer = Arc::new(Writer::new(
            store.clone(),
            clock.clone(),
            ephemeral.clone(),
            Arc::clone(&directories),
            Arc::clone(&pushes),
        ));
        let claims = Claims::new(store.clone(), clock.clone(), Arc::clone(&writer), observer.clone());
        let retirement = Retirement::new(store.clone(), clock.clone(), Arc::clone(&writer));
        let overlap = config.webhooks.secret_overlap;
        let secrets = Secrets::new(store.clone(), clock.clone(), Arc::clone(&writer), overlap);
        Self {
            store,
            broker,
            ephemeral,
            clock,
            config: Arc::new(config),
            policy,
            observer,
            lifecycle: Lifecycle::default(),
            directories,
            pushes,
            writer,
            claims: Arc::new(claims),
            secrets: Arc::new(secrets),
            retirement: Arc::new(retirement),
        }
    }
}
