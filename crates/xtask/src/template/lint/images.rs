//! Images by a version, not by whatever is newest.

use super::objects::{World, text};

pub(super) fn check(world: &World) -> Vec<String> {
    let containers = world.pods.iter().flat_map(|pod| pod.containers().into_iter().map(move |one| (pod, one)));
    let loose = containers.filter(|(_, container)| !is_pinned(text(container.spec, "/image")));
    loose
        .map(|(pod, one)| format!("{}: {}: `{}` names no version", pod.id(), one.name(), text(one.spec, "/image")))
        .collect()
}

fn is_pinned(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    image.contains("@sha256:") || last.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest")
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;

    #[test]
    fn an_image_without_a_version_is_refused() {
        let image = "/spec/template/spec/containers/0/image";
        for loose in ["redis", "redis:latest", "registry:5000/redis", ""] {
            assert_eq!(broken(check, "Deployment/api", image, loose.into()).len(), 1, "{loose}");
        }
        for pinned in ["redis:7", "registry:5000/redis:7", "redis@sha256:00"] {
            assert_eq!(broken(check, "Deployment/api", image, pinned.into()).len(), 0, "{pinned}");
        }
    }
}
