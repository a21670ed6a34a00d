//! Settings from the environment.

use super::complaint::Complaint;
use super::node::{Node, Origin, Value, key_in};
use super::yaml;

/// What begins the name of a variable that sets any setting: `COORDINATION__SECTION__KEY`.
const PREFIX: &str = "COORDINATION__";

/// Parts of a setting's name.
const DEPTH_MAX: usize = 8;

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

/// A variable's value: a text, or YAML where the setting is none. What stands in quotes as a whole is the text in them.
fn variable(origin: Origin, value: &str) -> Node {
    let parsed = yaml::parse(value, &|_| origin.clone(), &mut Vec::new());
    let is_quoted = value.starts_with(['"', '\'']);
    let (text, yaml) = match parsed {
        Ok(Node { value: Value::Text(text), .. }) if is_quoted => (text.clone(), Ok(Value::Text(text))),
        // YAML ends a plain value at ` #`: what it leaves out is not thrown away without a word.
        Ok(node) if matches!(node.value, Value::List(_) | Value::Map(_)) || !value.contains('#') => {
            (value.to_owned(), Ok(node.value))
        }
        Ok(_) => (value.to_owned(), Ok(Value::Text(value.to_owned()))),
        Err(complaint) => (value.to_owned(), Err(complaint.why)),
    };
    let yaml = yaml.map(|value| Box::new(Node { origin: origin.clone(), value }));
    Node { origin, value: Value::Variable { text, yaml } }
}

/// The variables that the commands read, beside those that set a setting.
const OTHERS: [&str; 7] = [
    "COORDINATION_AGENT",
    "COORDINATION_API_KEY",
    "COORDINATION_CONFIG",
    "COORDINATION_INSECURE",
    "COORDINATION_KEY",
    "COORDINATION_TOKEN",
    "COORDINATION_URL",
];

/// Complains of variables that look like ours and name a setting with one underscore where two are wanted. Others with that
/// beginning are left alone: Kubernetes makes some for a service called `coordination`.
pub(super) fn misnamed(variables: &[(String, String)], defaults: &Node, complaints: &mut Vec<Complaint>) {
    let mut settings = Vec::new();
    keys("", defaults, &mut settings);
    for (name, _) in variables {
        let Some(rest) = name.strip_prefix("COORDINATION_").filter(|rest| !rest.starts_with('_')) else { continue };
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        if OTHERS.contains(&name.as_str()) || NAMED.iter().any(|(known, _)| *known == name || *known == plain) {
            continue;
        }
        let rest = rest.to_ascii_lowercase().replace("__", "_");
        let whole = |key: &&String| key.replace('.', "_") == rest;
        let last = |key: &&String| key.rsplit('.').next() == Some(rest.as_str());
        let Some(meant) = settings.iter().find(whole).or_else(|| settings.iter().find(last)) else { continue };
        let meant = meant.to_ascii_uppercase().replace('.', "__");
        let why = format!("sets nothing: did you mean {PREFIX}{meant}?");
        complaints.push(Complaint { origin: Origin::Environment(name.clone()), key: String::new(), why });
    }
}

/// The dotted keys of all settings, each section before what it holds.
fn keys(own: &str, node: &Node, found: &mut Vec<String>) {
    let Value::Map(entries) = &node.value else { return };
    for (name, child) in entries {
        let key = key_in(own, name);
        found.push(key.clone());
        keys(&key, child, found);
    }
}

/// The setting that a variable holds; none when it is not one of ours.
fn setting(name: &str, value: &str) -> Result<Option<Node>, Complaint> {
    let origin = || Origin::Environment(name.to_owned());
    let complain = |why: String| Complaint { origin: origin(), key: String::new(), why };
    if let Some(rest) = name.strip_prefix(PREFIX) {
        let path: Vec<String> = rest.split("__").map(str::to_ascii_lowercase).collect();
        // Deeper than any setting lies; endless nesting would take the stack.
        if path.len() > DEPTH_MAX || path.iter().any(String::is_empty) {
            return Err(complain("names no setting: write COORDINATION__SECTION__KEY".to_owned()));
        }
        return Ok(Some(variable(origin(), value).under(&path)));
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
