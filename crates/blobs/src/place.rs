//! Where things are kept, as a URL says it.

use std::path::PathBuf;

use crate::Error;

/// A folder, or a part of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder on a local or mounted disk.
    Folder(PathBuf),
    /// The objects of a bucket whose names begin with a prefix, which is empty or ends with `/`.
    Bucket { name: String, prefix: String },
}

impl Place {
    /// Reads `s3://bucket/prefix`, `file:///folder`, or the path of a folder.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = || Error::Place(url.to_owned());
        if let Some(rest) = url.strip_prefix("s3://") {
            let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
            let prefix = prefix.trim_matches('/');
            let whole = prefix.is_empty() || prefix.split('/').all(|part| !matches!(part, "" | "." | ".."));
            if !(3..=63).contains(&name.len()) || !name.chars().all(allowed) || !whole || prefix.len() > 512 {
                return Err(wrong());
            }
            let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            return Ok(Self::Bucket { name: name.to_owned(), prefix });
        }
        let path = url.strip_prefix("file://").unwrap_or(url);
        if path.contains("://") || path.is_empty() {
            return Err(wrong());
        }
        Ok(Self::Folder(PathBuf::from(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_told_apart() {
        let bucket =
            |name: &str, prefix: &str| Some(Place::Bucket { name: name.to_owned(), prefix: prefix.to_owned() });
        let folder = |path: &str| Some(Place::Folder(PathBuf::from(path)));
        let table = [
            ("s3://letters", bucket("letters", "")),
            ("s3://letters/", bucket("letters", "")),
            ("s3://letters/a/b/", bucket("letters", "a/b/")),
            ("/srv/letters", folder("/srv/letters")),
            ("file:///srv/letters", folder("/srv/letters")),
            ("", None),
            ("s3://", None),
            ("s3://ab", None),
            ("s3://Letters", None),
            ("s3://letters/a//b", None),
            ("s3://letters/../b", None),
            ("gs://letters", None),
        ];
        for (url, expected) in table {
            assert_eq!(Place::parse(url).ok(), expected, "{url}");
        }
    }
}
