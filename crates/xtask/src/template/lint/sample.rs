//! A small world in which everything fits together; the tests of the rules break one thing each.

use serde_json::{Value, json};

use super::objects::{World, id};

/// The objects.
pub(super) fn objects() -> Vec<Value> {
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here", "labels": {
            "pod-security.kubernetes.io/enforce": "restricted"}}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "api", "namespace": "here"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "here"},
            "data": {"config.yaml": "a: b", "LEVEL": "info"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "here",
            "labels": {"app": "api"}}, "spec": {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "store", "namespace": "here"},
            "spec": {"clusterIP": "None", "selector": {"app": "store"}, "ports": [{"name": "sql", "port": 5432}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "door", "namespace": "here"},
            "spec": {"rules": [{"host": "api.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix",
                "backend": {"service": {"name": "api", "port": {"name": "http"}}}}]}}]}}),
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "api", "namespace": "here"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}, "minReplicas": 2,
                "maxReplicas": 4, "metrics": [{"type": "Resource", "resource": {"name": "cpu"}}]}}),
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "api", "namespace": "here"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "api"}}}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "api", "namespace": "here"},
            "spec": {"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"ports": [{"port": 8000}]}],
                "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "store"}}}], "ports": [{"port": 5432}]}]}}),
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": "here"},
            "spec": {"hard": {"pods": "10", "requests.cpu": "2", "requests.memory": "2Gi", "persistentvolumeclaims": "3"}}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "api", "namespace": "here"},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db-credentials"], "verbs": ["get"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "api", "namespace": "here"},
            "roleRef": {"kind": "Role", "name": "api"}, "subjects": [{"kind": "ServiceAccount", "name": "api"}]}),
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "api", "namespace": "here"},
            "spec": {"selector": {"matchLabels": {"app": "api"}}, "endpoints": [{"port": "http"}]}}),
    ];
    objects.push(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "store", "namespace": "here"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "store"}}}}));
    objects.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny", "namespace": "here"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}));
    objects.extend(owners());
    objects
}

/// What makes pods: the API with all its mounts, and the store with its volumes.
fn owners() -> [Value; 2] {
    let (mut deployment, mut set) =
        (owner("Deployment", "api", 8000, "http"), owner("StatefulSet", "store", 5432, "sql"));
    deployment["spec"]["strategy"] = json!({"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}});
    let spec = &mut deployment["spec"]["template"]["spec"];
    spec["serviceAccountName"] = json!("api");
    spec["containers"][0]["readinessProbe"] = json!({"httpGet": {"path": "/ready", "port": "http"}});
    spec["containers"][0]["lifecycle"] = json!({"preStop": {"sleep": {"seconds": 10}}});
    spec["containers"][0]["env"] =
        json!([{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "LEVEL"}}}]);
    spec["containers"][0]["volumeMounts"] =
        json!([{"name": "settings", "mountPath": "/etc/a"}, {"name": "secrets", "mountPath": "/etc/b"}]);
    spec["volumes"] = json!([
        {"name": "settings", "configMap": {"name": "settings", "items": [{"key": "config.yaml", "path": "config.yaml"}]}},
        {"name": "secrets", "secret": {"secretName": "db-credentials", "items": [{"key": "url", "path": "url"}]}},
    ]);
    set["spec"]["replicas"] = json!(3);
    set["spec"]["serviceName"] = json!("store");
    set["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    set["spec"]["volumeClaimTemplates"] =
        json!([{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]);
    [deployment, set]
}

fn owner(kind: &str, name: &str, port: u16, port_name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "here"}, "spec": {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {
            "terminationGracePeriodSeconds": 60, "automountServiceAccountToken": false, "enableServiceLinks": false,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "main", "image": format!("{name}:v1.0"),
                "ports": [{"name": port_name, "containerPort": port}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
                "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]}}}]}}}})
}

/// Sets what is at a pointer in one object; what is missing on the way is made.
pub(super) fn set(objects: &mut [Value], which: &str, pointer: &str, value: Value) {
    let object = objects.iter_mut().find(|object| id(object) == which).expect("the object is in the sample");
    let mut place = object;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/");
        place = match part.parse::<usize>() {
            Ok(index) if place.is_array() => &mut place[index],
            _ => &mut place[part.as_str()],
        };
    }
    *place = value;
}

/// What a rule says of the sample with one thing changed. What it says of the sample as it is must be nothing.
pub(super) fn broken(check: fn(&World) -> Vec<String>, which: &str, pointer: &str, value: Value) -> Vec<String> {
    let mut objects = objects();
    assert_eq!(check(&World::of(&[], &objects)), Vec::<String>::new(), "the sample is sound");
    set(&mut objects, which, pointer, value);
    check(&World::of(&[], &objects))
}

/// What a rule says of the sample with one object more.
pub(super) fn with(check: fn(&World) -> Vec<String>, object: Value) -> Vec<String> {
    let mut objects = objects();
    objects.push(object);
    check(&World::of(&[], &objects))
}

/// What a rule says of the sample without one object.
pub(super) fn without(check: fn(&World) -> Vec<String>, which: &str) -> Vec<String> {
    let mut objects = objects();
    objects.retain(|object| id(object) != which);
    check(&World::of(&[], &objects))
}
