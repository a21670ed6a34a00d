//! Contexts: servers, keys and agents by name, in a file of the user's that nobody else may read.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Failure;

/// A server, and as whom it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The server's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The key to show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// The agent that is meant where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<String>,
}

/// Everything in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contexts {
    /// The one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// All of them by name.
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Kept>,
}

impl Contexts {
    /// Reads the file; where there is none there are no contexts.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let cannot = || format!("cannot read {}", file.display());
        match std::fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).map_err(|why| Failure::io(cannot(), io::Error::other(why))),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(why) => Err(Failure::io(cannot(), why)),
        }
    }

    /// The context of this name, or the one in use. Fails where there is none of this name.
    pub(crate) fn chosen(&self, name: Option<&str>) -> Result<Option<&Kept>, Failure> {
        let Some(name) = name else {
            return Ok(self.current.as_ref().and_then(|current| self.contexts.get(current)));
        };
        self.contexts.get(name).map(Some).ok_or_else(|| self.missing(name))
    }

    /// Says that there is no context of this name, and which there are.
    pub(crate) fn missing(&self, name: &str) -> Failure {
        let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
        let next = match known[..] {
            [] => "make one: coord context add NAME --url URL".to_owned(),
            _ => format!("there are: {}", known.join(", ")),
        };
        Failure::Usage { what: format!("there is no context `{name}`"), next: Some(next) }
    }

    /// Replaces the file; only its owner may read it.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        replace(file, self).map_err(|why| Failure::io(format!("cannot write {}", file.display()), why))
    }
}

fn replace(file: &Path, contexts: &Contexts) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = serde_json::to_string_pretty(contexts).map_err(io::Error::other)?;
    let beside = file.with_extension("json.new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // One that was left behind may have another mode.
    match std::fs::remove_file(&beside) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut new = options.open(&beside)?;
    writeln!(new, "{text}")?;
    new.sync_all()?;
    std::fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::{Contexts, Kept};

    #[test]
    fn contexts_are_read_as_written_and_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("below").join("contexts.json");
        assert_eq!(Contexts::read(&file).unwrap(), Contexts::default());
        let mut contexts = Contexts { current: Some("here".to_owned()), ..Contexts::default() };
        let kept = Kept { url: Some("http://h".to_owned()), key: Some("coord_x".to_owned()), agent: None };
        contexts.contexts.insert("here".to_owned(), kept.clone());
        for _ in 0..2 {
            contexts.write(&file).unwrap();
            assert_eq!(Contexts::read(&file).unwrap(), contexts);
        }
        assert_eq!(contexts.chosen(None).unwrap(), Some(&kept));
        assert!(contexts.chosen(Some("there")).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&file, "no JSON").unwrap();
        assert!(Contexts::read(&file).is_err());
    }
}
