//! Answers: what a receiver's status and headers mean.

use std::time::UNIX_EPOCH;

use domain::{Span, Time};
use engine::Pushed;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What an answer means: 2xx is done with it, 202 has it and settles it later, 410 wants nothing more, 429 and 503 want time,
/// and everything else, redirects too, is a failure.
pub(crate) fn meaning(status: StatusCode, headers: &HeaderMap, now: Time, longest: Span) -> Pushed {
    let why = || format!("its webhook answered {}", status.as_u16());
    match status {
        StatusCode::ACCEPTED => Pushed::Accepted,
        _ if status.is_success() => Pushed::Done,
        StatusCode::GONE => Pushed::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Pushed::Later { after: retry_after(headers, now).map(|after| after.min(longest)), why: why() }
        }
        _ if status.is_redirection() => {
            Pushed::Failed { outcome: "rejected", why: format!("{}, and redirects are not followed", why()) }
        }
        _ => Pushed::Failed { outcome: "rejected", why: why() },
    }
}

/// How long to wait, where the answer says so: seconds, of which no number is too large, or a date in any of the three forms of
/// RFC 9110.
fn retry_after(headers: &HeaderMap, now: Time) -> Option<Span> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Span::from_secs(i64::from(text.parse::<u32>().unwrap_or(u32::MAX))));
    }
    let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let date = Time::from_millis(i64::try_from(date.as_millis()).ok()?);
    Some(date.since(now).max(Span::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_445_412_420_000);

    fn answered(status: u16, retry: Option<&str>) -> Pushed {
        let mut headers = HeaderMap::new();
        if let Some(retry) = retry {
            headers.insert(RETRY_AFTER, retry.parse().expect("a header"));
        }
        meaning(StatusCode::from_u16(status).expect("a status"), &headers, NOW, Span::from_secs(3_600))
    }

    #[test]
    fn every_status_has_a_meaning() {
        for status in [200, 201, 204, 299] {
            assert_eq!(answered(status, None), Pushed::Done, "{status}");
        }
        assert_eq!(answered(202, None), Pushed::Accepted);
        assert_eq!(answered(410, None), Pushed::Gone);
        for status in [100, 300, 301, 302, 307, 308, 400, 401, 404, 408, 409, 422, 500, 502, 504, 599] {
            assert!(matches!(answered(status, None), Pushed::Failed { outcome: "rejected", .. }), "{status}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_a_date_and_held_to_a_bound() {
        let table = [
            (None, None),
            (Some("120"), Some(120)),
            (Some("0"), Some(0)),
            (Some("4000000000"), Some(3_600)),
            (Some("4294967296"), Some(3_600)),
            (Some("99999999999999999999999"), Some(3_600)),
            (Some(""), None),
            (Some("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60)),
            (Some("Wed, 21 Oct 2015 07:20:00 GMT"), Some(0)),
            (Some("Wednesday, 21-Oct-15 07:28:00 GMT"), Some(60)),
            (Some("Wed Oct 21 07:28:00 2015"), Some(60)),
            (Some("Fri, 31 Dec 9999 23:59:59 GMT"), Some(3_600)),
            (Some("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0)),
            (Some("soon"), None),
            (Some("-5"), None),
        ];
        for (header, expected) in table {
            for status in [429, 503] {
                let Pushed::Later { after, .. } = answered(status, header) else { panic!("{header:?}") };
                assert_eq!(after, expected.map(Span::from_secs), "{header:?}");
            }
        }
    }
}
