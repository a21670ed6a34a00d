use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use hyper::StatusCode;

/// The longest latency that is told apart, in microseconds.
const LONGEST_US: u64 = 120_000_000;

/// What was counted: latencies of what went well, and everything that did not.
pub(crate) struct Tally {
    /// Latencies in microseconds, to three digits.
    pub latency: Histogram<u64>,
    /// Answers that were no success, and requests without an answer, by what they were.
    pub errors: BTreeMap<String, u64>,
    /// The first answer that was no success.
    pub first_refusal: Option<String>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let latency = Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are sound");
        Self { latency, errors: BTreeMap::new(), first_refusal: None }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.latency.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US).max(1));
    }

    /// Counts an answer that was no success.
    pub(crate) fn refused(&mut self, status: StatusCode, answer: &[u8]) {
        *self.errors.entry(status.as_u16().to_string()).or_default() += 1;
        self.first_refusal.get_or_insert_with(|| String::from_utf8_lossy(answer).into_owned());
    }

    /// Counts a request that got no answer.
    pub(crate) fn failed(&mut self, why: &str) {
        *self.errors.entry(why.to_owned()).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        // Both have the same bounds, and then adding cannot fail.
        let _ = self.latency.add(&other.latency);
        for (why, count) in other.errors {
            *self.errors.entry(why).or_default() += count;
        }
        self.first_refusal = self.first_refusal.take().or(other.first_refusal);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::StatusCode;

    use super::Tally;

    #[test]
    fn tallies_add_up() {
        let (mut one, mut two) = (Tally::new(), Tally::new());
        one.record(Duration::from_millis(1));
        two.record(Duration::from_secs(3600));
        two.refused(StatusCode::NOT_FOUND, b"{}");
        two.failed("no answer");
        one.add(two);
        assert_eq!((one.latency.len(), one.errors.len()), (2, 2));
        assert_eq!(one.first_refusal.as_deref(), Some("{}"));
    }
}
