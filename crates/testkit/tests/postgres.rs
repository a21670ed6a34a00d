//! A private PostgreSQL server comes, keeps what it committed through a kill, and goes.

#![cfg(test)]

use std::process::Command;

use testkit::postgres::Postgres;

fn query(url: &str, sql: &str) -> String {
    let output = Command::new("psql").args([url, "-At", "-v", "ON_ERROR_STOP=1", "-c", sql]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_commit_survives_a_kill() {
    let mut postgres = Postgres::start().unwrap();
    let url = postgres.create_database("letters").unwrap();
    query(&url, "CREATE TABLE letters (id BIGINT); INSERT INTO letters VALUES (7)");
    for _ in 0..3 {
        postgres.daemon.kill9();
        assert!(std::net::TcpStream::connect(postgres.address()).is_err());
        postgres.daemon.restart().unwrap();
        assert_eq!(query(&url, "SELECT id FROM letters"), "7");
    }
    assert_eq!(query(&url, "SHOW fsync"), "on");
}

#[test]
fn two_servers_do_not_meet() {
    let (first, second) = (Postgres::start().unwrap(), Postgres::start().unwrap());
    assert_ne!(first.address(), second.address());
    first.create_database("letters").unwrap();
    second.create_database("letters").unwrap();
}
