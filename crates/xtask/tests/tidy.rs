//! The workspace keeps its own rules.

#[test]
fn the_workspace_is_tidy() {
    let report = xtask::tidy::check(&xtask::root()).unwrap();
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(report.files > 0, "git lists no file");
    assert!(findings.is_empty(), "not tidy:\n{}", findings.join("\n"));
}
