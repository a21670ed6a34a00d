//! Senders that make a connection for each message, as an ingress does that follows the Service, and note every answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

const SENDERS: usize = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// What was answered: how many messages were accepted, and whatever else came.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) accepted: usize,
    pub(crate) failed: Vec<String>,
}

impl Answers {
    fn note(&mut self, answer: std::io::Result<String>) {
        match answer {
            Ok(text) if text.starts_with("HTTP/1.1 201 ") => self.accepted += 1,
            Ok(text) => self.failed.push(text),
            Err(error) => self.failed.push(format!("{error:?}")),
        }
    }
}

/// Senders at work.
pub(crate) struct Load {
    answers: Arc<Mutex<Answers>>,
    go_on: watch::Sender<bool>,
    senders: JoinSet<()>,
}

impl Load {
    pub(crate) fn start(balancer: SocketAddr) -> Self {
        let (go_on, watching) = watch::channel(true);
        let mut load = Self { answers: Arc::default(), go_on, senders: JoinSet::new() };
        for _ in 0..SENDERS {
            load.senders.spawn(send(balancer, Arc::clone(&load.answers), watching.clone()));
        }
        load
    }

    /// How many messages were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.answers.lock().unwrap().accepted
    }

    /// Ends the senders, each after its last answer.
    pub(crate) async fn stop(mut self) -> Answers {
        self.go_on.send_replace(false);
        while let Some(ended) = self.senders.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.answers.lock().unwrap())
    }
}

async fn send(balancer: SocketAddr, answers: Arc<Mutex<Answers>>, go_on: watch::Receiver<bool>) {
    while *go_on.borrow() {
        let answer = ask(balancer).await;
        answers.lock().unwrap().note(answer);
        // pace: a client that sends steadily while slots are switched
        tokio::time::sleep(PAUSE).await;
    }
}

/// Sends a message over a connection of its own and answers all that comes back.
async fn ask(balancer: SocketAddr) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(balancer).await?;
    let body = r#"{"from":"code","to":"chat","subject":"On the way","body":"While slots are switched"}"#;
    let head = format!(
        "POST /api/v1/messages HTTP/1.1\r\nHost: {balancer}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(format!("{head}{body}").as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer)
}
