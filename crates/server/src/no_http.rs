//! What is no HTTP: the connection refuses it with an empty answer before there is a request. The problem takes its place here.

use std::io::IoSlice;

use bytes::Bytes;
use domain::{Code, Refusal};
use http::HeaderMap;
use protocol::shape;

use crate::request_id::{RequestIds, X_REQUEST_ID};

/// The head of an empty refusal is shorter.
const HEAD_BYTES_MAX: usize = 512;

/// The problem in place of what is about to be written; none where that is no empty refusal.
pub(crate) fn problem(parts: &[IoSlice<'_>], ids: &RequestIds) -> Option<Bytes> {
    let begins = parts.first().is_some_and(|part| part.starts_with(b"HTTP/1.1 4"));
    if !begins || parts.iter().map(|part| part.len()).sum::<usize>() > HEAD_BYTES_MAX {
        return None;
    }
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
    let head = std::str::from_utf8(&bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let empty = head.lines().any(|line| line.eq_ignore_ascii_case("content-length: 0"));
    if !empty || head.contains(X_REQUEST_ID.as_str()) {
        return None;
    }
    let refusal = refusal(head.split(' ').nth(1)?)?;
    let id = ids.of(&HeaderMap::new());
    let body = serde_json::to_vec(&shape::problem::problem(&refusal, id.as_str())).ok()?;
    let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    let mut answer: String = kept.flat_map(|line| [line, "\r\n"]).collect();
    answer.push_str(&format!(
        "content-type: application/problem+json\r\nx-request-id: {}\r\ncontent-length: {}\r\n\r\n",
        id.as_str(),
        body.len()
    ));
    Some([answer.into_bytes(), body].concat().into())
}

fn refusal(status: &str) -> Option<Refusal> {
    let (code, detail, remedy) = match status {
        "400" => (
            Code::MalformedRequest,
            "What came is no HTTP/1.1 request.",
            "Speak HTTP/1.1 without TLS to this port, as in `http://HOST:PORT/`.",
        ),
        "414" => (Code::UriTooLong, "The address is longer than 65,534 bytes.", "Send long texts in the body."),
        "431" => (
            Code::HeadersTooLarge,
            "The headers are larger than 400 KiB, or more than 100.",
            "Send fewer and shorter headers.",
        ),
        _ => return None,
    };
    Some(Refusal::new(code, detail).with_remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(parts: &[&str]) -> Option<String> {
        let parts: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part.as_bytes())).collect();
        problem(&parts, &RequestIds::new()).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn an_empty_refusal_becomes_a_problem() {
        let told = told(&[
            "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n",
            "content-length: 0\r\n\r\n",
        ]);
        let (head, body) = told.as_deref().unwrap().split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 ") && head.contains("\r\nconnection: close\r\n"), "{head}");
        assert_eq!(head.matches("content-length").count(), 1);
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        assert!(body.contains("\"code\":\"headers-too-large\"") && head.contains("application/problem+json"), "{body}");
    }

    #[test]
    fn answers_of_ours_stay_as_they_are() {
        for ours in [
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n",
            "{}",
        ] {
            assert_eq!(told(&[ours]), None, "{ours}");
        }
        assert_eq!(told(&[]), None);
    }
}
