//! A browser that a test tells what to do, by `WebDriver`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use reqwest::blocking::Client;
use serde_json::{Value, json};
use testkit::daemon::{Daemon, DaemonConfig};
use testkit::port::Port;

/// What finds out whether everybody can use a page.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/npm/axe/node_modules/axe-core/axe.min.js");

/// As root Chromium has no sandbox; without the rest it asks for addresses outside this machine.
const ARGS: &str = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                    --disable-component-update --disable-sync --disable-dev-shm-usage";

/// A browser with one window.
pub(crate) struct Browser {
    client: Client,
    session: String,
    _driver: Daemon,
    _port: Port,
}

impl Browser {
    /// Starts a browser.
    pub(crate) fn start() -> Self {
        let port = Port::take().expect("a port");
        let (number, address) = (port.number(), port.address());
        let command = move || {
            let mut command = Command::new("/usr/bin/chromedriver");
            command.arg(format!("--port={number}"));
            command
        };
        let driver = Daemon::start(
            DaemonConfig::listening("chromedriver", address, command),
            tempfile::tempdir().expect("a folder"),
        )
        .expect("ChromeDriver: `cargo xtask install chromium` brings it");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().expect("a client");
        let args: Vec<&str> = ARGS.split_whitespace().collect();
        let options = json!({"binary": "/usr/bin/chromium", "args": args});
        let asked = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let base = format!("http://{address}/session");
        let begun = post(&client, &base, &asked);
        let id = begun["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {begun}"));
        let browser = Self { session: format!("{base}/{id}"), client, _driver: driver, _port: port };
        browser.tell("timeouts", &json!({"script": 60_000}));
        browser
    }

    /// Opens an address, and waits until it is loaded.
    pub(crate) fn open(&self, url: &str) {
        self.tell("url", &json!({ "url": url }));
    }

    /// Runs a script in the page and gives what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until something is on the page.
    pub(crate) fn seen(&self, selector: &str) {
        let script = "const [selector, done] = arguments; const found = () => document.querySelector(selector) && \
                      (done(true), true); if (!found()) { const observer = new MutationObserver(() => { if (found()) \
                      observer.disconnect(); }); observer.observe(document, {childList: true, subtree: true}); }";
        self.tell("execute/async", &json!({"script": script, "args": [selector]}));
    }

    /// Waits until something is on the page, and clicks on it.
    pub(crate) fn click(&self, selector: &str) {
        self.seen(selector);
        let script = "document.querySelector(arguments[0]).click()";
        self.tell("execute/sync", &json!({"script": script, "args": [selector]}));
    }

    /// What axe finds on the page that keeps people out: the rule, and where.
    pub(crate) fn serious_findings(&self) -> Vec<String> {
        let axe = fs::read_to_string(AXE).expect("axe: `cargo xtask install axe` brings it");
        self.run(&axe);
        let script = "const done = arguments[arguments.length - 1]; axe.run(document, {resultTypes: ['violations']}) \
                      .then(found => done(found.violations.filter(one => ['serious', 'critical'].includes(one.impact)) \
                      .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target} ${node.html.slice(0, 200)} \
                      ${node.failureSummary}`))), error => done([String(error)]))";
        let found = self.tell("execute/async", &json!({"script": script, "args": []}));
        found.as_array().into_iter().flatten().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }

    fn tell(&self, command: &str, what: &Value) -> Value {
        post(&self.client, &format!("{}/{command}", self.session), what)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.client.delete(&self.session).send();
    }
}

fn post(client: &Client, url: &str, body: &Value) -> Value {
    let answer = client.post(url).body(body.to_string()).header("content-type", "application/json").send();
    let text = answer.and_then(reqwest::blocking::Response::text).unwrap_or_else(|error| panic!("{url}: {error}"));
    let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{url}: {text}"));
    assert!(answer["value"].get("error").is_none(), "{url}: {}", answer["value"]);
    answer["value"].clone()
}
