use std::sync::OnceLock;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::LATENCY;
use super::labels::OfRequest;
use protocol::problems::STATUSES;

/// The methods that are measured by themselves; anything else is `OTHER`.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OTHER"];

type Latencies = Family<OfRequest, Histogram, fn() -> Histogram>;

/// The latencies of all routes.
#[derive(Debug)]
pub(crate) struct Routes(Latencies);

impl Default for Routes {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(LATENCY)))
    }
}

impl Routes {
    /// The measure of one route, by its template.
    pub(crate) fn of(&self, route: &'static str) -> RouteMetrics {
        RouteMetrics { route, family: self.0.clone(), known: Box::default() }
    }

    pub(super) fn family(&self) -> Latencies {
        self.0.clone()
    }
}

/// The latencies of one route. Each histogram is looked up once; after that, measuring takes no search.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    /// The route's template.
    pub(crate) route: &'static str,
    family: Latencies,
    known: Box<[[OnceLock<Histogram>; STATUSES.len()]; METHODS.len()]>,
}

impl RouteMetrics {
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
