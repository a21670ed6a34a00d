use domain::Span;
use ephemeral::Rate;
use serde::{Deserialize, Serialize};

use store::SearchBounds;

use super::Size;
use crate::quota::Bounds;

/// Every bound on size, number and time. Each field says its unit and the bounds of the bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Characters of a subject; 1 to 1,000.
    pub subject_chars: usize,
    /// Bytes of a message's body; 1 to 16MiB.
    pub body_bytes: Size,
    /// Bytes of a message's metadata as JSON; 0 to 1MiB.
    pub metadata_bytes: Size,
    /// Names in `to`; 1 to 10,000.
    pub recipients: usize,
    /// Recipients whose deliveries are made before the answer; beyond, workers fan out. 1 to 10,000.
    pub inline_recipients: usize,
    /// Metrics in a message's evidence; 0 to 1,000.
    pub evidence_entries: usize,
    /// Attachments of one message; 0 to 1,000.
    pub attachments_per_message: usize,
    /// Bytes of one attachment; 0 to 1TiB.
    pub attachment_bytes: Size,
    /// Bytes of one JSON request; `body_bytes` to 64MiB.
    pub request_bytes: Size,
    /// Bytes of one batch request; `request_bytes` to 1GiB.
    pub batch_bytes: Size,
    /// Messages in one batch; 1 to 10,000.
    pub batch_messages: usize,
    /// Items on a page that asks for no number; 1 to `page_items_max`.
    pub page_items: usize,
    /// Items on one page; 1 to 10,000.
    pub page_items_max: usize,
    /// Deliveries of one receive; 1 to 1,000.
    pub receive_max: usize,
    /// The longest wait of a long poll; 0s to 10m.
    pub wait_max: Span,
    /// Bytes of an idempotency key; 1 to 1KiB.
    pub idempotency_key_bytes: Size,
    /// How long an idempotency key is remembered; 1m to 30d.
    pub idempotency_retention: Span,
    /// The farthest that `expires_in`, `deliver_in` and a deferral reach; 1s to 3650d.
    pub horizon: Span,
    /// The longest `ack_within`; 1s to 3650d.
    pub ack_within_max: Span,
    /// Characters of a reason or note; 1 to 100,000.
    pub reason_chars: usize,
    /// Agents of one tenant; 1 to 1,000,000.
    pub agents: usize,
    /// Authority domains of one agent; 0 to 1,000.
    pub authority_domains_per_agent: usize,
    /// Grants of one tenant that are in force; 0 to 1,000,000.
    pub grants: usize,
    /// Keys of one tenant that are not revoked; 1 to 1,000,000.
    pub keys: usize,
    /// Tenants; 1 to 1,000,000.
    pub tenants: usize,
    /// Long polls at a time, in all; 1 to 1,000,000.
    pub waiters: usize,
    /// Long polls at a time for one agent; 1 to `waiters`.
    pub waiters_per_agent: usize,
    /// Long polls at a time of one tenant; 1 to 1,000,000.
    pub waiters_per_tenant: usize,
    /// Long polls at a time with one key; 1 to 1,000,000.
    pub waiters_per_key: usize,
    /// Event and inbox streams at a time; 0 to 1,000,000.
    pub streams: usize,
    /// Streams at a time of one tenant; 0 to 1,000,000.
    pub streams_per_tenant: usize,
    /// Streams at a time with one key; 0 to 1,000,000.
    pub streams_per_key: usize,
    /// Bytes that are read ahead for one stream, one event apart; 1KiB to 64MiB.
    pub stream_buffer_bytes: Size,
    /// How long a stream's reader may take nothing while events wait for it, before it is dropped; 100ms to 10m.
    pub stream_stall: Span,
    /// Bytes of requests' bodies in memory, in all; one alone may be larger. 1KiB to 1TiB.
    pub bodies_in_flight_bytes: Size,
    /// The same of one tenant; 1KiB to 1TiB.
    pub bodies_in_flight_bytes_per_tenant: Size,
    /// The same with one key; 1KiB to 1TiB.
    pub bodies_in_flight_bytes_per_key: Size,
    /// Searches that run at a time; 1 to 64.
    pub searches: usize,
    /// Searches of one tenant that run at a time; 1 to 64.
    pub searches_per_tenant: usize,
    /// Searches that wait for their turn, in all; 0 to 1,000,000.
    pub searches_waiting: usize,
    /// The same of one tenant; 0 to 1,000,000.
    pub searches_waiting_per_tenant: usize,
    /// The same with one key; 0 to 1,000,000.
    pub searches_waiting_per_key: usize,
    /// How long a search may take from when it begins; 10ms to 1m.
    pub search_time: Span,
    /// Characters of a search; 1 to 10,000.
    pub search_chars: usize,
    /// Words, phrases and beginnings of words of a search; 1 to 64.
    pub search_terms: usize,
    /// Beginnings of words (`word*`) of a search; 0 to 64.
    pub search_prefixes: usize,
    /// Changes that wait for the committer before a request is answered 503; 1 to 1,000,000.
    pub queue_depth: usize,
    /// Bytes of changes that wait for the committer, roughly, before a request is answered 503; 1MiB to 1GiB.
    pub queue_bytes: Size,
    /// Requests that may come with one key; absent: any number. To 1,000,000 in a second, minute or hour.
    pub rate_per_key: Option<Rate>,
    /// Requests that may come for one tenant; absent: any number. To 1,000,000 in a second, minute or hour.
    pub rate_per_tenant: Option<Rate>,
    /// How long an upload may send nothing; 1s to 1h.
    pub upload_idle: Span,
    /// How long a request may take, a long poll's wait and an upload's bytes apart; 1s to 1h.
    pub request_timeout: Span,
}

