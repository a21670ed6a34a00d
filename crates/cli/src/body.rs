use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::Failure;

/// The most that is read for a body; the server refuses more than 256 KiB with its own words.
const LONGEST: u64 = 16 << 20;

/// Where a message's text comes from.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub(crate) struct Body {
    /// The text; `-` reads standard input, `@FILE` a file, and `@@` begins a text with `@`
    #[arg(long, short, value_name = "TEXT", allow_hyphen_values = true)]
    body: Option<String>,
    /// The file that holds the text
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
}

impl Body {
    /// Whether there is any.
    pub(crate) fn given(&self) -> bool {
        self.body.is_some() || self.body_file.is_some()
    }

    /// Reads the text; none given is an empty one.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        if let Some(path) = &self.body_file {
            return from_file(path);
        }
        match self.body.as_deref() {
            None => Ok(String::new()),
            Some("-") => read("standard input", io::stdin().lock()),
            Some(text) if text.starts_with("@@") => Ok(text[1..].to_owned()),
            Some(text) => text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), |path| from_file(Path::new(path))),
        }
    }
}

fn from_file(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|why| Failure::io(format!("cannot read {name}"), why))?;
    read(&name, file)
}

fn read(name: &str, from: impl io::Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.take(LONGEST).read_to_end(&mut bytes).map_err(|why| Failure::io(format!("cannot read {name}"), why))?;
    String::from_utf8(bytes).map_err(|_| Failure::Usage {
        what: format!("{name} is not UTF-8 text"),
        next: Some("send other files as attachments: --attach FILE".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::Body;

    fn text(body: &str) -> Body {
        Body { body: Some(body.to_owned()), body_file: None }
    }

    #[test]
    fn a_text_is_itself_and_two_ats_are_one() {
        assert_eq!(text("Hello\n").read().unwrap(), "Hello\n");
        assert_eq!(text("@@chat please").read().unwrap(), "@chat please");
        assert_eq!(Body::default().read().unwrap(), "");
    }

    #[test]
    fn a_file_is_read_either_way_and_must_be_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body.md");
        std::fs::write(&path, "from a file").unwrap();
        assert_eq!(text(&format!("@{}", path.display())).read().unwrap(), "from a file");
        assert_eq!(Body { body: None, body_file: Some(path.clone()) }.read().unwrap(), "from a file");
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(text(&format!("@{}", path.display())).read().unwrap_err().code(), 2);
    }

    #[test]
    fn a_missing_file_is_named() {
        let why = text("@/no/such/file").read().unwrap_err().lines();
        assert!(why[0].1.starts_with("cannot read /no/such/file:"), "{why:?}");
    }
}
