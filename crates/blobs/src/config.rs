//! What a user may set of an object store.

use std::path::PathBuf;

use domain::{Secret, Span};
use serde::{Deserialize, Serialize};

/// An object store that speaks S3, for every URL that begins with `s3://`. Without keys and role, those of the machine or pod
/// are asked for, as AWS hands them out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Config {
    /// Where it is, as in `https://minio.example.org:9000`; absent: AWS.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// Who asks.
    pub access_key_id: Option<Secret>,
    /// The secret of `access_key_id`.
    pub secret_access_key: Option<Secret>,
    /// What goes with keys that are lent for a time.
    pub session_token: Option<Secret>,
    /// The role to take on with the token in `web_identity_token_file`.
    pub role_arn: Option<String>,
    /// The file with the token of the pod's or machine's identity.
    pub web_identity_token_file: Option<PathBuf>,
    /// The name under which the role is taken on.
    pub role_session_name: String,
    /// A file with certificates to trust beside the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether `endpoint` may be plain HTTP.
    pub allow_http: bool,
    /// Whether the bucket is a part of the host's name; else it stands in the path.
    pub virtual_hosted_style: bool,
    /// How long one request of up to a few MiB may take; 1s to 10m.
    pub request_timeout: Span,
    /// How long a request may be tried again until it is given up; 0s to 5m.
    pub retry_timeout: Span,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            role_arn: None,
            web_identity_token_file: None,
            role_session_name: "coordination".to_owned(),
            ca_file: None,
            allow_http: false,
            virtual_hosted_style: false,
            request_timeout: Span::from_secs(30),
            retry_timeout: Span::from_secs(10),
        }
    }
}

impl S3Config {
    /// Everything that is wrong with these values: the key within the section, and why.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if let Some(endpoint) = &self.endpoint {
            match endpoint.split_once("://") {
                Some(("https", rest)) if !rest.is_empty() => {}
                Some(("http", rest)) if !rest.is_empty() && self.allow_http => {}
                Some(("http", _)) => {
                    faults.push(("endpoint", "is plain HTTP: set s3.allow_http if that is meant".to_owned()));
                }
                _ => faults.push(("endpoint", "must be a URL, as in https://minio.example.org:9000".to_owned())),
            }
        }
        if self.region.is_empty() {
            faults.push(("region", "is empty: give the region of the buckets, or us-east-1".to_owned()));
        }
        let pairs = [
            ("access_key_id", self.access_key_id.is_some(), "secret_access_key", self.secret_access_key.is_some()),
            ("role_arn", self.role_arn.is_some(), "web_identity_token_file", self.web_identity_token_file.is_some()),
        ];
        for (one, has_one, other, has_other) in pairs {
            if has_one != has_other {
                faults.push((if has_one { other } else { one }, format!("is missing: {one} and {other} go together")));
            }
        }
        let mut within = |key, value: Span, least: Span, most: Span| {
            if value < least || value > most {
                faults.push((key, format!("{value} is out of bounds: {least} to {most}")));
            }
        };
        within("request_timeout", self.request_timeout, Span::from_secs(1), Span::from_secs(600));
        within("retry_timeout", self.retry_timeout, Span::ZERO, Span::from_secs(300));
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_free_of_faults() {
        assert_eq!(S3Config::default().faults(), []);
    }

    #[test]
    fn plain_http_is_used_only_where_it_is_allowed() {
        let plain = S3Config { endpoint: Some("http://127.0.0.1:9000".to_owned()), ..S3Config::default() };
        assert_eq!(plain.faults()[0].0, "endpoint");
        assert_eq!(S3Config { allow_http: true, ..plain }.faults(), []);
    }

    #[test]
    fn keys_come_in_pairs_and_times_keep_their_bounds() {
        let config = S3Config {
            access_key_id: Some(Secret::new("id")),
            web_identity_token_file: Some("token".into()),
            request_timeout: Span::from_secs(601),
            ..S3Config::default()
        };
        let keys: Vec<_> = config.faults().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["secret_access_key", "role_arn", "request_timeout"]);
    }
}
