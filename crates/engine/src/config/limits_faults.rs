use domain::Span;

use super::fault::ConfigErrors;
use super::{ConfigError, Limits, Size};

const SECOND: Span = Span::from_secs(1);
const HOUR: Span = Span::from_secs(3_600);
const TEN_YEARS: Span = Span::from_secs(3_650 * 86_400);
const MILLION: usize = 1_000_000;

impl Limits {
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let mut faults = ConfigErrors::of("limits");
        self.message_faults(&mut faults);
        self.request_faults(&mut faults);
        self.time_faults(&mut faults);
        self.number_faults(&mut faults);
        self.share_faults(&mut faults);
        self.search_faults(&mut faults);
        faults.into_vec()
    }

    fn message_faults(&self, faults: &mut ConfigErrors) {
        faults.within("subject_chars", self.subject_chars, 1, 1_000);
        faults.within("body_bytes", self.body_bytes, Size(1), Size::mib(16));
        faults.within("metadata_bytes", self.metadata_bytes, Size(0), Size::mib(1));
        faults.within("recipients", self.recipients, 1, 10_000);
        faults.within("inline_recipients", self.inline_recipients, 1, 10_000);
        faults.within("evidence_entries", self.evidence_entries, 0, 1_000);
        faults.within("attachments_per_message", self.attachments_per_message, 0, 1_000);
        faults.within("attachment_bytes", self.attachment_bytes, Size(0), Size::gib(1_024));
        faults.within("reason_chars", self.reason_chars, 1, 100_000);
    }

    fn request_faults(&self, faults: &mut ConfigErrors) {
        faults.within("request_bytes", self.request_bytes, Size(1), Size::mib(64));
        faults.within("batch_bytes", self.batch_bytes, Size(1), Size::gib(1));
        faults.at_most("body_bytes", self.body_bytes, "request_bytes", self.request_bytes);
        faults.at_most("request_bytes", self.request_bytes, "batch_bytes", self.batch_bytes);
        faults.within("batch_messages", self.batch_messages, 1, 10_000);
        faults.within("page_items_max", self.page_items_max, 1, 10_000);
        faults.within("page_items", self.page_items, 1, self.page_items_max.max(1));
        faults.within("receive_max", self.receive_max, 1, 1_000);
        faults.within("idempotency_key_bytes", self.idempotency_key_bytes, Size(1), Size::kib(1));
    }

    fn time_faults(&self, faults: &mut ConfigErrors) {
        faults.within("wait_max", self.wait_max, Span::ZERO, Span::from_secs(600));
        let month = Span::from_secs(30 * 86_400);
        faults.within("idempotency_retention", self.idempotency_retention, Span::from_secs(60), month);
        faults.within("horizon", self.horizon, SECOND, TEN_YEARS);
        faults.within("ack_within_max", self.ack_within_max, SECOND, TEN_YEARS);
        faults.within("upload_idle", self.upload_idle, SECOND, HOUR);
        faults.within("request_timeout", self.request_timeout, SECOND, HOUR);
    }

    fn number_faults(&self, faults: &mut ConfigErrors) {
        faults.within("agents", self.agents, 1, MILLION);
        faults.within("authority_domains_per_agent", self.authority_domains_per_agent, 0, 1_000);
        faults.within("grants", self.grants, 0, MILLION);
        faults.within("keys", self.keys, 1, MILLION);
        faults.within("tenants", self.tenants, 1, MILLION);
        faults.within("waiters", self.waiters, 1, MILLION);
        faults.within("waiters_per_agent", self.waiters_per_agent, 1, self.waiters.max(1));
        faults.within("queue_depth", self.queue_depth, 1, MILLION);
        faults.within("queue_bytes", self.queue_bytes, Size::mib(1), Size::gib(1));
    }

    fn share_faults(&self, faults: &mut ConfigErrors) {
        faults.within("waiters_per_tenant", self.waiters_per_tenant, 1, MILLION);
        faults.within("waiters_per_key", self.waiters_per_key, 1, MILLION);
        faults.within("streams", self.streams, 0, MILLION);
        faults.within("streams_per_tenant", self.streams_per_tenant, 0, MILLION);
        faults.within("streams_per_key", self.streams_per_key, 0, MILLION);
        faults.within("stream_buffer_bytes", self.stream_buffer_bytes, Size::kib(1), Size::mib(64));
        faults.within("stream_stall", self.stream_stall, Span::from_millis(100), Span::from_secs(600));
        for (key, bytes) in [
            ("bodies_in_flight_bytes", self.bodies_in_flight_bytes),
            ("bodies_in_flight_bytes_per_tenant", self.bodies_in_flight_bytes_per_tenant),
            ("bodies_in_flight_bytes_per_key", self.bodies_in_flight_bytes_per_key),
        ] {
            faults.within(key, bytes, Size::kib(1), Size::gib(1_024));
        }
    }

    fn search_faults(&self, faults: &mut ConfigErrors) {
        faults.within("searches", self.searches, 1, 64);
        faults.within("searches_per_tenant", self.searches_per_tenant, 1, 64);
        faults.within("searches_waiting", self.searches_waiting, 0, MILLION);
        faults.within("searches_waiting_per_tenant", self.searches_waiting_per_tenant, 0, MILLION);
        faults.within("searches_waiting_per_key", self.searches_waiting_per_key, 0, MILLION);
        faults.within("search_time", self.search_time, Span::from_millis(10), Span::from_secs(60));
        faults.within("search_chars", self.search_chars, 1, 10_000);
        faults.within("search_terms", self.search_terms, 1, 64);
        faults.within("search_prefixes", self.search_prefixes, 0, 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_out_of_bounds_names_them() {
        let limits = Limits { subject_chars: 0, wait_max: Span::from_secs(601), ..Limits::default() };
        let found: Vec<String> = limits.faults().iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "limits.subject_chars: 0 is out of bounds: 1 to 1000",
                "limits.wait_max: 601s is out of bounds: 0s to 10m"
            ]
        );
    }

    #[test]
    fn the_queue_holds_a_mebibyte_to_a_gibibyte() {
        let faults = |bytes| Limits { queue_bytes: Size(bytes), ..Limits::default() }.faults().len();
        let (least, most) = (1 << 20, 1 << 30);
        assert_eq!([least - 1, least, most, most + 1].map(faults), [1, 0, 0, 1]);
    }

    #[test]
    fn the_shares_of_keys_and_tenants_have_bounds_themselves() {
        let limits = Limits {
            waiters_per_key: 0,
            streams_per_tenant: 1_000_001,
            stream_buffer_bytes: Size(1_023),
            stream_stall: Span::from_millis(99),
            bodies_in_flight_bytes_per_key: Size(1_023),
            ..Limits::default()
        };
        let keys: Vec<String> = limits.faults().into_iter().map(|fault| fault.key).collect();
        let shares = [
            "waiters_per_key",
            "streams_per_tenant",
            "stream_buffer_bytes",
            "stream_stall",
            "bodies_in_flight_bytes_per_key",
        ];
        assert_eq!(keys, shares.map(|key| format!("limits.{key}")));
    }

    #[test]
    fn searches_are_one_at_least_and_few() {
        let limits = |searches, time| Limits { searches, search_time: Span::from_millis(time), ..Limits::default() };
        assert_eq!([(1, 10), (64, 60_000)].map(|(n, time)| limits(n, time).faults().len()), [0, 0]);
        assert_eq!([(0, 9), (65, 60_001)].map(|(n, time)| limits(n, time).faults().len()), [2, 2]);
    }

    #[test]
    fn a_body_fits_its_request_and_a_request_its_batch() {
        let limits = Limits { body_bytes: Size::mib(3), batch_bytes: Size::mib(1), ..Limits::default() };
        let keys: Vec<String> = limits.faults().into_iter().map(|fault| fault.key).collect();
        assert_eq!(keys, ["limits.body_bytes", "limits.request_bytes"]);
    }
}
