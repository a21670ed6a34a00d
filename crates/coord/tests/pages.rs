//! The pages that the server shows, in a real browser.

use std::path::Path;
use std::process::{Command, Output};

use testkit::coord::Coord;

/// What Chromium makes of a page once its scripts have run, as HTML.
fn seen(url: &str) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let page = browse(profile.path(), url);
    let html = String::from_utf8_lossy(&page.stdout).into_owned();
    assert!(page.status.success(), "{url}: {}", String::from_utf8_lossy(&page.stderr));
    html
}

fn browse(profile: &Path, url: &str) -> Output {
    // As root Chromium has no sandbox; without the rest it asks for addresses outside this machine.
    let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                 --disable-component-update --disable-sync --disable-dev-shm-usage --virtual-time-budget=20000 --dump-dom";
    let mut chromium = Command::new("/usr/bin/chromium");
    chromium.args(flags.split_whitespace()).arg(format!("--user-data-dir={}", profile.display())).arg(url);
    chromium.output().expect("Chromium: `cargo xtask install` brings it")
}

#[test]
fn the_api_is_shown_from_the_binary_alone() {
    let coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).expect("starts");
    let page = seen(&format!("{}/docs", coord.url()));
    for shown in ["operations-messages-sendMessage", "operations-inbox-receive", "/api/v1/events/verify"] {
        assert!(page.contains(shown), "`{shown}` is not on the page: {page}");
    }
    assert!(!page.contains("Failed to load"), "{page}");
}

#[test]
fn a_problem_has_a_page_of_its_own() {
    let coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).expect("starts");
    let page = seen(&format!("{}/problems/outside-authority", coord.url()));
    assert!(page.contains("<h2>What to do</h2>"), "{page}");
}
