//! The pages that the server shows, in a real browser.

mod browser;

use std::path::Path;
use std::process::{Command, Output};

use testkit::coord::Coord;

use crate::browser::Browser;

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

/// Everybody can use the pages: axe finds nothing serious, with an operation opened too.
#[test]
fn no_page_keeps_anybody_out() {
    let coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).expect("starts");
    let browser = Browser::start();
    browser.open(&format!("{}/docs", coord.url()));
    browser.click(".opblock-summary-control");
    browser.click("#operations-messages-sendMessage .opblock-summary-control");
    browser.seen(".opblock-body");
    assert_eq!(browser.serious_findings(), Vec::<String>::new(), "/docs");
    for page in ["/problems", "/problems/outside-authority"] {
        browser.open(&format!("{}{page}", coord.url()));
        assert_eq!(browser.serious_findings(), Vec::<String>::new(), "{page}");
    }
}

#[test]
fn the_page_fills_in_nothing_that_filters_or_changes() {
    let coord = Coord::start(env!("CARGO_BIN_EXE_coord"), &[]).expect("starts");
    let browser = Browser::start();
    for operation in ["messages-listMessages", "agents-retireAgent"] {
        browser.open(&format!("{}/docs", coord.url()));
        browser.click(&format!("#operations-{operation} .opblock-summary-control"));
        browser.seen(&format!("#operations-{operation} .parameters input"));
        let filled =
            "return [...document.querySelectorAll('.parameters input')].map(input => input.value).filter(Boolean)";
        assert_eq!(browser.run(filled), serde_json::json!([]), "{operation}");
    }
}
