//! Every mount has its volume, every volume is mounted, and no two mounts are at one place.

use std::collections::BTreeSet;

use super::objects::{World, list, text};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for pod in &world.pods {
        let volumes = list(pod.spec(), "/volumes").iter().map(|volume| text(volume, "/name"));
        let claims = list(pod.owner, "/spec/volumeClaimTemplates").iter().map(|claim| text(claim, "/metadata/name"));
        let volumes: Vec<&str> = volumes.chain(claims).collect();
        let mut used = BTreeSet::new();
        for container in pod.containers() {
            let mut places = BTreeSet::new();
            for mount in list(container.spec, "/volumeMounts") {
                let (name, place) = (text(mount, "/name"), text(mount, "/mountPath"));
                used.insert(name);
                if !volumes.contains(&name) {
                    found.push(format!("{}: {} mounts `{name}`, which is no volume", pod.id(), container.name()));
                }
                if !place.starts_with('/') || !places.insert(place) {
                    found.push(format!("{}: {} mounts two volumes at `{place}`", pod.id(), container.name()));
                }
            }
        }
        let idle = volumes.iter().filter(|name| !used.contains(*name));
        found.extend(idle.map(|name| format!("{}: nobody mounts the volume `{name}`", pod.id())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;
    use serde_json::json;

    const MOUNTS: &str = "/spec/template/spec/containers/0/volumeMounts";

    #[test]
    fn a_mount_without_a_volume_and_a_volume_without_a_mount_are_refused() {
        assert_eq!(broken(check, "Deployment/api", &format!("{MOUNTS}/0/name"), json!("setings")).len(), 2);
        assert_eq!(broken(check, "StatefulSet/store", MOUNTS, json!([])).len(), 1);
    }

    #[test]
    fn two_mounts_at_one_place_are_refused() {
        assert_eq!(broken(check, "Deployment/api", &format!("{MOUNTS}/0/mountPath"), json!("/etc/b")).len(), 1);
    }
}
