//! Addresses of webhooks: whatever they are, they are refused or lead to where pushes may go.

use engine::Pusher;
use engine::config::WebhooksConfig;
use webhook::Webhooks;

#[test]
fn fuzzed_addresses_are_refused_or_public() {
    let webhooks = Webhooks::new(&WebhooksConfig::default());
    fuzz::fuzz("webhook", |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        if webhooks.refusal(text).is_some() {
            return;
        }
        let url = reqwest::Url::parse(text).expect("what is taken is an address");
        assert_eq!(url.scheme(), "https", "{text}: nothing else is public");
        let host = url.host_str().expect("with a host");
        for inside in ["127.", "10.", "192.168.", "169.254.", "[::1]", "[fe80:", "[::ffff:7f", "0."] {
            assert!(
                !host.starts_with(inside) || !host.ends_with(|last: char| last.is_ascii_digit() || last == ']'),
                "{text}"
            );
        }
    });
}
