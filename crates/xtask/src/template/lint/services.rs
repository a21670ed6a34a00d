//! Services lead to pods that listen, and what leads to services finds them.

use serde_json::Value;

use super::made;
use super::objects::{World, at, id, kind, list, text};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for service in world.kind("Service") {
        found.extend(of_service(world, service).into_iter().map(|why| format!("{}: {why}", id(service))));
    }
    for object in &world.objects {
        for backend in backends(object) {
            found.extend(of_backend(world, backend).map(|why| format!("{}: {why}", id(object))));
        }
    }
    for set in world.kind("StatefulSet") {
        let governing = world.find("Service", text(set, "/spec/serviceName"));
        let selector = governing.map(|service| serde_json::json!({"matchLabels": at(service, "/spec/selector")}));
        let chosen = selector.is_some_and(|selector| world.selected(&selector).iter().any(|pod| pod.id() == id(set)));
        if !governing.is_some_and(|service| at(service, "/spec/clusterIP") == "None") || !chosen {
            found.push(format!("{}: serviceName names no headless service of its pods", id(set)));
        }
    }
    found
}

fn of_service(world: &World, service: &Value) -> Vec<String> {
    let selector = at(service, "/spec/selector");
    if !selector.is_object() {
        return Vec::new();
    }
    let pods = world.selected(&serde_json::json!({ "matchLabels": without_given(selector) }));
    if pods.is_empty() {
        return vec!["its selector chooses no pod".to_owned()];
    }
    let mut found = Vec::new();
    for port in list(service, "/spec/ports") {
        let target = if port["targetPort"].is_null() { &port["port"] } else { &port["targetPort"] };
        let deaf = pods.iter().filter(|pod| !pod.has_port(target));
        found.extend(deaf.map(|pod| format!("no container of {} has the port {target}", pod.id())));
    }
    found
}

/// A selector without the labels that pods get while they run.
fn without_given(selector: &Value) -> Value {
    let labels = selector.as_object().into_iter().flatten();
    let is_given = |key: &str, value: &Value| {
        let known = made::GIVEN_LABELS.iter().find(|(label, _)| *label == key);
        known.is_some_and(|(_, values)| values.iter().any(|one| value == one))
    };
    labels.filter(|(key, value)| !is_given(key, value)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Where an Ingress or a route sends requests: a service's name and a port.
fn backends(object: &Value) -> Vec<(&str, &Value)> {
    match kind(object) {
        "Ingress" => {
            let paths = list(object, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths"));
            let services = paths.map(|path| at(path, "/backend/service"));
            services.chain(object.pointer("/spec/defaultBackend/service")).map(of_ingress).collect()
        }
        "HTTPRoute" => {
            let backends = list(object, "/spec/rules").iter().flat_map(|rule| list(rule, "/backendRefs"));
            backends.map(|backend| (text(backend, "/name"), at(backend, "/port"))).collect()
        }
        _ => Vec::new(),
    }
}

fn of_ingress(service: &Value) -> (&str, &Value) {
    let port = at(service, "/port/name");
    (text(service, "/name"), if port.is_null() { at(service, "/port/number") } else { port })
}

fn of_backend(world: &World, (name, port): (&str, &Value)) -> Option<String> {
    let Some(service) = world.find("Service", name) else { return Some(format!("there is no service `{name}`")) };
    let ports = list(service, "/spec/ports");
    let there = ports.iter().any(|declared| declared["name"] == *port || declared["port"] == *port);
    (!there).then(|| format!("the service `{name}` has no port {port}"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{broken, with};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_that_leads_nowhere_is_refused() {
        let found = broken(check, "Service/api", "/spec/selector/version", json!("v1"));
        assert_eq!(found, ["Service/api: its selector chooses no pod"]);
        assert_eq!(broken(check, "Service/api", "/spec/selector/role", json!("primary")).len(), 0);
        assert_eq!(broken(check, "Service/api", "/spec/selector/role", json!("master")).len(), 1);
        assert_eq!(broken(check, "Service/api", "/spec/ports/0/targetPort", json!("htpp")).len(), 1);
        assert_eq!(broken(check, "Service/api", "/spec/ports/0/targetPort", json!(8001)).len(), 1);
        assert_eq!(broken(check, "Service/api", "/spec/ports/0/targetPort", json!(8000)).len(), 0);
    }

    #[test]
    fn an_ingress_or_route_to_a_service_that_is_not_there_is_refused() {
        let backend = "/spec/rules/0/http/paths/0/backend/service";
        assert_eq!(broken(check, "Ingress/door", &format!("{backend}/name"), json!("apl")).len(), 1);
        assert_eq!(broken(check, "Ingress/door", &format!("{backend}/port"), json!({"number": 81})).len(), 1);
        assert_eq!(broken(check, "Ingress/door", &format!("{backend}/port"), json!({"number": 80})).len(), 0);
        let route = |port: u16| {
            json!({"kind": "HTTPRoute", "metadata": {"name": "r"},
                "spec": {"rules": [{"backendRefs": [{"name": "api", "port": port}]}]}})
        };
        assert_eq!((with(check, route(80)).len(), with(check, route(8000)).len()), (0, 1));
    }

    #[test]
    fn a_stateful_set_without_its_headless_service_is_refused() {
        assert_eq!(broken(check, "StatefulSet/store", "/spec/serviceName", json!("api")).len(), 1);
        assert_eq!(broken(check, "Service/store", "/spec/clusterIP", json!("10.0.0.1")).len(), 1);
    }
}
