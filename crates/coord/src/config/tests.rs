use domain::Secret;
use serde::Deserialize;

use super::complaint::Complaint;
use super::load::defaults;
use super::reader::Place;
use super::*;

const CONTRACT: &str = r#"
agents:
  - name: code
    authority_domains: ["implementation", "testing"]
  - name: chat
    authority_domains: ["strategy", "planning"]
quality_gates:
  enabled: true
  thresholds:
    test_coverage: 0.80
logging:
  level: INFO
  format: json
"#;

fn with(file: &str, environment: &[(&str, &str)]) -> Result<Loaded, Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, file).expect("written");
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sources = Sources { file: Some(path), environment, flags: Vec::new() };
    let shorten = |complaint: &Complaint| complaint.to_string().replace(&format!("{}/", folder.path().display()), "");
    Loaded::load(&sources).map_err(|complaints| complaints.0.iter().map(shorten).collect())
}

fn complaints(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
    with(file, environment).err().unwrap_or_default()
}

#[test]
fn the_reference_page_is_the_default() {
    let read = Config::deserialize(Place::root(&defaults())).expect("the reference page is read");
    assert_eq!(read, Config::default());
}

#[test]
fn the_reference_page_loads_as_a_file_and_shows_every_key() {
    let loaded = with(REFERENCE, &[]).expect("no complaints");
    assert_eq!(loaded.config, Config::default());
    let text = serde_saphyr::to_string(&Config::default()).expect("serializes");
    let keys = |text: &str| {
        let names = text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).split_once(':'));
        names.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with('#')).collect::<Vec<_>>()
    };
    let referenced = keys(REFERENCE);
    let missing: Vec<_> = keys(&text).into_iter().filter(|key| !referenced.contains(key) && key != "kind").collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_contract_loads_as_it_stands() {
    let config = with(CONTRACT, &[]).expect("no complaints").config;
    let names: Vec<_> = config.agents.iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["code", "chat", "human"]);
    assert_eq!(config.agents[2].kind, domain::AgentKind::Human);
    assert_eq!(config.quality_gates.thresholds["test_coverage"].min, Some(0.8));
    assert!(config.quality_gates.enabled);
    assert_eq!((config.logging.level, config.logging.format), (Level::Info, Format::Json));
}

#[test]
fn an_empty_file_changes_nothing() {
    for file in ["", "# nothing\n", "---\n", "limits:\n", "agents:\n  # - name: x\n"] {
        assert_eq!(with(file, &[]).expect(file).config, Config::default(), "{file}");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("c.yaml");
    std::fs::write(&file, "server: {listen: '127.0.0.1:1', drain_delay: 3s}\nlimits: {subject_chars: 7}")
        .expect("written");
    let environment = [("COORDINATION__SERVER__LISTEN", "127.0.0.1:2"), ("COORDINATION__LIMITS__WAIT_MAX", "5s")];
    let sources = Sources {
        file: None,
        environment: [("COORDINATION_CONFIG", file.to_str().expect("utf-8"))]
            .into_iter()
            .chain(environment)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        flags: vec![("--listen", &["server", "listen"], "127.0.0.1:3".to_owned())],
    };
    let loaded = Loaded::load(&sources).expect("no complaints");
    let shown = show(&loaded);
    let line = |key: &str| {
        shown.lines().find(|line| line.contains(key)).expect("shown").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line(" listen: 127.0.0.1:3"), "listen: 127.0.0.1:3 # --listen");
    assert_eq!(line("drain_delay"), format!("drain_delay: 3s # {}:1", file.display()));
    assert_eq!(line("subject_chars"), format!("subject_chars: 7 # {}:2", file.display()));
    assert_eq!(line("wait_max"), "wait_max: 5s # env COORDINATION__LIMITS__WAIT_MAX");
    assert_eq!(line("body_bytes"), "body_bytes: 256KiB # default");
}

#[test]
fn what_is_shown_loads_again() {
    let shown = show(
        &with(CONTRACT, &[("COORDINATION__QUALITY_GATES__THRESHOLDS", "{a: {max: 1}, b: {min: 0, max: 2}}")])
            .expect("fine"),
    );
    let again = with(&shown, &[]).expect("what is shown is fine");
    assert_eq!(
        show(&again).lines().map(|line| line.split('#').next()).collect::<Vec<_>>(),
        shown.lines().map(|line| line.split('#').next()).collect::<Vec<_>>()
    );
}

#[test]
fn secrets_are_shown_as_stars() {
    let shown = show(
        &with(
            "agents: [{name: a, webhook: 'https://u:hunter2@example.org'}]",
            &[("COORDINATION_ADMIN_KEY", "hunter2hunter2hunter2")],
        )
        .expect("fine"),
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("admin_key: \"***\""), "{shown}");
    let wrong = complaints(
        "",
        &[("COORDINATION__AUTH__ADMIN_KEY", "12345678901234567"), ("DATABASE_URL", "postgres://u:hunter2@h/d")],
    )
    .join("\n");
    assert!(!wrong.contains("12345678901234567") && !wrong.contains("hunter2"), "{wrong}");
}

#[test]
fn a_secret_is_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::fs::write(&path, "0123456789abcdef\n").expect("written");
    let loaded = with("", &[("COORDINATION_ADMIN_KEY_FILE", path.to_str().expect("utf-8"))]).expect("fine");
    assert_eq!(loaded.config.auth.admin_key, Some(Secret::new("0123456789abcdef")));
    assert_eq!(complaints("", &[("COORDINATION_ADMIN_KEY_FILE", "/nowhere")]).len(), 1);
}

