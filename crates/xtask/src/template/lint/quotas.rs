//! A quota has room for everything that the autoscalers may ask for.

use serde_json::Value;

use super::objects::{Pod, World, at, id, kind, list};
use super::quantities::milli;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for quota in world.kind("ResourceQuota") {
        for (name, hard) in at(quota, "/spec/hard").as_object().into_iter().flatten() {
            let (Some(need), Some(room)) = (need(world, name), milli(hard)) else { continue };
            if need > room {
                let (need, room) = (need.div_ceil(1_000), room / 1_000);
                found.push(format!("{}: {name}: {room} is less than the {need} that may be asked for", id(quota)));
            }
        }
    }
    found
}

/// What all pods together may ask for of a resource, in thousandths; nothing for what is not added up here.
fn need(world: &World, resource: &str) -> Option<u128> {
    let each =
        |of_pod: &dyn Fn(&Pod) -> u128| world.pods.iter().map(|pod| u128::from(count(world, pod)) * of_pod(pod)).sum();
    match resource {
        "pods" | "count/pods" => Some(each(&|_| 1_000)),
        "persistentvolumeclaims" => Some(each(&|pod| claims(pod) * 1_000) + own_claims(world)),
        "requests.cpu" | "cpu" => Some(each(&|pod| sum(pod, "requests", "cpu"))),
        "requests.memory" | "memory" => Some(each(&|pod| sum(pod, "requests", "memory"))),
        "limits.cpu" => Some(each(&|pod| sum(pod, "limits", "cpu"))),
        "limits.memory" => Some(each(&|pod| sum(pod, "limits", "memory"))),
        "requests.storage" => Some(each(&storage)),
        _ => None,
    }
}

/// The most pods of a kind at a time: all replicas and those that a rolling update adds.
fn count(world: &World, pod: &Pod) -> u64 {
    let surge = match kind(pod.owner) {
        "Deployment" => at(pod.owner, "/spec/strategy/rollingUpdate/maxSurge").as_u64().unwrap_or(1),
        _ => 0,
    };
    world.replicas_max(pod.owner) + surge
}

/// The requests or limits of a pod: those that run together, or the largest of those that run before.
fn sum(pod: &Pod, what: &str, resource: &str) -> u128 {
    let of = |spec: &Value| milli(at(spec, &format!("/resources/{what}/{resource}"))).unwrap_or(0);
    let together = pod.containers().iter().filter(|one| one.stays()).map(|one| of(one.spec)).sum();
    pod.containers().iter().filter(|one| !one.stays()).map(|one| of(one.spec)).fold(together, u128::max)
}

fn claims(pod: &Pod) -> u128 {
    let templates = list(pod.owner, "/spec/volumeClaimTemplates").len();
    let passing = list(pod.spec(), "/volumes").iter().filter(|volume| volume.get("ephemeral").is_some()).count();
    (templates + passing) as u128
}

fn own_claims(world: &World) -> u128 {
    world.kind("PersistentVolumeClaim").count() as u128 * 1_000
}

fn storage(pod: &Pod) -> u128 {
    let templates = list(pod.owner, "/spec/volumeClaimTemplates").iter();
    let passing = list(pod.spec(), "/volumes").iter().map(|volume| at(volume, "/ephemeral/volumeClaimTemplate"));
    let of = |claim: &Value| milli(at(claim, "/spec/resources/requests/storage")).unwrap_or(0);
    templates.chain(passing).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_quota_below_what_may_be_asked_for_is_refused() {
        // 4 + 1 pods of the API at 100m and 128Mi, 3 of the store with a claim of 1Gi each.
        for (resource, enough, short) in [
            ("pods", "8", "7"),
            ("requests.cpu", "800m", "799m"),
            ("requests.memory", "1Gi", "1023Mi"),
            ("limits.memory", "2Gi", "2047Mi"),
            ("limits.cpu", "8", "7"),
            ("persistentvolumeclaims", "3", "2"),
            ("requests.storage", "3Gi", "2Gi"),
        ] {
            let pointer = format!("/spec/hard/{resource}");
            assert_eq!(broken(check, "ResourceQuota/quota", &pointer, json!(enough)).len(), 0, "{resource}");
            assert_eq!(broken(check, "ResourceQuota/quota", &pointer, json!(short)).len(), 1, "{resource}");
        }
    }

    #[test]
    fn an_autoscaler_that_outgrows_the_quota_is_refused() {
        let found = broken(check, "HorizontalPodAutoscaler/api", "/spec/maxReplicas", json!(50));
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
