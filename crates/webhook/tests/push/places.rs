//! Where pushes may go, and where not whatever anybody writes.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use domain::{AgentKind, Code, State};
use engine::AgentPut;
use engine::Pusher;
use engine::config::WebhooksConfig;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use testkit::engine::refusal;
use webhook::{Lookup, Webhooks};

use crate::receiver::Receiver;
use crate::world::{HOOK, World, hooked};

/// Names that lead where a test says: to the first of their answers the first time, and so on; the last one stays.
#[derive(Default)]
struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    fn of(name: &str, answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        let mut answers: Vec<Vec<IpAddr>> = answers.iter().map(parse).collect();
        answers.reverse();
        Arc::new(Self(Mutex::new([(name.to_owned(), answers)].into())))
    }
}

impl Lookup for Names {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut names = self.0.lock().unwrap();
        let found = names
            .get_mut(&host)
            .and_then(|answers| if answers.len() > 1 { answers.pop() } else { answers.last().cloned() });
        let none = || io::Error::new(io::ErrorKind::NotFound, "no such name");
        std::future::ready(found.ok_or_else(none)).boxed()
    }
}

/// Pushes one message to a name and tells how that ended, and why it was put off.
async fn pushed(world: &World) -> (Vec<&'static str>, String) {
    let message = world.send_to_hook("Where").await;
    world.push_all().await;
    let filter = engine::EventFilter { message: Some(message), ..Default::default() };
    let events = world.events(&filter, &engine::Page::default()).await.expect("the log").items;
    (world.outcomes(), events.last().expect("an event").data.clone())
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_with_the_reason() {
    for (address, what) in [
        ("127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("169.254.169.254", "metadata"),
        ("100.100.100.200", "provider"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("fd00:ec2::254", "private"),
    ] {
        let names = Names::of("harmless.example", &[&[address]]);
        let world = World::looking_up(names, |config| hooked(config, "https://harmless.example/x")).await;
        let (outcomes, why) = pushed(&world).await;
        assert_eq!(outcomes, ["refused"], "{address}");
        assert!(why.contains("harmless.example leads to") && why.contains(what), "{address}: {why}");
        assert!(why.contains("webhooks.allow"), "{why}");
    }
}

#[tokio::test]
async fn localhost_is_refused_as_the_system_knows_it() {
    let receiver = Receiver::start().await;
    let url = format!("http://localhost:{}/", receiver.address.port());
    let world = World::with(|config| hooked(config, &url)).await;
    assert_eq!(pushed(&world).await.0, ["refused"]);
    let world = World::with(|config| {
        hooked(config, &url);
        config.webhooks.allow = vec!["127.0.0.1".parse().expect("an address")];
    })
    .await;
    assert_eq!(pushed(&world).await.0, ["delivered"], "an allowed network allows the names that lead there");
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_second_time_gains_nothing() {
    let good = Receiver::on("127.0.0.2:0").await;
    let port = good.address.port();
    let evil = Receiver::on(&format!("127.0.0.3:{port}")).await;
    let names = Names::of("rebinding.example", &[&["127.0.0.2"], &["127.0.0.3"]]);
    let world = World::looking_up(names, |config| {
        hooked(config, &format!("http://rebinding.example:{port}/"));
        config.webhooks.allow = vec!["127.0.0.2".parse().expect("an address")];
    })
    .await;
    good.answers([crate::receiver::Answer::With(200, "connection", "close".to_owned())]);
    world.send_to_hook("First").await;
    world.push_all().await;
    world.send_to_hook("Second").await;
    world.push_all().await;
    assert_eq!(world.outcomes(), ["delivered", "refused"]);
    assert_eq!((good.subjects(), evil.got().len()), (vec!["First".to_owned()], 0));
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_reached_are_tried() {
    let good = Receiver::on("127.0.0.2:0").await;
    let port = good.address.port();
    let evil = Receiver::on(&format!("127.0.0.3:{port}")).await;
    let names = Names::of("mixed.example", &[&["127.0.0.3", "127.0.0.2"]]);
    let world = World::looking_up(names, |config| {
        hooked(config, &format!("http://mixed.example:{port}/"));
        config.webhooks.allow = vec!["127.0.0.2".parse().expect("an address")];
    })
    .await;
    assert_eq!(pushed(&world).await.0, ["delivered"]);
    assert_eq!((good.got().len(), evil.got().len()), (1, 0));
}

#[tokio::test]
async fn an_allowed_host_is_reached_wherever_it_leads() {
    let receiver = Receiver::start().await;
    let names = Names::of("hooks.team.svc.cluster.local", &[&["127.0.0.1"]]);
    let world = World::looking_up(names, |config| {
        hooked(config, &format!("http://hooks.team.svc.cluster.local:{}/", receiver.address.port()));
        config.webhooks.allow = vec!["*.svc.cluster.local".parse().expect("a domain")];
    })
    .await;
    assert_eq!(pushed(&world).await.0, ["delivered"]);
}

#[test]
fn an_address_by_its_digits_is_refused_however_it_is_written() {
    let webhooks = Webhooks::new(&WebhooksConfig::default());
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://0.0.0.0/",
        "https://169.254.169.254/latest/meta-data/",
        "https://user@10.0.0.1/",
        "https://example.org@192.168.0.1/",
        "https://１２７.0.0.1/",
        "http://93.184.216.34/",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://",
        "example.org",
        "",
    ] {
        assert!(webhooks.refusal(url).is_some(), "{url}");
    }
    for url in ["https://example.org/", "https://93.184.216.34/", "https://[2606:4700::1111]/", "https://localhost/"] {
        assert_eq!(webhooks.refusal(url), None, "{url}");
    }
}

#[tokio::test]
async fn an_agent_is_not_registered_with_a_webhook_that_may_not_be() {
    let world = World::with(|_| {}).await;
    let put = |url: &str| AgentPut {
        kind: AgentKind::Ai,
        description: String::new(),
        authority_domains: Vec::new(),
        webhook: Some(url.to_owned()),
        max_priority_sent: None,
        escalate_to: None,
    };
    let refused = refusal(world.put_agent("new", put("https://10.0.0.1/")).await);
    assert_eq!(refused.code, Code::InvalidField);
    world.put_agent("new", put("https://example.org/")).await.expect("it may be");
}

#[tokio::test]
async fn a_refused_address_leaves_the_message_to_who_asks_for_it() {
    let world = World::with(|config| hooked(config, "https://127.0.0.1/")).await;
    let message = world.send_to_hook("Here").await;
    world.push_all().await;
    assert_eq!((world.state(message, HOOK).await, world.outcomes()), (State::Deferred, vec!["refused"]));
    world.tick(domain::Span::from_secs(6)).await;
    assert_eq!(world.next(HOOK).await.message.id, message);
}
