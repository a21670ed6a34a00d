//! The objects of a render, and the pods that they will make.

use serde_json::{Map, Value};

static NOTHING: Value = Value::Null;

/// Objects that are in one namespace together.
pub(super) struct World<'a> {
    /// Every object.
    pub(super) objects: Vec<&'a Value>,
    /// The pods that the objects make.
    pub(super) pods: Vec<Pod<'a>>,
    /// The pods that the whole system has and these objects do not: a component has put something else in their place.
    elsewhere: Vec<Pod<'a>>,
}

/// A kind of pod, as its owner will make it.
pub(super) struct Pod<'a> {
    /// Who makes it.
    pub(super) owner: &'a Value,
    /// The template: metadata and spec.
    pub(super) template: &'a Value,
}

/// A container, and whether it runs before the others.
pub(super) struct Container<'a> {
    pub(super) spec: &'a Value,
    pub(super) is_init: bool,
}

impl<'a> World<'a> {
    /// The objects of a render, over those that are there already.
    pub(super) fn of(beneath: &'a [Value], objects: &'a [Value]) -> Self {
        let replaced = |old: &&Value| !objects.iter().any(|new| id(new) == id(old));
        let objects: Vec<&Value> = beneath.iter().filter(replaced).chain(objects).collect();
        let pods = pods(&objects);
        Self { objects, pods, elsewhere: Vec::new() }
    }

    /// The same, knowing what the whole system has.
    pub(super) fn within(mut self, whole: &'a [Value]) -> Self {
        let all: Vec<&Value> = whole.iter().collect();
        let absent = |pod: &Pod| !self.pods.iter().any(|here| here.id() == pod.id());
        self.elsewhere = pods(&all).into_iter().filter(absent).collect();
        self
    }

    /// The objects of a kind.
    pub(super) fn kind(&self, wanted: &'static str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().copied().filter(move |object| kind(object) == wanted)
    }

    /// The object of that kind and name.
    pub(super) fn find(&self, wanted: &str, called: &str) -> Option<&'a Value> {
        self.objects.iter().copied().find(|object| kind(object) == wanted && name(object) == called)
    }

    /// The pods that a label selector chooses; an empty one chooses all.
    pub(super) fn selected(&self, selector: &Value) -> Vec<&Pod<'a>> {
        self.pods.iter().filter(|pod| selects(selector, pod.labels())).collect()
    }

    /// The pods that a label selector chooses, here or in the whole system.
    pub(super) fn selected_anywhere(&self, selector: &Value) -> Vec<&Pod<'a>> {
        self.pods.iter().chain(&self.elsewhere).filter(|pod| selects(selector, pod.labels())).collect()
    }

    /// The most replicas that an owner of pods will have: what its autoscaler or it itself says, else one.
    pub(super) fn replicas_max(&self, owner: &Value) -> u64 {
        self.replicas(owner, ["/spec/maxReplicas", "/spec/maxReplicaCount"])
    }

    /// The fewest replicas that an owner of pods will have.
    pub(super) fn replicas_min(&self, owner: &Value) -> u64 {
        self.replicas(owner, ["/spec/minReplicas", "/spec/minReplicaCount"])
    }

    fn replicas(&self, owner: &Value, bounds: [&str; 2]) -> u64 {
        let number = |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
        let scaler = self.objects.iter().find(|object| scales(object, owner));
        let bound = scaler.and_then(|scaler| bounds.iter().find_map(|pointer| number(scaler, pointer)));
        bound.or(number(owner, "/spec/replicas")).unwrap_or(1)
    }
}

fn pods<'a>(objects: &[&'a Value]) -> Vec<Pod<'a>> {
    objects.iter().filter_map(|owner| Some(Pod { owner, template: template(owner)? })).collect()
}

impl<'a> Pod<'a> {
    /// What complaints call it: the one who makes it.
    pub(super) fn id(&self) -> String {
        id(self.owner)
    }

