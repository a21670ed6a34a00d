//! Names that the API server takes, each given once.

use std::collections::BTreeSet;

use super::objects::{World, id, kind, name};

/// Kinds whose name is one label, because it becomes part of a host's name.
const ONE_LABEL: &[&str] = &["Service", "Namespace"];
/// Kinds whose names follow paths, in which colons may stand.
const FREE: &[&str] = &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];

pub(super) fn check(world: &World) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for object in &world.objects {
        let (kind, name) = (kind(object), name(object));
        let legal = if ONE_LABEL.contains(&kind) { is_label(name) } else { is_subdomain(name) };
        if !legal && !FREE.contains(&kind) {
            found.push(format!("{}: the name is not legal", id(object)));
        }
        // The name of a StatefulSet's pod, with its number, and of a Job's becomes a label.
        let room = match kind {
            "StatefulSet" | "Job" => 52,
            "CronJob" => 52 - 11,
            _ => 253,
        };
        if name.len() > room {
            found.push(format!("{}: the names of its pods would be too long", id(object)));
        }
        if !seen.insert(id(object)) {
            found.push(format!("{}: is there twice", id(object)));
        }
    }
    for pod in &world.pods {
        let mut seen = BTreeSet::new();
        for container in pod.containers() {
            if !is_label(container.name()) || !seen.insert(container.name()) {
                found.push(format!("{}: container `{}`: not legal, or there twice", pod.id(), container.name()));
            }
        }
    }
    found
}

/// Whether a name is a label of RFC 1123.
fn is_label(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{broken, objects, with};
    use super::*;

    #[test]
    fn names_that_the_api_server_refuses_are_refused() {
        for name in ["Api", "api_v1", "-api", "api.v1", ""] {
            assert_eq!(broken(check, "Service/api", "/metadata/name", name.into()).len(), 1, "{name}");
        }
        assert_eq!(broken(check, "ConfigMap/settings", "/metadata/name", "a.b".into()).len(), 0);
        assert_eq!(broken(check, "ConfigMap/settings", "/metadata/name", "a..b".into()).len(), 1);
        assert_eq!(broken(check, "StatefulSet/store", "/metadata/name", "s".repeat(53).into()).len(), 1);
    }

    #[test]
    fn what_is_there_twice_is_refused() {
        assert_eq!(with(check, objects()[2].clone()), ["ConfigMap/settings: is there twice"]);
        let double = "/spec/template/spec/initContainers";
        let container = serde_json::json!([{"name": "main"}]);
        assert_eq!(broken(check, "Deployment/api", double, container).len(), 1);
    }
}
