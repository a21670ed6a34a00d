//! The measures that `/metrics` shows: their names and labels, and who moves them.

mod labels;
mod process;
mod route;
mod sent;

use std::sync::Arc;

use domain::message::Kind;
use domain::{Priority, Span};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use labels::{OfOutcome, OfQueue, OfState, OfTenant};
pub(crate) use route::{RouteMetrics, Routes};
use sent::SentCounters;

/// Seconds: from a tenth of a millisecond to a minute.
const LATENCY: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Seconds: from a millisecond to a week, since a message may wait for its reader.
const DELIVERY: [f64; 14] =
    [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0, 604_800.0];

/// How a push ends: it was taken (2xx), the receiver asked for time (429 or 503), answered otherwise, did not answer in time or
/// was not reached, may not be reached, wants nothing more (410).
const WEBHOOK_OUTCOMES: [&str; 7] = ["delivered", "throttled", "rejected", "timeout", "unreachable", "refused", "gone"];

/// Every metric of a process. Those that the engine keeps are copied in when somebody looks.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Latencies of the API.
    pub(crate) routes: Routes,
    /// Requests that are being answered.
    pub(crate) in_flight: Gauge,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    waiters: Gauge,
    streams: Gauge,
    sent: SentCounters,
    delivery_latency: Histogram,
    webhook_attempts: Family<OfOutcome, Counter>,
    deliveries: Family<OfState, Gauge>,
    queue: Family<OfQueue, Gauge>,
    head: Family<OfTenant, Gauge>,
    archived: Family<OfTenant, Gauge>,
    trimmed: Family<OfTenant, Gauge>,
    archive_failures: Counter,
    clock_jumps: Counter,
    attachments_damaged: Counter,
}

impl Metrics {
    /// All measures, at nothing.
    pub fn new() -> Arc<Self> {
        let metrics = Self {
            registry: Registry::default(),
            routes: Routes::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            waiters: Gauge::default(),
            streams: Gauge::default(),
            sent: SentCounters::default(),
            delivery_latency: Histogram::new(DELIVERY),
            webhook_attempts: Family::default(),
            deliveries: Family::default(),
            queue: Family::default(),
            head: Family::default(),
            archived: Family::default(),
            trimmed: Family::default(),
            archive_failures: Counter::default(),
            clock_jumps: Counter::default(),
            attachments_damaged: Counter::default(),
        };
        Arc::new(metrics.registered())
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("messages_sent", "Messages accepted", self.sent.family());
        registry.register(
            "api_latency_seconds",
            "Time to answer a request, by its route's template",
            self.routes.family(),
        );
        registry.register(
            "api_busy_seconds",
            "Longest time for which a request kept its thread from all others, by its route's template",
            self.routes.busy(),
        );
        registry.register(
            "delivery_latency_seconds",
            "Time from sending to the first lease or push",
            self.delivery_latency.clone(),
        );
        registry.register("deliveries", "Deliveries of all tenants, by state", self.deliveries.clone());
        registry.register("queue_messages", "Tasks that wait for workers, by queue", self.queue.clone());
        for outcome in WEBHOOK_OUTCOMES {
            drop(self.webhook_attempts.get_or_create(&OfOutcome { outcome }));
        }
        registry.register("webhook_attempts", "Pushes to webhooks, by outcome", self.webhook_attempts.clone());
        registry.register("event_log_head", "Position of the last event of a tenant's log", self.head.clone());
        let (archived, trimmed) = (self.archived.clone(), self.trimmed.clone());
        registry.register("event_log_archived", "Position up to which a tenant's log is in the archive", archived);
        registry.register("event_log_trimmed", "Position up to which a tenant's log has left the store", trimmed);
        let failures = self.archive_failures.clone();
        registry.register("archive_failures", "Stretches of a log that this process failed to archive", failures);
        let jumps = self.clock_jumps.clone();
        registry.register("clock_jumps", "Times that the wall clock was set while this process ran", jumps);
        let damaged = self.attachments_damaged.clone();
        registry.register("attachments_damaged", "Reads that found an attachment's bytes damaged or gone", damaged);
        registry.register("http_requests_in_flight", "Requests that are being answered", self.in_flight.clone());
        registry.register("http_connections", "Connections to the API that are open", self.connections.clone());
        registry.register("long_polls_waiting", "Long polls that wait for a message", self.waiters.clone());
        registry.register("streams_open", "Event and inbox streams that are open", self.streams.clone());
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("coordination_build", "The running version", build);
        registry.register_collector(Box::new(process::Process));
        self
    }

    /// What the engine is to be given at its start, to count into these metrics.
    pub fn observer(self: &Arc<Self>) -> Arc<dyn engine::Observer> {
        Arc::clone(self) as Arc<dyn engine::Observer>
    }

    /// All measures in the `OpenMetrics` text format, after `engine` was asked for its own. While its store is away those
    /// of the store stay as they were.
    pub(crate) async fn text(&self, engine: &engine::Engine) -> String {
        if let Err(error) = self.ask(engine).await {
            tracing::warn!(error = %error, "the store's measures could not be taken");
        }
        let mut text = String::with_capacity(16 * 1024);
        // Writing to a text does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    async fn ask(&self, engine: &engine::Engine) -> Result<(), engine::Error> {
        self.clock_jumps.inc_by(engine.clock_jumps().saturating_sub(self.clock_jumps.get()));
        let (waiters, streams) = engine.waiting();
        self.waiters.set(waiters as i64);
        self.streams.set(streams as i64);
        for (queue, depth) in engine.queue_depths().await {
            self.queue.get_or_create(&OfQueue { queue }).set(depth);
        }
        for (state, count) in domain::State::ALL.iter().zip(engine.counts().await?) {
            self.deliveries.get_or_create(&OfState { state: state.as_str() }).set(count);
        }
        for (tenant, head) in engine.heads().await? {
            self.head.get_or_create(&OfTenant { tenant }).set(head);
        }
        for engine::Archived { tenant, archived, trimmed, .. } in engine.archived().await? {
            self.archived.get_or_create(&OfTenant { tenant: tenant.clone() }).set(archived);
            self.trimmed.get_or_create(&OfTenant { tenant }).set(trimmed);
        }
        let failures = engine.archive_failures();
        self.archive_failures.inc_by(failures.saturating_sub(self.archive_failures.get()));
        Ok(())
    }
}

impl engine::Observer for Metrics {
    fn sent(&self, tenant: &str, kind: Kind, priority: Priority) {
        self.sent.count(tenant, kind, priority);
    }

    fn delivered(&self, after: Span) {
        self.delivery_latency.observe(after.to_std().as_secs_f64());
    }

    fn webhook(&self, outcome: &'static str) {
        self.webhook_attempts.get_or_create(&OfOutcome { outcome }).inc();
    }

    fn attachment_damaged(&self) {
        self.attachments_damaged.inc();
    }
}

/// One more in a gauge for as long as this lives.
#[derive(Debug)]
pub(crate) struct Held(Gauge);

impl Held {
    /// Counts one more.
    pub(crate) fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}
