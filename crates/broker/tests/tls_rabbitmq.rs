//! RabbitMQ over TLS: who is certified by whom the settings trust is spoken to, and nobody else.

#![cfg(test)]

#[path = "rabbitmq/world.rs"]
#[expect(dead_code, clippy::unused_async, reason = "shared with the other tests of RabbitMQ")]
mod world;

use std::fs;

use broker::{Broker, BrokerConfig, Status};
use testkit::port::Port;
use testkit::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_authority_that_is_trusted_is_needed() {
    let (folder, port) = (tempfile::tempdir().unwrap(), Port::take().unwrap());
    let path = |name: &str| folder.path().join(name);
    for name in ["server", "stranger"] {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(path(&format!("{name}.pem")), made.cert.pem()).unwrap();
        fs::write(path(&format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
    }
    let settings = format!(
        "listeners.ssl.1 = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
         ssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n",
        port.address(),
        path("server.pem").display(),
        path("server.key").display()
    );
    let _rabbitmq = tokio::task::block_in_place(|| RabbitMq::start_with(&settings)).unwrap();
    let url = format!("amqps://guest:guest@localhost:{}/%2f", port.number());
    let trusting = |name: &str| BrokerConfig { tls_ca: Some(path(name)), ..world::config("tls") };

    let broker = Broker::rabbitmq(&url, &trusting("server.pem")).unwrap();
    world::publish(&broker, &world::tasks(0..500)).await;
    assert!(world::work(&broker, 500).await.into_iter().eq(0..500));
    broker.close().await;

    let broker = Broker::rabbitmq(&url, &trusting("stranger.pem")).unwrap();
    let refused = |status: &Status| matches!(status, Status::Degraded(why) if why.contains("rabbitmq.tls_ca"));
    assert!(world::until(async || refused(&broker.status())), "{:?}", broker.status());
    assert!(broker.publish(&world::tasks(0..1)).await.is_err());
    broker.close().await;

    let error = Broker::rabbitmq(&url, &trusting("nowhere.pem")).err().unwrap().to_string();
    assert!(error.contains("nowhere.pem"), "{error}");
}