    pub(super) fn labels(&self) -> &'a Value {
        at(self.template, "/metadata/labels")
    }

    pub(super) fn spec(&self) -> &'a Value {
        at(self.template, "/spec")
    }

    /// Its containers, those that run first included.
    pub(super) fn containers(&self) -> Vec<Container<'a>> {
        let of = |field: &str, is_init: bool| {
            list(self.template, &format!("/spec/{field}")).iter().map(move |spec| Container { spec, is_init })
        };
        of("initContainers", true).chain(of("containers", false)).collect()
    }

    /// Whether one of its containers has that port, by name or number.
    pub(super) fn has_port(&self, port: &Value) -> bool {
        let ports = self.containers().into_iter().flat_map(|container| list(container.spec, "/ports"));
        ports.into_iter().any(|declared| declared["name"] == *port || declared["containerPort"] == *port)
    }
}

impl<'a> Container<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.spec["name"].as_str().unwrap_or_default()
    }

    /// Whether it goes on beside the others: one that does not run first, or a sidecar.
    pub(super) fn stays(&self) -> bool {
        !self.is_init || self.spec["restartPolicy"] == "Always"
    }
}

/// The value at a JSON pointer; null where there is none.
pub(super) fn at<'a>(object: &'a Value, pointer: &str) -> &'a Value {
    object.pointer(pointer).unwrap_or(&NOTHING)
}

/// The list at a JSON pointer; empty where there is none.
pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    at(object, pointer).as_array().map_or(&[], Vec::as_slice)
}

/// The text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    at(object, pointer).as_str().unwrap_or_default()
}

pub(super) fn kind(object: &Value) -> &str {
    text(object, "/kind")
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// What complaints call an object.
pub(super) fn id(object: &Value) -> String {
    format!("{}/{}", kind(object), name(object))
}

/// The template of the pods that an object makes; a pod is its own.
pub(super) fn template(owner: &Value) -> Option<&Value> {
    match kind(owner) {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => owner.pointer("/spec/template"),
        "CronJob" => owner.pointer("/spec/jobTemplate/spec/template"),
        "Pod" => Some(owner),
        _ => None,
    }
}

/// Whether an object is an autoscaler of that owner of pods.
pub(super) fn scales(scaler: &Value, owner: &Value) -> bool {
    let target = match kind(scaler) {
        "HorizontalPodAutoscaler" | "ScaledObject" => at(scaler, "/spec/scaleTargetRef"),
        _ => return false,
    };
    let target_kind = target["kind"].as_str().unwrap_or("Deployment");
    target_kind == kind(owner) && target["name"].as_str() == Some(name(owner))
}

/// Whether a label selector chooses something with these labels.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let empty = Map::new();
    let equal = selector["matchLabels"].as_object().unwrap_or(&empty);
    let expressions = list(selector, "/matchExpressions");
    equal.iter().all(|(key, value)| labels[key] == *value) && expressions.iter().all(|one| holds(one, labels))
}

fn holds(expression: &Value, labels: &Value) -> bool {
    let value = &labels[expression["key"].as_str().unwrap_or_default()];
    let among = || list(expression, "/values").contains(value);
    match expression["operator"].as_str() {
        Some("In") => among(),
        Some("NotIn") => !among(),
        Some("Exists") => !value.is_null(),
        Some("DoesNotExist") => value.is_null(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_choose_by_labels_and_expressions() {
        let labels = json!({"app": "api", "version": "v1"});
        assert!(selects(&json!({}), &labels));
        assert!(selects(&json!({"matchLabels": {"app": "api"}}), &labels));
        assert!(!selects(&json!({"matchLabels": {"app": "api", "tier": "x"}}), &labels));
        let expression = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "version", "operator": operator, "values": values}]});
        assert!(selects(&expression("In", json!(["v1", "v2"])), &labels));
        assert!(!selects(&expression("NotIn", json!(["v1"])), &labels));
        assert!(selects(&expression("Exists", Value::Null), &labels));
        assert!(!selects(&expression("DoesNotExist", Value::Null), &labels));
    }

    #[test]
    fn what_is_applied_later_replaces_what_is_there() {
        let old = [
            json!({"kind": "A", "metadata": {"name": "a"}, "old": true}),
            json!({"kind": "B", "metadata": {"name": "b"}}),
        ];
        let new = [json!({"kind": "A", "metadata": {"name": "a"}})];
        let world = World::of(&old, &new);
        assert_eq!(world.objects.len(), 2);
        assert!(world.find("A", "a").unwrap()["old"].is_null());
    }
}
