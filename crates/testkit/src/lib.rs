//! Development only: what tests stand on. Private servers and processes that end with the test (`coord`, `postgres`,
//! `pgbouncer`, `rabbitmq`, `redis`, `s3`, `haproxy`, `daemon`, `process`), all of them together (`cluster`), a whole server in the test
//! itself (`embedded`), an engine that a test drives (`engine`), how a test waits (`eventually`), and a wire that can be broken (`proxy`).
//! `patroni`, `rabbitmq_cluster` and `redis_cluster` run the Kubernetes template's own scripts (`template`).

pub mod adapter;
pub mod cluster;
pub mod coord;
pub mod daemon;
pub mod embedded;
pub mod engine;
pub mod etcd;
pub mod eventually;
pub mod failure;
pub mod haproxy;
pub mod http;
mod installed;
pub mod patroni;
pub mod pgbouncer;
pub mod port;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod rabbitmq;
pub mod rabbitmq_cluster;
pub mod redis;
pub mod redis_cluster;
pub mod s3;
pub mod template;

pub use crate::eventually::eventually;
