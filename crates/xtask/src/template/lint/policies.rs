//! Network policies choose pods that are there and ports that they have; both ways, every pod is chosen by one.

use serde_json::Value;

use super::objects::{World, at, id, list, selects};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for policy in world.kind("NetworkPolicy") {
        found.extend(of_policy(world, policy).into_iter().map(|why| format!("{}: {why}", id(policy))));
    }
    // A render without any is not where policies are kept.
    if world.kind("NetworkPolicy").next().is_none() {
        return found;
    }
    for direction in ["Ingress", "Egress"] {
        let covers = |policy: &&Value| list(policy, "/spec/policyTypes").iter().any(|one| *one == direction);
        for pod in &world.pods {
            let chosen =
                |policy: &Value| world.selected(at(policy, "/spec/podSelector")).iter().any(|one| one.id() == pod.id());
            if !world.kind("NetworkPolicy").filter(covers).any(chosen) {
                found.push(format!("{}: no network policy limits its {}", pod.id(), direction.to_lowercase()));
            }
        }
    }
    found
}

fn of_policy(world: &World, policy: &Value) -> Vec<String> {
    // What an operator makes is not in the render, nor are its ports.
    if is_operated(world, at(policy, "/spec/podSelector")) {
        return Vec::new();
    }
    let pods = world.selected_anywhere(at(policy, "/spec/podSelector"));
    if pods.is_empty() {
        return vec!["chooses no pod".to_owned()];
    }
    let mut found = Vec::new();
    for rule in list(policy, "/spec/ingress") {
        let open = rule_ports(rule).filter(|port| !pods.iter().any(|pod| pod.has_port(port)));
        found.extend(open.map(|port| format!("opens {port}, a port that no pod it chooses has")));
    }
    for (rule, way) in list(policy, "/spec/ingress")
        .iter()
        .map(|rule| (rule, "/from"))
        .chain(list(policy, "/spec/egress").iter().map(|rule| (rule, "/to")))
    {
        for peer in list(rule, way).iter().filter(|peer| peer.get("namespaceSelector").is_none()) {
            let Some(selector) = peer.get("podSelector") else { continue };
            let others = world.selected_anywhere(selector);
            if others.is_empty() {
                found.push(format!("speaks of pods that are not there: {selector}"));
            }
            let shut = rule_ports(rule).filter(|port| way == "/to" && !others.iter().any(|pod| pod.has_port(port)));
            found.extend(shut.map(|port| format!("lets out to {port}, a port that nobody there has")));
        }
    }
    found
}

/// Whether a selector chooses the pods that CloudNativePG makes of a `Cluster`.
fn is_operated(world: &World, selector: &Value) -> bool {
    world.kind("Cluster").any(|cluster| selects(selector, at(cluster, "/spec/inheritedMetadata/labels")))
}

/// The ports of a rule; a range is not looked at.
fn rule_ports(rule: &Value) -> impl Iterator<Item = &Value> {
    let ports = list(rule, "/ports").iter().filter(|port| port.get("endPort").is_none());
    ports.map(|port| &port["port"]).filter(|port| !port.is_null())
}

#[cfg(test)]
mod tests {
    use super::super::objects::kind;
    use super::super::sample::{self, objects, without};
    use super::*;
    use serde_json::json;

    fn broken(pointer: &str, value: Value) -> Vec<String> {
        sample::broken(check, "NetworkPolicy/api", pointer, value)
    }

    #[test]
    fn a_policy_that_chooses_nobody_is_refused() {
        let found = broken("/spec/podSelector/matchLabels/app", json!("apl"));
        assert_eq!(found, ["NetworkPolicy/api: chooses no pod"]);
    }

    #[test]
    fn ports_and_peers_that_are_not_there_are_refused() {
        assert_eq!(broken("/spec/ingress/0/ports/0/port", json!(8001)).len(), 1);
        assert_eq!(broken("/spec/egress/0/ports/0/port", json!(5433)).len(), 1);
        assert_eq!(broken("/spec/egress/0/to/0/podSelector/matchLabels/app", json!("stor")).len(), 2);
        assert_eq!(broken("/spec/ingress/0/from", json!([{"podSelector": {"matchLabels": {"a": "b"}}}])).len(), 1);
        let elsewhere = json!([{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}]);
        assert_eq!(broken("/spec/ingress/0/from", elsewhere).len(), 0);
    }

    #[test]
    fn the_ports_of_an_operator_s_pods_are_its_own() {
        let mut objects = objects();
        let labels = json!({"app": "api"});
        objects.push(
            json!({"kind": "Cluster", "metadata": {"name": "c"}, "spec": {"inheritedMetadata": {"labels": labels}}}),
        );
        sample::set(&mut objects, "NetworkPolicy/api", "/spec/ingress/0/ports/0/port", json!(8001));
        assert_eq!(check(&World::of(&[], &objects)), Vec::<String>::new());
    }

    #[test]
    fn a_pod_that_no_policy_limits_is_refused() {
        let found = without(check, "NetworkPolicy/deny");
        let wanted = ["ingress", "egress"].map(|way| format!("StatefulSet/store: no network policy limits its {way}"));
        assert_eq!(found, wanted);
        let objects: Vec<Value> = objects().into_iter().filter(|object| kind(object) != "NetworkPolicy").collect();
        assert_eq!(check(&World::of(&[], &objects)), Vec::<String>::new());
    }
}
