use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::check;
use super::complaint::{Complaint, Complaints};
use super::environment;
use super::follow;
use super::node::{Node, Origin, Value};
use super::reader::Place;
use super::yaml;
use super::{Config, REFERENCE};

/// Bytes of a configuration file.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Complaints that are worth reading at once.
const COMPLAINTS_MAX: usize = 100;

/// What a configuration is made of, beside the defaults.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The file that `--config` names.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: Vec<(String, String)>,
    /// Settings from flags: the flag, the path of its setting, its text.
    pub(crate) flags: Vec<(&'static str, &'static [&'static str], String)>,
}

/// A configuration, checked, that knows where each value came from.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The values.
    pub(crate) config: Config,
    pub(super) root: Node,
}

impl Loaded {
    /// Reads all sources, lays each over the one before, and checks the result. Every complaint is given at once.
    pub(crate) fn load(sources: &Sources) -> Result<Self, Complaints> {
        let mut complaints = Vec::new();
        let mut root = defaults();
        environment::misnamed(&sources.environment, &root, &mut complaints);
        if let Some(node) = file_of(sources).and_then(|path| read_file(&path, &mut complaints)) {
            root.lay(node);
        }
        for node in environment::read(&sources.environment, &mut complaints) {
            root.lay(node);
        }
        for (flag, path, text) in &sources.flags {
            let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
            root.lay(Node::text(Origin::Flag(flag), text.clone()).under(&path));
        }
        let config = read(root.clone(), &mut complaints);
        let mut config = config.unwrap_or_default();
        if root.origin_near("authority.final") == Origin::Default {
            config.authority.add_missing(&mut config.agents);
        }
        follow::settings(&mut config, &root);
        check::faults(&config, &root, &mut complaints);
        if complaints.is_empty() {
            return Ok(Self { config, root });
        }
        complaints.sort();
        complaints.dedup();
        Err(Complaints(complaints))
    }
}

/// The file that a flag or the environment names.
fn file_of(sources: &Sources) -> Option<PathBuf> {
    let named = |(name, value): &&(String, String)| name == "COORDINATION_CONFIG" && !value.is_empty();
    let from_environment = || sources.environment.iter().find(named).map(|(_, value)| PathBuf::from(value));
    sources.file.clone().or_else(from_environment)
}

/// The reference page as nodes.
pub(super) fn defaults() -> Node {
    let empty = Node { origin: Origin::Default, value: Value::Map(Vec::new()) };
    yaml::parse(REFERENCE, &|_| Origin::Default, &mut Vec::new()).unwrap_or(empty)
}

fn read_file(path: &Path, complaints: &mut Vec<Complaint>) -> Option<Node> {
    let shown: Arc<str> = path.display().to_string().into();
    let origin = |line| Origin::File { path: Arc::clone(&shown), line };
    let complain = |why: String| Complaint { origin: origin(1), key: String::new(), why };
    let read = text_of(path).map_err(complain).and_then(|text| yaml::parse(&text, &origin, complaints));
    match read {
        Ok(node) if matches!(node.value, Value::Map(_) | Value::Null) => return Some(node),
        Ok(_) => complaints.push(complain("expected keys at the top of the file".to_owned())),
        Err(complaint) => complaints.push(complaint),
    }
    None
}

fn text_of(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if metadata.is_dir() {
        return Err("is a folder: name a file".to_owned());
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(format!("is larger than {} MiB", FILE_BYTES_MAX >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|error| format!("is not UTF-8 after {} bytes", error.utf8_error().valid_up_to()))
}

/// Reads the nodes into structs. serde stops at the first mistake, so what is mistaken is taken out and the rest is read
/// again, until nothing is left to complain of.
fn read(mut root: Node, complaints: &mut Vec<Complaint>) -> Option<Config> {
    loop {
        let mistake = match Config::deserialize(Place::root(&root)) {
            Ok(config) => return Some(config),
            Err(mistake) => mistake,
        };
        let (origin, place) = mistake.at.unwrap_or_else(|| (root.origin.clone(), String::new()));
        let key = mistake.missing.map_or_else(|| place.clone(), |field| format!("{place}.{field}"));
        // A field that is missing because it was taken out has been complained of.
        if !complaints.iter().any(|complaint| complaint.key == key) {
            complaints.push(Complaint { origin, key, why: mistake.why });
        }
        if complaints.len() > COMPLAINTS_MAX || !root.take(&place) {
            return None;
        }
    }
}
