//! Programs from Debian 13 on whichever Debian this is: their packages with the libraries that they need are unpacked below
//! `target/trixie`, and nothing of the system changes. They are run by the dynamic linker that is unpacked with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::private::{Source, run};
use super::{apt_get, cannot_write, is_root};

/// Packages that begin with `trixie:`.
pub(super) const SOURCE: Source = Source { prefix: "trixie:", name: "Debian 13", folder: "trixie", fill };

const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

fn fill(folder: &Path, wanted: &[&str]) -> Result<(), String> {
    if is_root()? {
        // The lists say where Debian is; a keyring that is older than Debian 13 does not know it.
        apt_get(&["update"])?;
        apt_get(&["install", "--yes", "--no-install-recommends", "debian-archive-keyring"])?;
    }
    let apt = Apt::new(folder)?;
    run(apt.command().arg("update"))?;
    run(apt.command().arg("download").args(wanted).current_dir(&apt.folder))?;
    for package in packages(&apt.folder)? {
        run(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))?;
    }
    fs::remove_dir_all(&apt.folder).map_err(|error| cannot_write(&apt.folder, &error))
}

/// An apt that knows of no release but Debian 13, and of no package that is installed.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(below: &Path) -> Result<Self, String> {
        let folder = below.join("apt");
        for inner in ["lists/partial", "archives/partial", "empty"] {
            let inner = folder.join(inner);
            fs::create_dir_all(&inner).map_err(|error| cannot_write(&inner, &error))?;
        }
        let sources = format!("deb [signed-by={KEYS}] {} trixie main\n", place()?);
        for (name, text) in [("sources.list", &*sources), ("status", "")] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| cannot_write(&path, &error))?;
        }
        Ok(Self { folder })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        let settings = [
            ("Dir::State", ""),
            ("Dir::State::status", "status"),
            ("Dir::State::lists", "lists"),
            ("Dir::Cache", ""),
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::Etc::sourceparts", "empty"),
            ("Dir::Etc::preferencesparts", "empty"),
        ];
        for (name, path) in settings {
            command.arg("-o").arg(format!("{name}={}", self.folder.join(path).display()));
        }
        // The user that apt would become need not see this folder.
        command.args([
            "-o",
            "APT::Sandbox::User=root",
            "-o",
            "Acquire::Languages=none",
            "-o",
            "Acquire::Retries=3",
            "-qq",
        ]);
        command
    }
}

/// Where this system has Debian from.
fn place() -> Result<String, String> {
    let ask = ["indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"];
    let listed = run(Command::new("apt-get").args(ask))?;
    let place = listed.lines().find_map(|line| line.strip_prefix("Debian Debian "));
    place
        .map(|place| place.trim_end_matches('/').to_owned())
        .ok_or_else(|| "this system does not come from Debian".to_owned())
}

fn packages(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let listed = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let paths = listed.flatten().map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect())
}
