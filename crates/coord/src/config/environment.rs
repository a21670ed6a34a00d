//! Settings from the environment.

use super::complaint::Complaint;
use super::node::{Node, Origin};
use super::yaml;

/// What begins the name of a variable that sets any setting: `COORDINATION__SECTION__KEY`.
const PREFIX: &str = "COORDINATION__";

/// The variables that set one setting each; their text is taken as it is. Empty is the same as absent.
const NAMED: [(&str, &[&str]); 18] = [
    ("AWS_ACCESS_KEY_ID", &["s3", "access_key_id"]),
    ("AWS_CA_BUNDLE", &["s3", "ca_file"]),
    // Of two names for one setting the later one in the alphabet holds, as with AWS's own tools.
    ("AWS_DEFAULT_REGION", &["s3", "region"]),
    ("AWS_ENDPOINT_URL", &["s3", "endpoint"]),
    ("AWS_ENDPOINT_URL_S3", &["s3", "endpoint"]),
    ("AWS_REGION", &["s3", "region"]),
    ("AWS_ROLE_ARN", &["s3", "role_arn"]),
    ("AWS_ROLE_SESSION_NAME", &["s3", "role_session_name"]),
    ("AWS_SECRET_ACCESS_KEY", &["s3", "secret_access_key"]),
    ("AWS_SESSION_TOKEN", &["s3", "session_token"]),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", &["s3", "web_identity_token_file"]),
    ("COORDINATION_ADMIN_KEY", &["auth", "admin_key"]),
    ("COORDINATION_DATA", &["data"]),
    ("DATABASE_URL", &["database", "url"]),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", &["traces", "endpoint"]),
    ("OTEL_SERVICE_NAME", &["traces", "service_name"]),
    ("RABBITMQ_URL", &["rabbitmq", "url"]),
    ("REDIS_URL", &["redis", "url"]),
];

/// The settings among `variables`, one node each, in the order of their names.
pub(super) fn read(variables: &[(String, String)], complaints: &mut Vec<Complaint>) -> Vec<Node> {
    let mut sorted: Vec<_> = variables.iter().filter(|(_, value)| !value.is_empty()).collect();
    sorted.sort();
    sorted
        .into_iter()
        .filter_map(|(name, value)| setting(name, value).transpose())
        .filter_map(|read| read.map_err(|complaint| complaints.push(complaint)).ok())
        .collect()
}

/// The setting that a variable holds; none when it is not one of ours.
fn setting(name: &str, value: &str) -> Result<Option<Node>, Complaint> {
    let origin = || Origin::Environment(name.to_owned());
    let complain = |why: String| Complaint { origin: origin(), key: String::new(), why };
    if let Some(rest) = name.strip_prefix(PREFIX) {
        let path: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
        if path.iter().any(String::is_empty) {
            return Err(complain("names no setting: write COORDINATION__SECTION__KEY".to_owned()));
        }
        let node = yaml::parse(value, &|_| origin(), &mut Vec::new())?;
        return Ok(Some(node.under(&path)));
    }
    let known = |wanted: &str| NAMED.iter().find(|(known, _)| *known == wanted);
    // A name that ends so itself is the name of a file, not of its content.
    let plain = if known(name).is_some() { name } else { name.strip_suffix("_FILE").unwrap_or(name) };
    let Some((_, path)) = known(plain) else { return Ok(None) };
    let text = if plain == name {
        value.to_owned()
    } else {
        let read = std::fs::read_to_string(value);
        read.map_err(|error| complain(format!("cannot read {value}: {error}")))?.trim_end().to_owned()
    };
    let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
    Ok(Some(Node::text(origin(), text).under(&path)))
}
