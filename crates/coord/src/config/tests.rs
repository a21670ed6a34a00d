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
            "agents: [{name: a, webhook: 'https://example.org?token=hunter2'}]",
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
fn a_variable_of_a_text_is_the_text() {
    let config = |name: &str, value: &str| with("", &[(name, value)]).expect(value).config;
    for text in ["/srv/team #1/att", "/srv/a: b", "{x}", "[x", "0x10", "true", "it's", "- a", "&a *b !c", "007"] {
        assert_eq!(config("COORDINATION__ATTACHMENTS__URL", text).attachments.url.as_deref(), Some(text));
        assert_eq!(config("COORDINATION__DATA", text).data, Some(text.into()));
        assert_eq!(config("COORDINATION__TRACES__SERVICE_NAME", text).traces.service_name, text);
    }
    let secret = "0123456789abcdef #1";
    assert_eq!(config("COORDINATION__AUTH__ADMIN_KEY", secret).auth.admin_key, Some(Secret::new(secret)));
    assert_eq!(config("COORDINATION__TRACES__SERVICE_NAME", "\"007\"").traces.service_name, "007");
    assert_eq!(config("COORDINATION__DATA", "null").data, None);
    assert_eq!(config("COORDINATION__SERVER__LISTEN", "[::]:8000").server.listen.to_string(), "[::]:8000");
    assert_eq!(config("COORDINATION__METRICS__LISTEN", "[::1]:9").metrics.listen.expect("set").to_string(), "[::1]:9");
}

#[test]
fn a_variable_of_no_text_is_yaml_and_loses_nothing() {
    let gates = [("COORDINATION__QUALITY_GATES", "{enabled: true, thresholds: {a: 0.8}} # both")];
    let config = with("", &gates).expect("fine").config;
    assert_eq!((config.quality_gates.enabled, config.quality_gates.thresholds["a"].min), (true, Some(0.8)));
    let table = [
        ("COORDINATION__LIMITS__BODY_BYTES", "1KiB #2", "is not a size"),
        ("COORDINATION__LIMITS__SUBJECT_CHARS", "7 #8", "whole number"),
        ("COORDINATION__LIMITS__SUBJECT_CHARS", "-7", "whole number, 0 or more"),
        ("COORDINATION__QUALITY_GATES__ENABLED", "maybe", "true or false"),
        ("COORDINATION__AUTHORITY__FINAL", "[human", "is not YAML"),
        ("COORDINATION__DELIVERY__MAX_ATTEMPTS", "many", "a whole number, 0 to 4294967295"),
    ];
    for (name, value, why) in table {
        let found = complaints("", &[(name, value)]);
        assert!(found.len() == 1 && found[0].contains(why) && found[0].contains(name), "{name}={value}: {found:?}");
    }
}

#[test]
fn a_variable_with_one_underscore_names_the_right_one() {
    let table = [
        ("COORDINATION_LISTEN", "COORDINATION__SERVER__LISTEN"),
        ("COORDINATION_SERVER_LISTEN", "COORDINATION__SERVER__LISTEN"),
        ("COORDINATION_SERVER__LISTEN", "COORDINATION__SERVER__LISTEN"),
        ("COORDINATION_LIMITS_BODY_BYTES", "COORDINATION__LIMITS__BODY_BYTES"),
    ];
    for (name, right) in table {
        assert_eq!(complaints("", &[(name, "x")]), [format!("env {name}: sets nothing: did you mean {right}?")]);
    }
    let others = [
        ("COORDINATION_URL", "x"),
        ("COORDINATION_KEY", "x"),
        ("COORDINATION_SERVICE_HOST", "10.0.0.1"),
        ("COORDINATION_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
    ];
    assert_eq!(complaints("", &others), [""; 0]);
}

#[test]
fn a_setting_that_is_not_set_follows_what_bounds_it() {
    let config = |file: &str| with(file, &[]).expect(file).config;
    let lease = config("delivery: {lease: 10s}");
    assert_eq!(lease.webhooks.timeout.to_string(), "10s");
    let shortest = config("delivery: {lease_max: 1s}");
    let followed = [shortest.delivery.lease, shortest.webhooks.timeout, shortest.webhooks.connect_timeout];
    assert_eq!(followed.map(|span| span.to_string()), ["1s", "1s", "1s"]);
    assert_eq!(config("webhooks: {timeout: 2s}").webhooks.connect_timeout.to_string(), "2s");
    assert_eq!(config("webhooks: {concurrency: 2}").webhooks.concurrency_per_host, 2);
    assert_eq!(config("limits: {request_bytes: 100KiB}").limits.body_bytes.to_string(), "100KiB");
    assert_eq!(config("limits: {batch_bytes: 1KiB}").limits.body_bytes.to_string(), "1KiB");
    assert_eq!(config("limits: {body_bytes: 16MiB}").limits.request_bytes.to_string(), "16MiB");
    assert_eq!(config("limits: {request_bytes: 64MiB}").limits.batch_bytes.to_string(), "64MiB");
    assert_eq!(config("limits: {page_items_max: 10}").limits.page_items, 10);
    assert_eq!(config("limits: {page_items: 2000}").limits.page_items_max, 2_000);
    assert_eq!(config("limits: {waiters: 10}").limits.waiters_per_agent, 10);
    let both = complaints("delivery: {lease: 10s}\nwebhooks: {timeout: 11s}", &[]);
    assert_eq!(both, ["config.yaml:2: webhooks.timeout: 11s is out of bounds: 10ms to 10s"]);
}

#[test]
fn gates_that_check_nothing_are_warned_of() {
    let warned =
        |file: &str| with(file, &[]).expect(file).config.warnings().into_iter().map(|fault| fault.key).collect();
    let none: Vec<String> = warned("quality_gates: {enabled: true, thresholds: {a: 1}}");
    assert_eq!(none, [""; 0]);
    let one: Vec<String> = warned("quality_gates: {enabled: true}");
    assert_eq!(one, ["quality_gates.enabled"]);
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
fn a_way_to_know_callers_that_is_not_there_is_refused_with_those_that_are() {
    let found = complaints("auth: {mode: oidc}", &[]);
    assert_eq!(found, ["config.yaml:1: auth.mode: unknown word `oidc`: it is one of open, keys, none"]);
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
