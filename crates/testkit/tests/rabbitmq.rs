//! A private RabbitMQ node comes, comes back after a kill, stops when asked, and goes.

#![cfg(test)]

use std::net::TcpStream;
use std::time::Duration;

use testkit::process::poll;
use testkit::rabbitmq::RabbitMq;

#[test]
fn a_node_comes_back_after_a_kill_and_stops_when_asked() {
    let mut rabbitmq = RabbitMq::start().unwrap();
    assert!(rabbitmq.url().contains(&rabbitmq.address().to_string()));
    rabbitmq.daemon.kill9();
    // What was killed with the process that started it may take a moment longer to go.
    assert!(poll(Duration::from_secs(5), || TcpStream::connect(rabbitmq.address()).is_err()));
    rabbitmq.daemon.restart().unwrap();
    rabbitmq.daemon.stop(Duration::from_secs(30)).unwrap();
    assert!(TcpStream::connect(rabbitmq.address()).is_err());
}
