use std::fmt;
use std::sync::Arc;

/// A value of the configuration and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

/// A value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Large(u64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// What a variable of the environment holds: a text, or YAML where the setting is none.
    Variable {
        text: String,
        /// The same read as YAML, or why it is none.
        yaml: Result<Box<Node>, String>,
    },
}

/// Where a value came from, from the weakest source to the strongest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    Default,
    File { path: Arc<str>, line: u64 },
    Environment(String),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Environment(name) => write!(f, "env {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The dotted key of `name` inside `parent`.
pub(super) fn key_in(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

impl Node {
    /// A text that came from `origin`.
    pub(super) fn text(origin: Origin, text: impl Into<String>) -> Self {
        Self { origin, value: Value::Text(text.into()) }
    }

    /// Puts this node under `path`, one map around the other.
    pub(super) fn under(self, path: &[String]) -> Self {
        path.iter().rev().fold(self, |inner, name| Self {
            origin: inner.origin.clone(),
            value: Value::Map(vec![(name.clone(), inner)]),
        })
    }

    /// The values inside this one, each with its dotted key; `own` is the key of this one.
    pub(super) fn children<'a>(&'a self, own: &str) -> Vec<(String, &'a Self)> {
        match &self.value {
            Value::List(items) => items.iter().enumerate().map(|(at, item)| (format!("{own}[{at}]"), item)).collect(),
            Value::Map(entries) => entries.iter().map(|(name, node)| (key_in(own, name), node)).collect(),
            _ => Vec::new(),
        }
    }

    /// The value of a dotted key.
    pub(super) fn find(&self, key: &str) -> Option<&Self> {
        let mut node = self;
        let mut own = String::new();
        while own != key {
            let on_the_way =
                |name: &str| key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            (own, node) = node.children(&own).into_iter().find(|(name, _)| on_the_way(name))?;
        }
        Some(node)
    }

    /// Where the value of a dotted key came from, or what surrounds it when it is not there.
    pub(super) fn origin_near(&self, key: &str) -> Origin {
        let mut key = key;
        loop {
            match (self.find(key), key.rfind(['.', '['])) {
                (Some(node), _) => return node.origin.clone(),
                (None, Some(end)) => key = &key[..end],
                (None, None) => return self.origin.clone(),
            }
        }
    }
}
