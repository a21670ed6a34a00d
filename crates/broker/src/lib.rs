//! Work queues: in process, or RabbitMQ. They carry ids only, by lane, and may lose, repeat or reorder them: nothing that is
//! true depends on them, because the event log is where work comes from and the store is where it ends.

mod broker;
mod config;
mod dead_letter;
mod error;
mod queues;
mod rabbitmq;
mod task;
mod task_guard;

pub use broker::{Broker, Status};
pub use config::BrokerConfig;
pub use dead_letter::DeadLetter;
pub use error::{Error, UrlError};
pub use task::Task;
pub use task_guard::TaskGuard;
