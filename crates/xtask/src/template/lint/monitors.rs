//! Monitors choose services and pods that are there, and ports that those have.

use serde_json::Value;

use super::objects::{World, at, id, list, selects, text};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for monitor in world.kind("ServiceMonitor") {
        let selector = at(monitor, "/spec/selector");
        let services: Vec<&Value> =
            world.kind("Service").filter(|service| selects(selector, at(service, "/metadata/labels"))).collect();
        let has = |port: &str| {
            services.iter().any(|service| list(service, "/spec/ports").iter().any(|one| one["name"] == port))
        };
        found.extend(of_endpoints(monitor, "/spec/endpoints", services.is_empty(), has));
    }
    for monitor in world.kind("PodMonitor") {
        let pods = world.selected(at(monitor, "/spec/selector"));
        let has = |port: &str| pods.iter().any(|pod| pod.has_port(&Value::from(port)));
        found.extend(of_endpoints(monitor, "/spec/podMetricsEndpoints", pods.is_empty(), has));
    }
    found
}

fn of_endpoints(monitor: &Value, pointer: &str, is_empty: bool, has: impl Fn(&str) -> bool) -> Vec<String> {
    if is_empty {
        return vec![format!("{}: chooses nothing", id(monitor))];
    }
    let ports = list(monitor, pointer).iter().map(|endpoint| text(endpoint, "/port"));
    let missing = ports.filter(|port| !has(port));
    missing.map(|port| format!("{}: nothing that it chooses has a port named `{port}`", id(monitor))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{broken, with};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_monitor_of_nothing_is_refused() {
        assert_eq!(broken(check, "ServiceMonitor/api", "/spec/selector/matchLabels/app", json!("apl")).len(), 1);
        assert_eq!(broken(check, "ServiceMonitor/api", "/spec/endpoints/0/port", json!("metrics")).len(), 1);
    }

    #[test]
    fn a_pod_monitor_of_a_port_that_is_not_there_is_refused() {
        let monitor = |app: &str, port: &str| {
            json!({"kind": "PodMonitor", "metadata": {"name": "m"}, "spec": {
                "selector": {"matchLabels": {"app": app}}, "podMetricsEndpoints": [{"port": port}]}})
        };
        assert_eq!(with(check, monitor("store", "sql")).len(), 0);
        assert_eq!(with(check, monitor("store", "metrics")).len(), 1);
        assert_eq!(with(check, monitor("stor", "sql")).len(), 1);
    }
}
