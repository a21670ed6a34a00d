//! A private Redis server comes, keeps what it was told to keep, and goes.

#![cfg(test)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use testkit::redis::Redis;

fn ask(redis: &Redis, command: &str) -> String {
    let mut stream = TcpStream::connect(redis.address()).unwrap();
    write!(stream, "{command}\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

#[test]
fn a_durable_server_keeps_a_write_through_a_kill() {
    let mut redis = Redis::start_durable().unwrap();
    assert_eq!(ask(&redis, "SET letter seven"), "+OK");
    redis.daemon.kill9();
    redis.daemon.restart().unwrap();
    assert_eq!(ask(&redis, "EXISTS letter"), ":1");
}

#[test]
fn an_ephemeral_server_forgets() {
    let mut redis = Redis::start().unwrap();
    assert_eq!(ask(&redis, "SET letter seven"), "+OK");
    redis.daemon.restart().unwrap();
    assert_eq!(ask(&redis, "EXISTS letter"), ":0");
}
