//! The restricted pod security standard, which the namespace enforces, and what goes beyond it: roots that cannot be written,
//! no token that is not asked for.

use serde_json::Value;

use super::objects::{Container, Pod, World, at, list, text};

/// The kinds of volume that the standard allows.
const VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
    "image",
];

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for pod in &world.pods {
        found.extend(of_pod(pod).into_iter().map(|why| format!("{}: {why}", pod.id())));
        for container in pod.containers() {
            let complain = |why: &str| format!("{}: {}: {why}", pod.id(), container.name());
            found.extend(of_container(pod, &container).into_iter().map(complain));
        }
    }
    found
}

fn of_pod(pod: &Pod) -> Vec<String> {
    let spec = pod.spec();
    let mut found = Vec::new();
    for shared in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec[shared] == true {
            found.push(format!("shares the node: {shared}"));
        }
    }
    for volume in list(spec, "/volumes") {
        let kinds = volume.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).filter(|key| *key != "name");
        found.extend(kinds.filter(|kind| !VOLUMES.contains(kind)).map(|kind| format!("has a volume of kind {kind}")));
    }
    if spec["automountServiceAccountToken"].is_null() {
        found.push("does not say whether it wants a token".to_owned());
    }
    if spec["enableServiceLinks"] != false {
        found.push("gets a variable for every service of its namespace".to_owned());
    }
    found
}

fn of_container(pod: &Pod, container: &Container) -> Vec<&'static str> {
    let (own, whole) = (at(container.spec, "/securityContext"), at(pod.spec(), "/securityContext"));
    let either = |field: &str| if own[field].is_null() { whole[field].clone() } else { own[field].clone() };
    let added = list(own, "/capabilities/add");
    let checks = [
        (own["privileged"] == true, "is privileged"),
        (own["allowPrivilegeEscalation"] != false, "may gain privileges"),
        (!list(own, "/capabilities/drop").contains(&Value::from("ALL")), "keeps capabilities"),
        (added.iter().any(|one| *one != "NET_BIND_SERVICE"), "adds capabilities"),
        (either("runAsNonRoot") != true, "may run as root"),
        (either("runAsUser") == 0, "runs as root"),
        (!matches!(text(&either("seccompProfile"), "/type"), "RuntimeDefault" | "Localhost"), "has no seccomp profile"),
        (own["readOnlyRootFilesystem"] != true, "may write its root"),
        (list(container.spec, "/ports").iter().any(|port| port.get("hostPort").is_some()), "takes a port of the node"),
    ];
    checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, why)| why).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_standard_forbids_is_refused() {
        let container = "/spec/template/spec/containers/0";
        for (pointer, value) in [
            ("/securityContext/privileged", json!(true)),
            ("/securityContext/allowPrivilegeEscalation", json!(null)),
            ("/securityContext/capabilities/drop", json!(["NET_RAW"])),
            ("/securityContext/capabilities/add", json!(["NET_ADMIN"])),
            ("/securityContext/runAsNonRoot", json!(false)),
            ("/securityContext/runAsUser", json!(0)),
            ("/securityContext/seccompProfile", json!({"type": "Unconfined"})),
            ("/securityContext/readOnlyRootFilesystem", json!(null)),
            ("/ports/0/hostPort", json!(80)),
        ] {
            let found = broken(check, "Deployment/api", &format!("{container}{pointer}"), value);
            assert_eq!(found.len(), 1, "{pointer}: {found:?}");
        }
    }

    #[test]
    fn a_pod_that_shares_its_node_is_refused() {
        for (field, value) in [
            ("hostNetwork", json!(true)),
            ("volumes", json!([{"name": "settings", "hostPath": {"path": "/"}}])),
            ("automountServiceAccountToken", json!(null)),
            ("enableServiceLinks", json!(null)),
        ] {
            let found = broken(check, "Deployment/api", &format!("/spec/template/spec/{field}"), value);
            assert_eq!(found.len(), 1, "{field}: {found:?}");
        }
    }
}
