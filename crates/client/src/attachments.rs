use std::time::Duration;

use bytes::Bytes;
use reqwest::{Body, Method, Response, header};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use crate::{Answer, Client, Error};
use protocol::StoredAttachment;

/// How long a download may pause.
const IDLE: Duration = Duration::from_secs(60);
/// The slowest upload that is not given up, in bytes per second.
const SLOWEST: u64 = 64 * 1024;
/// How long an upload of unknown size may take.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// Bytes to store.
pub struct Upload<R> {
    /// Where they are read from, a piece at a time.
    pub reader: R,
    /// How many there are, when that is known.
    pub size: Option<u64>,
    /// Their media type.
    pub media_type: String,
    /// The name to store them with.
    pub name: Option<String>,
}

/// Bytes that are arriving.
#[derive(Debug)]
pub struct Download {
    /// Their media type.
    pub media_type: String,
    /// How many will arrive, when the server says so.
    pub size: Option<u64>,
    response: Response,
    client: Client,
}

impl Client {
    /// Stores bytes as they are read: `POST /api/v1/attachments`; status 200 says that they were there already.
    pub async fn store_attachment<R>(&self, upload: Upload<R>) -> Result<Answer<StoredAttachment>, Error>
    where
        R: AsyncRead + Send + 'static,
    {
        let timeout = upload.size.map_or(LONGEST, |size| self.timeout + Duration::from_secs(size / SLOWEST));
        let mut request = self
            .begin(Method::POST, &["api", "v1", "attachments"])
            .timeout(timeout)
            .header(header::CONTENT_TYPE, upload.media_type)
            .body(Body::wrap_stream(ReaderStream::with_capacity(upload.reader, 64 * 1024)));
        if let Some(size) = upload.size {
            request = request.header(header::CONTENT_LENGTH, size);
        }
        if let Some(name) = upload.name {
            request = request.header(header::CONTENT_DISPOSITION, disposition(&name));
        }
        self.answer(request).await
    }

    /// Fetches bytes as they arrive, from the byte `from` on: `GET /api/v1/attachments/{sha256}`.
    pub async fn attachment(&self, sha256: &str, from: u64) -> Result<Download, Error> {
        let mut request = self.begin(Method::GET, &["api", "v1", "attachments", sha256]);
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        let response = tokio::time::timeout(self.timeout, self.success(request)).await.map_err(|_| self.late())??;
        if from > 0 && response.status() != reqwest::StatusCode::PARTIAL_CONTENT {
            return Err(self.protocol("it ignores byte ranges".to_owned()));
        }
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or("application/octet-stream").to_owned();
        Ok(Download { media_type, size: response.content_length(), response, client: self.clone() })
    }

    pub(crate) fn late(&self) -> Error {
        self.not_reached("no answer in time".to_owned())
    }
}

impl Download {
    /// Waits for the next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = tokio::time::timeout(IDLE, self.response.chunk()).await.map_err(|_| self.client.late())?;
        chunk.map_err(|why| self.client.unreachable(&why))
    }
}

/// Writes a file's name as RFC 6266 has it: plain when it can be, percent-encoded UTF-8 beside it otherwise.
fn disposition(name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ';
    if name.chars().all(plain) {
        return format!("attachment; filename=\"{name}\"");
    }
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_plain_name_is_quoted() {
        assert_eq!(disposition("test report.html"), "attachment; filename=\"test report.html\"");
    }

    #[test]
    fn another_name_is_encoded_and_cannot_break_the_header() {
        let header = disposition("Prüf\"\r\n.txt");
        assert_eq!(header, "attachment; filename=\"Pr_f___.txt\"; filename*=UTF-8''Pr%C3%BCf%22%0D%0A.txt");
    }
}
