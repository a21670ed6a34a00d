//! Every object is in the one namespace of its render, and nothing reaches beyond it.

use super::objects::{World, id, kind, name, text};

/// Kinds that are in no namespace, which the template may still bring.
const OUTSIDE: &[&str] = &["Namespace"];

pub(super) fn check(world: &World) -> Vec<String> {
    let Some(namespace) =
        world.objects.iter().map(|object| text(object, "/metadata/namespace")).find(|it| !it.is_empty())
    else {
        return vec!["no object is in a namespace".to_owned()];
    };
    let mut found = Vec::new();
    for object in &world.objects {
        let is_outside = OUTSIDE.contains(&kind(object));
        let here = text(object, "/metadata/namespace");
        if !is_outside && here != namespace {
            found.push(format!("{}: is in namespace `{here}`, not in `{namespace}`", id(object)));
        }
        if is_outside && name(object) != namespace {
            found.push(format!("{}: is not the namespace `{namespace}` of the rest", id(object)));
        }
    }
    if let Some(made) = world.find("Namespace", namespace)
        && made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] != "restricted"
    {
        found.push(format!("{}: does not enforce the restricted pod security standard", id(made)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;

    #[test]
    fn what_is_elsewhere_is_refused() {
        assert_eq!(broken(check, "Service/api", "/metadata/namespace", "there".into()).len(), 1);
        assert_eq!(broken(check, "Service/api", "/metadata/namespace", serde_json::Value::Null).len(), 1);
        assert_eq!(broken(check, "Namespace/here", "/metadata/name", "there".into()).len(), 1);
    }

    #[test]
    fn a_cluster_wide_object_is_refused() {
        assert_eq!(broken(check, "Role/api", "/metadata/namespace", serde_json::Value::Null).len(), 1);
    }

    #[test]
    fn a_namespace_that_lets_privileged_pods_in_is_refused() {
        let label = "/metadata/labels/pod-security.kubernetes.io~1enforce";
        assert_eq!(broken(check, "Namespace/here", label, "baseline".into()).len(), 1);
    }
}
