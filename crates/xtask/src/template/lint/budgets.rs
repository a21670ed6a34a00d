//! Disruption budgets choose pods, one budget each, and always let one pod go.

use serde_json::Value;

use super::objects::{World, at, id, kind};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for budget in world.kind("PodDisruptionBudget") {
        let pods = world.selected(at(budget, "/spec/selector"));
        if pods.is_empty() {
            found.push(format!("{}: chooses no pod", id(budget)));
        }
        let least: u64 = pods.iter().map(|pod| world.replicas_min(pod.owner)).sum();
        if !pods.is_empty() && !lets_one_go(budget, least) {
            found.push(format!("{}: lets none of {least} pods go, and a node could never be drained", id(budget)));
        }
    }
    for pod in &world.pods {
        let chosen =
            |budget: &&Value| world.selected(at(budget, "/spec/selector")).iter().any(|one| one.id() == pod.id());
        let count = world.kind("PodDisruptionBudget").filter(chosen).count();
        if count > 1 {
            found.push(format!("{}: has {count} disruption budgets, and Kubernetes then evicts none", pod.id()));
        }
        let several = world.replicas_min(pod.owner) > 1 && matches!(kind(pod.owner), "Deployment" | "StatefulSet");
        if several && count == 0 {
            found.push(format!("{}: has no disruption budget", pod.id()));
        }
    }
    found
}

fn lets_one_go(budget: &Value, pods: u64) -> bool {
    let (away, stay) = (at(budget, "/spec/maxUnavailable"), at(budget, "/spec/minAvailable"));
    match (amount(away, pods), amount(stay, pods)) {
        (Some(away), _) => away >= 1,
        (None, Some(stay)) => stay < pods,
        (None, None) => false,
    }
}

/// A number, or a share of `pods`, which Kubernetes rounds up.
fn amount(value: &Value, pods: u64) -> Option<u64> {
    match value {
        Value::String(text) => Some((text.strip_suffix('%')?.parse::<u64>().ok()? * pods).div_ceil(100)),
        other => other.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{broken, objects, with, without};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_budget_that_lets_nobody_go_is_refused() {
        for spec in [json!({"maxUnavailable": 0}), json!({"minAvailable": 2}), json!({"minAvailable": "100%"})] {
            let mut spec = spec;
            spec["selector"] = json!({"matchLabels": {"app": "api"}});
            assert_eq!(broken(check, "PodDisruptionBudget/api", "/spec", spec.clone()).len(), 1, "{spec}");
        }
        let one = json!({"minAvailable": 1, "selector": {"matchLabels": {"app": "api"}}});
        assert_eq!(broken(check, "PodDisruptionBudget/api", "/spec", one).len(), 0);
    }

    #[test]
    fn a_budget_that_chooses_nobody_is_refused() {
        let found = broken(check, "PodDisruptionBudget/api", "/spec/selector/matchLabels/app", json!("apl"));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn several_pods_without_a_budget_are_refused() {
        assert_eq!(without(check, "PodDisruptionBudget/store"), ["StatefulSet/store: has no disruption budget"]);
    }

    #[test]
    fn a_second_budget_for_the_same_pods_is_refused() {
        let mut second = objects().into_iter().find(|object| kind(object) == "PodDisruptionBudget").unwrap();
        second["metadata"]["name"] = json!("other");
        assert!(with(check, second)[0].contains("has 2 disruption budgets"));
    }
}
