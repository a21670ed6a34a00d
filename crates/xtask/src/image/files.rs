//! The files of an image: the binary, the libraries that it is linked to, certificates, and who there is. All but the binary come
//! from Debian's packages as they are installed here, with their copyright notices.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::tar::Entry;

/// The user that the binary runs as.
pub(super) const USER: u32 = 10_001;

/// Where the binary lies.
pub(super) const PROGRAM: &str = "usr/local/bin/coord";

/// Where Debian keeps the certificates of Mozilla's list, one a file.
const CERTIFICATES: &str = "/usr/share/ca-certificates/mozilla";

/// Files by name, and the folders above them.
pub(super) struct Tree(BTreeMap<String, Entry>);

impl Tree {
    /// All but the binary.
    ///
    /// Fails when a library comes from no package.
    pub(super) fn base(binary: &Path) -> Result<Vec<(String, Entry)>, String> {
        let mut tree = Self(BTreeMap::new());
        let mut packages = BTreeSet::from(["ca-certificates".to_owned()]);
        for library in libraries(binary)? {
            packages.insert(package_of(&library)?);
            tree.file(&library, read(&library)?, 0o755);
        }
        for package in packages {
            let notice = format!("/usr/share/doc/{package}/copyright");
            tree.file(&notice, read(&notice)?, 0o644);
        }
        tree.file("/etc/ssl/certs/ca-certificates.crt", certificates()?, 0o644);
        let user = format!("root:x:0:0:root:/:/sbin/nologin\ncoord:x:{USER}:{USER}:coord:/nonexistent:/sbin/nologin\n");
        tree.file("/etc/passwd", user.into_bytes(), 0o644);
        tree.file("/etc/group", format!("root:x:0:\ncoord:x:{USER}:\n").into_bytes(), 0o644);
        tree.file("/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n".to_vec(), 0o644);
        // Where volumes are mounted: a read-only root cannot make them.
        for folder in ["/etc/coordination", "/var/lib/coordination", "/proc", "/dev", "/sys"] {
            tree.folder(folder);
        }
        Ok(tree.0.into_iter().collect())
    }

    /// The binary.
    ///
    /// Fails when it cannot be read.
    pub(super) fn program(binary: &Path) -> Result<Vec<(String, Entry)>, String> {
        let mut tree = Self(BTreeMap::new());
        tree.file(&format!("/{PROGRAM}"), read(&binary.to_string_lossy())?, 0o755);
        Ok(tree.0.into_iter().collect())
    }

    fn file(&mut self, path: &str, content: Vec<u8>, mode: u32) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder);
        }
        self.0.insert(path.trim_start_matches('/').to_owned(), Entry::File(content, mode));
    }

    fn folder(&mut self, path: &str) {
        let path = path.trim_matches('/');
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        for folder in ends.map(|end| &path[..end]).filter(|folder| !folder.is_empty()) {
            self.0.entry(folder.to_owned()).or_insert(Entry::Folder);
        }
    }
}

/// The libraries that a binary is linked to, the loader included.
fn libraries(binary: &Path) -> Result<Vec<String>, String> {
    let output = Command::new("ldd").arg(binary).output().map_err(|error| format!("cannot run ldd: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || text.contains("not found") {
        return Err(format!("ldd does not find the libraries of {}: {text}", binary.display()));
    }
    let paths = text.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned);
    Ok(paths.collect::<BTreeSet<String>>().into_iter().collect())
}

/// The package that a file comes from. Debian notes some below `/usr` by the name they had before.
fn package_of(path: &str) -> Result<String, String> {
    let names = [path.to_owned(), format!("/usr{path}"), path.trim_start_matches("/usr").to_owned()];
    names.iter().find_map(|name| owner(name)).ok_or_else(|| {
        format!("{path} comes from no package: images are made of Debian's, so make them on Debian or in its container")
    })
}

fn owner(path: &str) -> Option<String> {
    let output = Command::new("dpkg").args(["--search", path]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().next().filter(|_| output.status.success())?.split([':', ',']).next()?.to_owned())
}

/// All certificates of the list in one text, in the order of their files' names.
fn certificates() -> Result<Vec<u8>, String> {
    let listed = fs::read_dir(CERTIFICATES).map_err(|error| format!("cannot read {CERTIFICATES}: {error}"))?;
    let names: BTreeSet<String> = listed.flatten().map(|entry| entry.path().to_string_lossy().into_owned()).collect();
    let mut text = Vec::new();
    for name in names {
        text.extend(read(&name)?);
    }
    if text.is_empty() { Err(format!("{CERTIFICATES} is empty")) } else { Ok(text) }
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_before_what_is_in_them() {
        let mut tree = Tree(BTreeMap::new());
        tree.file("/etc/ssl/certs/a.crt", Vec::new(), 0o644);
        let names: Vec<&str> = tree.0.keys().map(String::as_str).collect();
        assert_eq!(names, ["etc", "etc/ssl", "etc/ssl/certs", "etc/ssl/certs/a.crt"]);
    }

    #[test]
    fn a_library_s_package_is_found() {
        let libc = libraries(Path::new("/bin/ls")).unwrap().into_iter().find(|path| path.contains("libc.so")).unwrap();
        assert_eq!(package_of(&libc).unwrap(), "libc6");
        assert!(package_of("/nowhere").is_err());
    }
}