const fn days(number: i64) -> Span {
    Span::from_secs(number * 86_400)
}

impl Limits {
    /// How many changes may wait for the committer, and how many bytes of them.
    pub fn queue(&self) -> (usize, u32) {
        (self.queue_depth, u32::try_from(self.queue_bytes.0).unwrap_or(u32::MAX))
    }

    /// How much a search may ask for.
    pub fn search_bounds(&self) -> SearchBounds {
        SearchBounds { chars: self.search_chars, terms: self.search_terms, prefixes: self.search_prefixes }
    }

    pub(crate) fn search_wait_bounds(&self) -> Bounds {
        let (tenant, key) = (self.searches_waiting_per_tenant, self.searches_waiting_per_key);
        Bounds { all: self.searches_waiting, tenant, key }
    }

    pub(crate) fn long_poll_bounds(&self) -> Bounds {
        Bounds { all: self.waiters, tenant: self.waiters_per_tenant, key: self.waiters_per_key }
    }

    pub(crate) fn stream_bounds(&self) -> Bounds {
        Bounds { all: self.streams, tenant: self.streams_per_tenant, key: self.streams_per_key }
    }

    pub(crate) fn body_bounds(&self) -> Bounds {
        let [all, tenant, key] =
            [self.bodies_in_flight_bytes, self.bodies_in_flight_bytes_per_tenant, self.bodies_in_flight_bytes_per_key]
                .map(Size::as_usize);
        Bounds { all, tenant, key }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subject_chars: 200,
            body_bytes: Size::kib(256),
            metadata_bytes: Size::kib(16),
            recipients: 1_000,
            inline_recipients: 100,
            evidence_entries: 64,
            attachments_per_message: 32,
            attachment_bytes: Size::gib(1),
            request_bytes: Size::mib(2),
            batch_bytes: Size::mib(64),
            batch_messages: 1_000,
            page_items: 100,
            page_items_max: 1_000,
            receive_max: 100,
            wait_max: Span::from_secs(60),
            idempotency_key_bytes: Size(255),
            idempotency_retention: days(1),
            horizon: days(365),
            ack_within_max: days(90),
            reason_chars: 1_000,
            agents: 100_000,
            authority_domains_per_agent: 64,
            grants: 10_000,
            keys: 10_000,
            tenants: 10_000,
            waiters: 10_000,
            waiters_per_agent: 100,
            waiters_per_tenant: 5_000,
            waiters_per_key: 2_500,
            streams: 2_000,
            streams_per_tenant: 1_200,
            streams_per_key: 1_000,
            stream_buffer_bytes: Size::kib(256),
            stream_stall: Span::from_secs(3),
            bodies_in_flight_bytes: Size::mib(128),
            bodies_in_flight_bytes_per_tenant: Size::mib(96),
            bodies_in_flight_bytes_per_key: Size::mib(64),
            searches: 2,
            searches_per_tenant: 1,
            searches_waiting: 256,
            searches_waiting_per_tenant: 128,
            searches_waiting_per_key: 64,
            search_time: Span::from_secs(2),
            search_chars: 1_000,
            search_terms: 32,
            search_prefixes: 8,
            queue_depth: 8_192,
            queue_bytes: Size::mib(64),
            rate_per_key: None,
            rate_per_tenant: None,
            upload_idle: Span::from_secs(30),
            request_timeout: Span::from_secs(30),
        }
    }
}
