use std::pin::Pin;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The body of every request.
type Body = Full<Bytes>;

/// One kept-alive connection; the task that waits for an answer also drives the connection, so that no other wakes.
pub(crate) struct Connection {
    sender: SendRequest<Body>,
    driver: Pin<Box<http1::Connection<TokioIo<TcpStream>, Body>>>,
}

impl Connection {
    pub(crate) async fn open(authority: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(authority).await.map_err(|why| why.to_string())?;
        stream.set_nodelay(true).map_err(|why| why.to_string())?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|why| why.to_string())?;
        Ok(Self { sender, driver: Box::pin(driver) })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(&mut self, request: Request<Body>) -> Result<(StatusCode, Bytes), String> {
        let sender = &mut self.sender;
        let answer = Box::pin(async move {
            sender.ready().await?;
            let response = sender.send_request(request).await?;
            let status = response.status();
            Ok::<_, hyper::Error>((status, response.into_body().collect().await?.to_bytes()))
        });
        match select(answer, &mut self.driver).await {
            Either::Left((answer, _)) => answer.map_err(|why| why.to_string()),
            Either::Right((Err(why), _)) => Err(why.to_string()),
            Either::Right((Ok(()), answer)) => answer.await.map_err(|why| why.to_string()),
        }
    }
}