#[test]
fn every_complaint_comes_at_once_with_its_line() {
    let file = "\
agents:
  - name: code
    authority_domian: [x]
    escalate_to: nobody
  - name: code
  - name: system
  - kind: robot
quality_gates:
  thresholds: {a: high, b: {least: 1}}
delivery:
  lease: fast
  max_attempts: 0
limits:
  body_bytes: 3 parsecs
  subject_chars: [1]
logging: {level: loud, format: xml}
listen: 1
server: {listen: everywhere}
auth: oidc
";
    let text = complaints(file, &[("COORDINATION__SERVER__LISTN", "x"), ("COORDINATION__LIMITS", "7")]).join("\n");
    insta::assert_snapshot!(text);
}

#[test]
fn a_file_that_is_no_configuration_is_one_complaint() {
    let table = [
        ("a: [1", "config.yaml:1: is not YAML"),
        ("- a", "config.yaml:1: expected keys"),
        ("a: 1\n---\nb: 2", "config.yaml:2: is not YAML"),
        ("limits: {}\nlimits: {}", "config.yaml:2: limits: is written twice, first at config.yaml:1"),
        ("a: !include x", "config.yaml:1: is not YAML"),
    ];
    for (file, beginning) in table {
        let found = complaints(file, &[]);
        assert!(found.len() == 1 && found[0].starts_with(beginning), "{file}: {found:?}");
    }
}

#[test]
fn a_file_made_to_explode_is_refused() {
    let layer = |n: usize| format!("a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 10].join(", "));
    let bomb = format!("a0: &a0 [x]\n{}", (1..12).map(layer).collect::<Vec<_>>().join("\n"));
    let found = complaints(&bomb, &[]);
    assert!(found.len() == 1 && found[0].contains("is not YAML"), "{found:?}");
    let deep = format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(complaints(&deep, &[]).len(), 1);
}

#[test]
fn an_alias_of_a_plain_kind_is_fine() {
    let file = "agents:\n  - name: a\n    authority_domains: &all [x, y]\n  - name: b\n    authority_domains: *all\n";
    assert_eq!(with(file, &[]).expect("fine").config.agents[1].authority_domains, ["x", "y"]);
}

#[test]
fn a_missing_file_says_so() {
    let sources = Sources { file: Some("/nowhere/config.yaml".into()), ..Sources::default() };
    let text = Loaded::load(&sources).expect_err("no such file").to_string();
    assert!(text.contains("/nowhere/config.yaml:1: cannot be read"), "{text}");
}
