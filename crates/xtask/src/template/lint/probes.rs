//! Probes and hooks speak to ports that their container has; who serves says when it is ready.

use serde_json::Value;

use super::objects::{Container, Pod, World, at, kind, list};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for pod in &world.pods {
        for container in pod.containers() {
            let complain = |why: String| format!("{}: {}: {why}", pod.id(), container.name());
            found.extend(of_container(&container).into_iter().map(complain));
        }
        if is_served(world, pod) && !pod.containers().iter().any(|one| one.spec.get("readinessProbe").is_some()) {
            found.push(format!("{}: is behind a service and never says when it is ready", pod.id()));
        }
    }
    found
}

fn of_container(container: &Container) -> Vec<String> {
    let handlers = ["/startupProbe", "/readinessProbe", "/livenessProbe", "/lifecycle/preStop", "/lifecycle/postStart"];
    let actions = handlers.into_iter().flat_map(|handler| {
        let actions = ["httpGet", "tcpSocket", "grpc"].into_iter();
        actions.map(move |action| (handler, at(container.spec, &format!("{handler}/{action}/port"))))
    });
    let ports = list(container.spec, "/ports");
    let has = |port: &Value| ports.iter().any(|one| one["name"] == *port || one["containerPort"] == *port);
    let deaf = actions.filter(|(_, port)| !port.is_null() && !has(port));
    deaf.map(|(handler, port)| format!("{} asks the port {port}, which it does not have", &handler[1..])).collect()
}

/// Whether requests come to it through a service with an address of its own.
fn is_served(world: &World, pod: &Pod) -> bool {
    matches!(kind(pod.owner), "Deployment")
        && world.kind("Service").any(|service| {
            let selector = serde_json::json!({"matchLabels": at(service, "/spec/selector")});
            at(service, "/spec/clusterIP") != "None" && world.selected(&selector).iter().any(|one| one.id() == pod.id())
        })
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_probe_of_a_port_that_is_not_there_is_refused() {
        let port = "/spec/template/spec/containers/0/readinessProbe/httpGet/port";
        assert_eq!(broken(check, "Deployment/api", port, json!("htpp")).len(), 1);
        assert_eq!(broken(check, "Deployment/api", port, json!(8000)).len(), 0);
        let socket = json!({"tcpSocket": {"port": 1}});
        assert_eq!(
            broken(check, "StatefulSet/store", "/spec/template/spec/containers/0/livenessProbe", socket).len(),
            1
        );
    }

    #[test]
    fn what_serves_and_never_says_it_is_ready_is_refused() {
        let containers = json!([{"name": "main", "ports": [{"name": "http", "containerPort": 8000}]}]);
        assert_eq!(broken(check, "Deployment/api", "/spec/template/spec/containers", containers).len(), 1);
    }
}
