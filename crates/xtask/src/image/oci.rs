//! The archive of an image: an OCI layout that also has the index of Docker's own archives, as `docker save` writes it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::files::{PROGRAM, USER};
use super::tar::Entry;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// When the image was made, as far as it says: the same always, so that its digest depends on what is in it alone.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// An image of the binary in one of its roles.
pub(super) struct Image<'a> {
    /// Its name in a registry, without the tag.
    pub(super) name: &'a str,
    /// The subcommand that it runs by itself.
    pub(super) role: &'a str,
    /// Its tag.
    pub(super) tag: &'a str,
    /// Its layers, each an archive, the lowest first.
    pub(super) layers: &'a [&'a [u8]],
}

impl Image<'_> {
    /// The files of the archive.
    pub(super) fn archive(&self) -> Vec<(String, Entry)> {
        let config = self.config().to_string().into_bytes();
        let layers: Vec<Value> = self.layers.iter().map(|layer| descriptor(LAYER, layer)).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, &config), "layers": layers,
        });
        let manifest = manifest.to_string().into_bytes();
        let mut listed = descriptor(MANIFEST, &manifest);
        listed["annotations"] = json!({
            "io.containerd.image.name": format!("docker.io/library/{}:{}", self.name, self.tag),
            "org.opencontainers.image.ref.name": self.tag,
        });
        listed["platform"] = json!({"architecture": architecture(), "os": "linux"});
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]});
        let docker = json!([{
            "Config": blob(&config),
            "RepoTags": [format!("{}:{}", self.name, self.tag)],
            "Layers": self.layers.iter().map(|layer| blob(layer)).collect::<Vec<_>>(),
        }]);
        let mut entries = vec![("blobs".to_owned(), Entry::Folder), ("blobs/sha256".to_owned(), Entry::Folder)];
        let layers = self.layers.iter().map(|layer| layer.to_vec());
        let mut blobs: Vec<(String, Entry)> =
            layers.chain([config, manifest]).map(|content| (blob(&content), Entry::File(content, 0o644))).collect();
        blobs.sort_by(|one, other| one.0.cmp(&other.0));
        entries.extend(blobs);
        let texts = [
            ("index.json", index.to_string()),
            ("manifest.json", docker.to_string()),
            ("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#.to_owned()),
        ];
        entries.extend(texts.map(|(name, text)| (name.to_owned(), Entry::File(text.into_bytes(), 0o644))));
        entries
    }

    fn config(&self) -> Value {
        json!({
            "architecture": architecture(),
            "os": "linux",
            "created": CREATED,
            "config": {
                "User": format!("{USER}:{USER}"),
                "Entrypoint": [format!("/{PROGRAM}")],
                "Cmd": [self.role],
                "Env": ["PATH=/usr/local/bin"],
                "WorkingDir": "/",
                "StopSignal": "SIGTERM",
                "ExposedPorts": {"8000/tcp": {}, "9090/tcp": {}},
                "Labels": {
                    "org.opencontainers.image.title": self.name,
                    "org.opencontainers.image.version": self.tag,
                    "org.opencontainers.image.licenses": "Apache-2.0",
                    "org.opencontainers.image.source": env!("CARGO_PKG_REPOSITORY"),
                },
            },
            "rootfs": {"type": "layers", "diff_ids": self.layers.iter().map(|layer| digest(layer)).collect::<Vec<_>>()},
            "history": self.layers.iter().map(|_| json!({"created": CREATED, "created_by": "cargo xtask image"})).collect::<Vec<_>>(),
        })
    }
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(content), "size": content.len()})
}

fn blob(content: &[u8]) -> String {
    digest(content).replace("sha256:", "blobs/sha256/")
}

fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{}", hex.concat())
}

/// The name that images use for the processor this runs on.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
