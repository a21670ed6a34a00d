use std::sync::OnceLock;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::LATENCY;
use super::labels::{OfRequest, OfRoute};
use protocol::problems::STATUSES;

/// The methods that are measured by themselves; anything else is `OTHER`.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OTHER"];

type Latencies = Family<OfRequest, Histogram, fn() -> Histogram>;

type Busy = Family<OfRoute, Histogram, fn() -> Histogram>;

/// Seconds: what a thread may be busy with one request, and what is too long.
const BUSY: [f64; 8] = [0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 0.5, 2.5];

/// The latencies of all routes, and how long they keep their threads busy.
#[derive(Debug)]
pub(crate) struct Routes {
    latencies: Latencies,
    busy: Busy,
}

impl Default for Routes {
    fn default() -> Self {
        let latencies = Family::new_with_constructor((|| Histogram::new(LATENCY)) as fn() -> Histogram);
        Self { latencies, busy: Family::new_with_constructor(|| Histogram::new(BUSY)) }
    }
}

impl Routes {
    /// The measure of one route, by its template.
    pub(crate) fn of(&self, route: &'static str) -> RouteMetrics {
        let busy = self.busy.get_or_create_owned(&OfRoute { route });
        RouteMetrics { route, family: self.latencies.clone(), known: Box::default(), busy }
    }

    pub(super) fn family(&self) -> Latencies {
        self.latencies.clone()
    }

    pub(super) fn busy(&self) -> Busy {
        self.busy.clone()
    }
}

/// The latencies of one route. Each histogram is looked up once; after that, measuring takes no search.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    /// The route's template.
    pub(crate) route: &'static str,
    family: Latencies,
    known: Box<[[OnceLock<Histogram>; STATUSES.len()]; METHODS.len()]>,
    busy: Histogram,
}

impl RouteMetrics {
    /// Counts the longest time for which a request kept its thread without letting go.
    pub(crate) fn observe_busy(&self, longest: Duration) {
        self.busy.observe(longest.as_secs_f64());
    }

    /// Counts an answer and the time it took.
    pub(crate) fn observe(&self, method: &Method, status: StatusCode, took: Duration) {
        let method = METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1);
        let status = STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(STATUSES.len() - 1);
        let histogram = self.known[method][status].get_or_init(|| {
            let labels = OfRequest { method: METHODS[method], route: self.route, status: STATUSES[status] };
            self.family.get_or_create_owned(&labels)
        });
        histogram.observe(took.as_secs_f64());
    }
}
