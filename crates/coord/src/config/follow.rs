//! Settings that bound one another: who sets one need not set the others.

use engine::config::Size;

use super::Config;
use super::node::{Node, Origin};

/// Bytes of one JSON request, and of one batch, beyond which a larger body does not raise them.
const REQUEST_MAX: Size = Size::mib(64);
const BATCH_MAX: Size = Size::gib(1);

/// Lowers what was not set to what was set to bound it; and raises a bound that was not set to what was set beyond it, where
/// it bounds nothing else. What contradicts each other and was set both is left as it is, to be complained of.
pub(super) fn settings(config: &mut Config, root: &Node) {
    let unset = |key: &str| root.origin_near(key) == Origin::Default;
    let (delivery, webhooks, limits) = (&mut config.delivery, &mut config.webhooks, &mut config.limits);
    if unset("limits.request_bytes") && !unset("limits.body_bytes") {
        limits.request_bytes = limits.request_bytes.max(limits.body_bytes).min(REQUEST_MAX);
    }
    if unset("limits.batch_bytes") {
        limits.batch_bytes = limits.batch_bytes.max(limits.request_bytes).min(BATCH_MAX);
    }
    if unset("limits.page_items_max") && !unset("limits.page_items") {
        limits.page_items_max = limits.page_items_max.max(limits.page_items).min(10_000);
    }
    let lower = Lower { unset: &unset };
    lower.to("limits.request_bytes", &mut limits.request_bytes, limits.batch_bytes);
    lower.to("limits.body_bytes", &mut limits.body_bytes, limits.request_bytes);
    lower.to("limits.page_items", &mut limits.page_items, limits.page_items_max);
    lower.to("limits.waiters_per_agent", &mut limits.waiters_per_agent, limits.waiters);
    lower.to("delivery.lease", &mut delivery.lease, delivery.lease_max);
    lower.to("webhooks.timeout", &mut webhooks.timeout, delivery.lease);
    lower.to("webhooks.connect_timeout", &mut webhooks.connect_timeout, webhooks.timeout);
    lower.to("webhooks.concurrency_per_host", &mut webhooks.concurrency_per_host, webhooks.concurrency);
}

/// Lowers settings that were not set.
struct Lower<'a> {
    unset: &'a dyn Fn(&str) -> bool,
}

impl Lower<'_> {
    fn to<T: PartialOrd + Copy>(&self, key: &str, value: &mut T, bound: T) {
        if *value > bound && (self.unset)(key) {
            *value = bound;
        }
    }
}
