use std::error::Error as _;

use protocol::Problem;

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused; nothing was changed unless the problem's code says so.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// The server was not reached, or did not answer in time: what was asked for was perhaps done.
    #[error("{url} was not reached: {why}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// What the network said.
        why: String,
    },
    /// Something answered that does not speak as a coordination server does.
    #[error("{url} does not answer as a coordination server: {why}")]
    Protocol {
        /// The server's address.
        url: String,
        /// What was odd.
        why: String,
    },
    /// The key has characters that no key has.
    #[error("the key has characters that no key has")]
    Key,
    /// The address itself is wrong.
    #[error("`{url}` is no server's address: {why}")]
    Url {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// Returns the problem's code when the server refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            _ => None,
        }
    }
}

/// Says what the innermost causes of a network error are, without the address, which the caller names.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(next) = cause {
        causes.push(next.to_string());
        cause = next.source();
    }
    if causes.iter().any(|cause| cause.contains("InvalidContentType")) {
        return "what listens there speaks no TLS: write its address with http:// instead of https://".to_owned();
    }
    match causes.pop() {
        Some(last) => last,
        None => error.to_string(),
    }
}
