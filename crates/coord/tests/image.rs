//! The images as `cargo xtask image` makes them: their archives are what the specification says, and what is in them runs as
//! their user on a root that cannot be written.

#![cfg(test)]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use protocol::{InboxQuery, SendMessage};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use testkit::coord::Coord;
use testkit::postgres::Postgres;
use testkit::process::poll;
use testkit::rabbitmq::RabbitMq;
use testkit::redis::Redis;

const SOON: Duration = Duration::from_secs(30);
const BYTES_MAX: u64 = 60_000_000;
const KEY: &str = "coord_0123456789abcdefghij";

/// An image, unpacked.
struct Image {
    config: Value,
    root: PathBuf,
    folder: TempDir,
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
    String::from_utf8_lossy(&said).into_owned()
}

/// Makes both archives of this binary.
fn make(folder: &Path) {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--locked", "--package", "xtask", "--", "image", "--binary"]);
    command.arg(env!("CARGO_BIN_EXE_coord")).arg("--to").arg(folder);
    run(command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")));
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Reads what a descriptor points to, and compares digest and size.
fn blob(archive: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().unwrap();
    let path = archive.join("blobs").join(digest.replace(':', "/"));
    let content = fs::read(&path).unwrap();
    let found = hex::encode(Sha256::digest(&content));
    assert_eq!(format!("sha256:{found}"), digest);
    assert_eq!(descriptor["size"], content.len());
    path
}

/// Unpacks an archive the way a runtime does: index, manifest, configuration, layers.
fn unpack(archives: &Path, name: &str) -> Image {
    let folder = TempDir::new().unwrap();
    let (archive, root) = (folder.path().join("archive"), folder.path().join("root"));
    let packed = archives.join(format!("{name}.tar"));
    assert!(packed.metadata().unwrap().len() < BYTES_MAX);
    for made in [&archive, &root] {
        fs::create_dir(made).unwrap();
    }
    run(Command::new("tar").arg("-xf").arg(&packed).arg("-C").arg(&archive));
    assert_eq!(json(&archive.join("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let index = json(&archive.join("index.json"));
    let listed = &index["manifests"][0];
    assert_eq!(listed["annotations"]["io.containerd.image.name"], format!("docker.io/library/{name}:v1.0"));
    let manifest = json(&blob(&archive, listed));
    let config = json(&blob(&archive, &manifest["config"]));
    let layers = manifest["layers"].as_array().unwrap();
    for (layer, diff_id) in layers.iter().zip(config["rootfs"]["diff_ids"].as_array().unwrap()) {
        assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar");
        assert_eq!(layer["digest"], *diff_id, "a layer that is not compressed is what it unpacks to");
        run(Command::new("tar").arg("-xf").arg(blob(&archive, layer)).arg("-C").arg(&root));
    }
    // What `docker load` reads instead.
    let docker = &json(&archive.join("manifest.json"))[0];
    assert_eq!(docker["RepoTags"][0], format!("{name}:v1.0"));
    assert!(archive.join(docker["Config"].as_str().unwrap()).exists());
    assert_eq!(docker["Layers"].as_array().unwrap().len(), layers.len());
    Image { config, root, folder }
}

impl Image {
    /// Writes a program that runs the image's entry point in the image: as its user, its root read-only, no home.
    fn program(&self) -> String {
        let (uid, gid) = self.config["config"]["User"].as_str().unwrap().split_once(':').unwrap();
        let entry = self.config["config"]["Entrypoint"][0].as_str().unwrap();
        let root = self.root.display();
        let text = format!(
            "#!/bin/sh\nexec /usr/bin/bwrap --unshare-user --uid {uid} --gid {gid} --ro-bind {root} / --proc /proc \
             --dev /dev --unsetenv HOME --die-with-parent -- {entry} \"$@\"\n"
        );
        let path = self.folder.path().join("run");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }
}

/// Sends a request with the key, and answers all that comes back.
fn post(address: SocketAddr, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let (path, length) = ("/api/v1/messages", body.len());
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: coordination-api.local\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {KEY}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_same_binary_makes_the_same_archives_and_their_root_cannot_be_written() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    make(one.path());
    make(other.path());
    for (name, role) in [("coordination-api", "api"), ("coordination-worker", "worker")] {
        let file = format!("{name}.tar");
        assert!(fs::read(one.path().join(&file)).unwrap() == fs::read(other.path().join(&file)).unwrap(), "{name}");
        let image = unpack(one.path(), name);
        assert_eq!(image.config["config"]["Cmd"], serde_json::json!([role]));
        assert_eq!(image.config["config"]["User"], "10001:10001");
        let passwd = fs::read_to_string(image.root.join("etc/passwd")).unwrap();
        assert!(passwd.contains("coord:x:10001:10001:"));
        let certificates = fs::read_to_string(image.root.join("etc/ssl/certs/ca-certificates.crt")).unwrap();
        assert!(certificates.matches("BEGIN CERTIFICATE").count() > 50);
        assert!(!image.root.join("bin/sh").exists(), "there is nothing to run but the program");
        let program = image.program();
        assert!(run(Command::new(&program).env_clear().arg("--version")).starts_with("coord "));
        let written = Command::new(&program).env_clear().args(["serve", "--data", "/data"]).output().unwrap();
        assert_eq!(written.status.code(), Some(1));
        let said = String::from_utf8_lossy(&written.stderr).into_owned();
        assert!(said.contains("Read-only file system"), "{said}");
    }
}

#[tokio::test]
async fn the_images_run_and_a_message_goes_all_the_way() {
    let archives = TempDir::new().unwrap();
    make(archives.path());
    let (postgres, rabbitmq, redis) = (Postgres::start().unwrap(), RabbitMq::start().unwrap(), Redis::start().unwrap());
    let (database, queues, memory) = (postgres.url(), rabbitmq.url(), redis.url());
    let environment = [
        ("DATABASE_URL", &*database),
        ("RABBITMQ_URL", &*queues),
        ("REDIS_URL", &*memory),
        ("COORDINATION__AUTH__MODE", "keys"),
        ("COORDINATION_ADMIN_KEY", KEY),
        // More than one recipient is more than is written before the answer: a worker writes the others.
        ("COORDINATION__LIMITS__INLINE_RECIPIENTS", "1"),
    ];
    let images = ["coordination-api", "coordination-worker"].map(|name| unpack(archives.path(), name));
    let api = Coord::start_as("api", &images[0].program(), &environment).unwrap();
    let worker = Coord::start_as("worker", &images[1].program(), &environment).unwrap();

    let body = r#"{"from":"code","to":"chat","subject":"Hello k8s","body":"Running at scale!"}"#;
    let answer = post(api.address(), body);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}\n{}", api.daemon.log());

    let client = client::Client::new(&api.url(), Some(KEY.to_owned().into())).unwrap();
    let to_all = SendMessage {
        from: Some("human".to_owned()),
        to: Some("*".into()),
        subject: "To everybody".to_owned(),
        body: "Written by a worker".to_owned(),
        ..SendMessage::default()
    };
    client.send_message(&to_all, None).await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let arrived = tokio::task::spawn_blocking(move || {
        poll(SOON, || {
            let inboxes = ["code", "chat"].map(|agent| runtime.block_on(client.inbox(agent, &InboxQuery::default())));
            let holds = |items: &[protocol::InboxItem]| items.iter().any(|item| item.message.subject == "To everybody");
            inboxes.into_iter().all(|inbox| inbox.is_ok_and(|inbox| holds(&inbox.value.items)))
        })
    });
    assert!(arrived.await.unwrap(), "no worker wrote the recipients:\n{}", worker.daemon.log());
}
