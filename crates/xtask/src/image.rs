//! `cargo xtask image`: the images of the API and the worker, without a Docker daemon. Each is an archive that `docker load`,
//! `kind load image-archive`, `minikube image load` and `ctr images import` take, and the same bytes whenever it is made of the
//! same binary on the same system.

mod files;
mod oci;
mod tar;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::progress::say;
use crate::{install, root};
use files::Tree;
use oci::Image;

/// What an archive may weigh.
const BYTES_MAX: u64 = 60_000_000;

/// The images: name, and what the binary is told to do when nobody says otherwise.
const IMAGES: &[(&str, &str)] = &[("coordination-api", "api"), ("coordination-worker", "worker")];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The profile of the binary; `release` unless said otherwise.
    pub profile: String,
    /// A binary that is there already; absent, it is built.
    pub binary: Option<PathBuf>,
    /// The tag of both images.
    pub tag: String,
    /// The folder that the archives go into.
    pub to: PathBuf,
}

impl Wanted {
    /// Reads the arguments: `--profile NAME`, `--binary FILE`, `--tag TAG`, `--to FOLDER`.
    ///
    /// Fails when there is another one, or one lacks its value.
    pub fn parse(args: &[&str]) -> Result<Self, String> {
        let mut wanted = Self {
            profile: "release".to_owned(),
            binary: None,
            tag: "v1.0".to_owned(),
            to: root().join("target/image"),
        };
        for pair in args.chunks(2) {
            match pair {
                ["--profile", name] => (*name).clone_into(&mut wanted.profile),
                ["--binary", file] => wanted.binary = Some(PathBuf::from(file)),
                ["--tag", tag] => (*tag).clone_into(&mut wanted.tag),
                ["--to", folder] => wanted.to = PathBuf::from(folder),
                other => return Err(format!("`{}` is no option of image", other.join(" "))),
            }
        }
        Ok(wanted)
    }
}

/// Makes both archives.
///
/// Fails when the binary cannot be built, a file that it needs comes from no package, or an archive is too large.
pub fn make(wanted: &Wanted) -> Result<(), String> {
    install::ensure(&[install::CERTIFICATES, install::BINUTILS])?;
    let binary = match &wanted.binary {
        Some(binary) => binary.clone(),
        None => build(&wanted.profile)?,
    };
    fs::create_dir_all(&wanted.to).map_err(|error| format!("cannot make {}: {error}", wanted.to.display()))?;
    let stripped = strip(&binary, &wanted.to)?;
    let base = tar::write(&Tree::base(&stripped)?);
    let program = tar::write(&Tree::program(&stripped)?);
    fs::remove_file(&stripped).map_err(|error| format!("cannot remove {}: {error}", stripped.display()))?;
    let layers = [&base[..], &program[..]];
    for (name, role) in IMAGES {
        let image = Image { name, role, tag: &wanted.tag, layers: &layers };
        let archive = tar::write(&image.archive());
        let path = wanted.to.join(format!("{name}.tar"));
        fs::write(&path, &archive).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let bytes = archive.len() as u64;
        if bytes > BYTES_MAX {
            return Err(format!("{} has {bytes} bytes, more than {BYTES_MAX}", path.display()));
        }
        say(&format!("{name}:{}  {} MB  {}", wanted.tag, bytes.div_ceil(1_000_000), path.display()));
    }
    Ok(())
}

fn build(profile: &str) -> Result<PathBuf, String> {
    let mut command = Command::new("cargo");
    command.args(["build", "--package", "coord", "--locked", "--profile", profile]).current_dir(root());
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !status.success() {
        return Err(format!("cargo build ended with {status}"));
    }
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(root().join("target").join(folder).join("coord"))
}

/// Writes the binary without its symbols into the folder.
fn strip(binary: &Path, folder: &Path) -> Result<PathBuf, String> {
    let stripped = folder.join("coord.stripped");
    let mut command = Command::new("strip");
    command.arg("--strip-all").arg("-o").arg(&stripped).arg(binary);
    let output = command.output().map_err(|error| format!("cannot run strip: {error}"))?;
    if output.status.success() {
        return Ok(stripped);
    }
    Err(format!("cannot strip {}: {}", binary.display(), String::from_utf8_lossy(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_in_any_order() {
        let wanted = Wanted::parse(&["--tag", "v2", "--profile", "dev"]).unwrap();
        assert_eq!((wanted.tag.as_str(), wanted.profile.as_str()), ("v2", "dev"));
        assert_eq!(Wanted::parse(&[]).unwrap().profile, "release");
        assert!(Wanted::parse(&["--tag"]).is_err());
        assert!(Wanted::parse(&["--tagg", "v2"]).is_err());
    }
}
