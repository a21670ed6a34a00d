//! Rate limits on the wire: `RateLimit` and `RateLimit-Policy`, after the draft of the IETF's HTTPAPI group (revision 10).

use std::sync::{Arc, OnceLock};

use engine::Admitted;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Where the one who recognises the caller leaves word for the one who writes the headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted(Arc<OnceLock<Admitted>>);

impl Counted {
    /// Notes what became of the request at its limits.
    pub(crate) fn note(&self, admitted: Admitted) {
        // A request has one caller.
        let _ = self.0.set(admitted);
    }

    /// Writes the headers, where the request was counted.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Some(admitted) = self.0.get().filter(|admitted| !admitted.0.is_empty()) else { return };
        let seconds = |span: domain::Span| (span.0.max(0) as u64).div_ceil(1_000_000);
        let limits = admitted
            .0
            .iter()
            .map(|(whose, admission)| format!("\"{whose}\";r={};t={}", admission.remaining, seconds(admission.reset)));
        let policies = admitted.0.iter().map(|(whose, admission)| {
            format!("\"{whose}\";q={};w={}", admission.rate.quota(), seconds(admission.rate.window()))
        });
        for (name, items) in [(RATE_LIMIT, list(limits)), (RATE_LIMIT_POLICY, list(policies))] {
            headers.extend(items.map(|items| (name, items)));
        }
    }
}

/// The items of a structured list as one header; these hold nothing that a header may not.
fn list(items: impl Iterator<Item = String>) -> Option<HeaderValue> {
    HeaderValue::try_from(items.collect::<Vec<_>>().join(", ")).ok()
}
