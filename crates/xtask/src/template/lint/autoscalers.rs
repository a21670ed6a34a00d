//! Autoscalers have a target, and a target has one autoscaler that alone says how many.

use serde_json::Value;

use super::objects::{World, at, id, kind, list, scales, text};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for scaler in world.kind("HorizontalPodAutoscaler").chain(world.kind("ScaledObject")) {
        if !world.pods.iter().any(|pod| scales(scaler, pod.owner)) {
            found.push(format!("{}: its target is not there", id(scaler)));
        }
        let bound = |names: [&str; 2]| names.iter().find_map(|name| scaler["spec"][name].as_u64());
        let (least, most) = (bound(["minReplicas", "minReplicaCount"]), bound(["maxReplicas", "maxReplicaCount"]));
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            found.push(format!("{}: the least is more than the most", id(scaler)));
        }
    }
    for pod in &world.pods {
        let scalers: Vec<&Value> = world.objects.iter().copied().filter(|object| scales(object, pod.owner)).collect();
        if scalers.len() > 1 {
            found.push(format!("{}: has {} autoscalers", pod.id(), scalers.len()));
        }
        if !scalers.is_empty() && !at(pod.owner, "/spec/replicas").is_null() {
            found.push(format!("{}: says how many, which its autoscaler should say alone", pod.id()));
        }
        let unasked = scalers.iter().flat_map(|scaler| of_metrics(scaler)).filter(|resource| {
            let lacks = |spec: &Value| at(spec, &format!("/resources/requests/{resource}")).is_null();
            pod.containers().iter().any(|container| container.stays() && lacks(container.spec))
        });
        let told = unasked
            .map(|resource| format!("{}: is scaled by {resource}, which a container does not request", pod.id()));
        found.extend(told);
    }
    for advisor in world.kind("VerticalPodAutoscaler") {
        found.extend(of_advisor(world, advisor).map(|why| format!("{}: {why}", id(advisor))));
    }
    found
}

/// The resources by whose use an autoscaler decides.
fn of_metrics(scaler: &Value) -> Vec<&str> {
    let metrics = list(scaler, "/spec/metrics").iter().filter(|metric| metric["type"] == "Resource");
    metrics.map(|metric| text(metric, "/resource/name")).collect()
}

fn of_advisor(world: &World, advisor: &Value) -> Option<String> {
    let target = at(advisor, "/spec/targetRef");
    if world.find(text(target, "/kind"), text(target, "/name")).is_none() && kind(target) != "Cluster" {
        return Some("its target is not there".to_owned());
    }
    (at(advisor, "/spec/updatePolicy/updateMode") != "Off").then(|| "does more than recommend".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{broken, with};
    use super::*;
    use serde_json::json;

    fn scaled_object(target: &str) -> Value {
        json!({"kind": "ScaledObject", "metadata": {"name": "s"}, "spec": {"scaleTargetRef": {"name": target}}})
    }

    #[test]
    fn an_autoscaler_without_a_target_is_refused() {
        let name = "/spec/scaleTargetRef/name";
        assert_eq!(broken(check, "HorizontalPodAutoscaler/api", name, json!("apl")).len(), 1);
        assert_eq!(with(check, scaled_object("apl")), ["ScaledObject/s: its target is not there"]);
    }

    #[test]
    fn a_second_autoscaler_is_refused() {
        assert_eq!(with(check, scaled_object("api")), ["Deployment/api: has 2 autoscalers"]);
    }

    #[test]
    fn replicas_beside_an_autoscaler_are_refused() {
        assert_eq!(broken(check, "Deployment/api", "/spec/replicas", json!(3)).len(), 1);
    }

    #[test]
    fn bounds_the_wrong_way_round_are_refused() {
        assert_eq!(broken(check, "HorizontalPodAutoscaler/api", "/spec/minReplicas", json!(5)).len(), 1);
    }

    #[test]
    fn scaling_by_what_is_not_requested_is_refused() {
        let resource = "/spec/metrics/0/resource/name";
        assert_eq!(broken(check, "HorizontalPodAutoscaler/api", resource, json!("ephemeral-storage")).len(), 1);
    }

    #[test]
    fn a_vertical_autoscaler_that_acts_or_has_no_target_is_refused() {
        let advisor = |target: &str, mode: &str| {
            json!({"kind": "VerticalPodAutoscaler", "metadata": {"name": "v"}, "spec": {
                "targetRef": {"kind": "Deployment", "name": target}, "updatePolicy": {"updateMode": mode}}})
        };
        assert_eq!(with(check, advisor("api", "Off")).len(), 0);
        assert_eq!(with(check, advisor("apl", "Off")).len(), 1);
        assert_eq!(with(check, advisor("api", "Auto")).len(), 1);
    }
}
