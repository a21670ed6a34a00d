//! Work queues: in process, or RabbitMQ.
