use prometheus_client::encoding::EncodeLabelSet;

/// The labels of `api_latency_seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRequest {
    pub(super) method: &'static str,
    pub(super) route: &'static str,
    pub(super) status: u16,
}

/// The label of `api_busy_seconds`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfRoute {
    pub(super) route: &'static str,
}

/// The labels of `messages_sent_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfMessage {
    pub(super) tenant: String,
    pub(super) kind: &'static str,
    pub(super) priority: &'static str,
}

/// The label of `deliveries`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfState {
    pub(super) state: &'static str,
}

/// The label of `queue_messages`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfQueue {
    pub(super) queue: String,
}

/// The label of `webhook_attempts_total`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfOutcome {
    pub(super) outcome: &'static str,
}

/// The label of `event_log_head`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfTenant {
    pub(super) tenant: String,
}
