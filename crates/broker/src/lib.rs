//! Work queues: in process. They carry ids only, by lane, and may lose, repeat or reorder them: nothing that is true depends
//! on them, because the event log is where work comes from and the store is where it ends.

mod queues;
mod task;

pub use queues::{Broker, Taken};
pub use task::Task;
