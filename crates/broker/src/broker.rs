use crate::queues::{Queues, lanes};
use crate::rabbitmq::RabbitMq;
use crate::{BrokerConfig, DeadLetter, Error, Task, TaskGuard, UrlError};

/// Work queues. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub struct Broker {
    form: Form,
}

#[derive(Clone)]
enum Form {
    InProcess(Queues),
    RabbitMq(RabbitMq),
}

/// How a broker is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should.
    Ok,
    /// Away or full, and why; tasks wait in the log until it is back.
    Degraded(String),
}

impl Broker {
    /// Queues in this process that hold so many tasks, all lanes together.
    pub fn in_process(capacity: usize) -> Self {
        Self { form: Form::InProcess(Queues::new(capacity)) }
    }

    /// Queues in RabbitMQ. Returns at once and connects in the background, again and again, on the current tokio runtime;
    /// consumes nothing before the first [`Broker::take`].
    ///
    /// Fails when `url` is no list of hosts of RabbitMQ.
    pub fn rabbitmq(url: &str, config: &BrokerConfig) -> Result<Self, UrlError> {
        Ok(Self { form: Form::RabbitMq(RabbitMq::start(url, config)?) })
    }

    /// Whether tasks that are published here reach workers in other processes.
    pub fn is_shared(&self) -> bool {
        matches!(self.form, Form::RabbitMq(_))
    }

    /// Queues tasks, each lane in its order, and returns when they are safe there. In process it waits for room; RabbitMQ has
    /// confirmed them to disk on most of its nodes.
    ///
    /// Fails within a few seconds while RabbitMQ is away, full or silent; then publish them again later.
    pub async fn publish(&self, tasks: &[Task]) -> Result<(), Error> {
        match &self.form {
            Form::InProcess(queues) => {
                queues.publish(tasks).await;
                Ok(())
            }
            Form::RabbitMq(rabbitmq) => rabbitmq.publish(tasks).await,
        }
    }

    /// Takes the next tasks, the most urgent first; waits for the first one, for as long as the broker is away.
    pub async fn take(&self, max: usize) -> Vec<TaskGuard> {
        match &self.form {
            Form::InProcess(queues) => queues.take(max).await,
            Form::RabbitMq(rabbitmq) => rabbitmq.take(max).await,
        }
    }

    /// How much waits in each queue, the dead letters last. In process these are tasks; in RabbitMQ messages that are in no
    /// worker's hands, each of 1 to 100 tasks.
    pub async fn depths(&self) -> Result<Vec<(String, i64)>, Error> {
        let (waiting, dead) = match &self.form {
            Form::InProcess(queues) => {
                let (waiting, dead) = queues.depths();
                (waiting.map(|depth| depth as i64), dead as i64)
            }
            Form::RabbitMq(rabbitmq) => rabbitmq.depths().await?,
        };
        let mut depths: Vec<_> = lanes().map(|(index, lane)| (format!("tasks.{lane}"), waiting[index])).collect();
        depths.push(("tasks.dead".to_owned(), dead));
        Ok(depths)
    }

    /// Looks at the first dead letters and leaves them where they are. RabbitMQ may show them in another order next time.
    pub async fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, Error> {
        match &self.form {
            Form::InProcess(queues) => Ok(queues.dead_letters(max)),
            Form::RabbitMq(rabbitmq) => rabbitmq.dead_letters(max).await,
        }
    }

    /// Queues the first dead letters again, each in its lane and as if new; answers how many. One that cannot be read comes
    /// back.
    pub async fn redrive(&self, max: usize) -> Result<usize, Error> {
        match &self.form {
            Form::InProcess(queues) => Ok(queues.redrive(max)),
            Form::RabbitMq(rabbitmq) => rabbitmq.redrive(max).await,
        }
    }

    /// How it is doing, as last seen; asks nobody.
    pub fn status(&self) -> Status {
        match &self.form {
            Form::InProcess(_) => Status::Ok,
            Form::RabbitMq(rabbitmq) => rabbitmq.status(),
        }
    }

    /// Gives back what no worker has taken, passes on what workers have finished, and disconnects; takes a few seconds at
    /// most. Nothing can be published or taken afterwards.
    pub async fn close(&self) {
        match &self.form {
            Form::InProcess(_) => {}
            Form::RabbitMq(rabbitmq) => rabbitmq.close().await,
        }
    }
}
