//! What is referred to is there: ConfigMaps, Secrets and their keys, service accounts, claims, roles.

use serde_json::Value;

use super::made;
use super::objects::{Pod, World, at, id, kind, list, name, text};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for pod in &world.pods {
        let complain = |why: String| format!("{}: {why}", pod.id());
        found.extend(references(pod).iter().filter_map(|one| one.fault(world)).map(complain));
        let account = text(pod.spec(), "/serviceAccountName");
        if !account.is_empty() && world.find("ServiceAccount", account).is_none() {
            found.push(format!("{}: there is no ServiceAccount `{account}`", pod.id()));
        }
        for volume in list(pod.spec(), "/volumes") {
            let claim = text(volume, "/persistentVolumeClaim/claimName");
            if !claim.is_empty() && world.find("PersistentVolumeClaim", claim).is_none() {
                found.push(format!("{}: there is no PersistentVolumeClaim `{claim}`", pod.id()));
            }
        }
    }
    for binding in world.kind("RoleBinding") {
        found.extend(of_binding(world, binding).into_iter().map(|why| format!("{}: {why}", id(binding))));
    }
    for role in world.kind("Role") {
        let unknown = secrets_of(role).filter(|name| made::keys(name).is_none());
        found.extend(unknown.map(|name| format!("{}: is about the Secret `{name}`, which nobody makes", id(role))));
    }
    for scaler in world.kind("ScaledObject") {
        let wanted = list(scaler, "/spec/triggers").iter().map(|trigger| text(trigger, "/authenticationRef/name"));
        let missing = wanted.filter(|name| !name.is_empty() && world.find("TriggerAuthentication", name).is_none());
        found.extend(missing.map(|name| format!("{}: there is no TriggerAuthentication `{name}`", id(scaler))));
    }
    for authentication in world.kind("TriggerAuthentication") {
        for target in list(authentication, "/spec/secretTargetRef") {
            let one = Reference::to("Secret", target, "name", target["key"].as_str());
            found.extend(one.fault(world).map(|why| format!("{}: {why}", id(authentication))));
        }
    }
    found
}

/// A reference to a ConfigMap or a Secret, perhaps to one key of it.
struct Reference<'a> {
    kind: &'static str,
    name: &'a str,
    key: Option<&'a str>,
    optional: bool,
}

impl<'a> Reference<'a> {
    fn to(kind: &'static str, place: &'a Value, field: &str, key: Option<&'a str>) -> Self {
        let name = place[field].as_str().unwrap_or_default();
        Self { kind, name, key, optional: place["optional"] == true }
    }

    /// One for each key that is mounted; one for the whole where none is named.
    fn mounted(kind: &'static str, place: &'a Value, field: &str) -> Vec<Self> {
        let items = list(place, "/items");
        let keys = items.iter().map(|item| item["key"].as_str());
        let each: Vec<Self> = keys.map(|key| Self::to(kind, place, field, key)).collect();
        if each.is_empty() { vec![Self::to(kind, place, field, None)] } else { each }
    }

    fn fault(&self, world: &World) -> Option<String> {
        let Self { kind, name, .. } = self;
        let Some(keys) = self.keys(world) else {
            return (!self.optional).then(|| format!("there is no {kind} `{name}`"));
        };
        if *kind == "Secret" && made::is_offered(name) && !self.optional {
            return Some(format!("needs the Secret `{name}`, which only some users make: it must be optional"));
        }
        let key = self.key?;
        (!keys.iter().any(|found| found == key)).then(|| format!("the {kind} `{name}` has no key `{key}`"))
    }

    /// The keys of what is referred to; nothing where nobody makes it.
    fn keys(&self, world: &World) -> Option<Vec<String>> {
        if let Some(object) = world.find(self.kind, self.name) {
            let of = |field: &str| object[field].as_object().into_iter().flatten().map(|(key, _)| key.clone());
            return Some(of("data").chain(of("stringData")).chain(of("binaryData")).collect());
        }
        if self.kind != "Secret" {
            let keys = made::CONFIG_MAPS.iter().find(|(known, _)| *known == self.name)?.1;
            return Some(keys.iter().map(|key| (*key).to_owned()).collect());
        }
        let external = world.kind("ExternalSecret").find(|object| brings(object) == self.name);
        // What is taken whole from a store is as whoever filled the store was told: like ours.
        let brought = external.filter(|object| list(object, "/spec/dataFrom").is_empty()).map(keys_brought);
        brought.or_else(|| made::keys(self.name).map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()))
    }
}

fn brings(external: &Value) -> &str {
    let target = text(external, "/spec/target/name");
    if target.is_empty() { name(external) } else { target }
}

fn keys_brought(external: &Value) -> Vec<String> {
    let listed = list(external, "/spec/data").iter().map(|data| text(data, "/secretKey").to_owned());
    let made = at(external, "/spec/target/template/data").as_object().into_iter().flatten().map(|(key, _)| key.clone());
    listed.chain(made).collect()
}

/// Everything that a pod takes from ConfigMaps and Secrets.
fn references<'a>(pod: &Pod<'a>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    for container in pod.containers() {
        for variable in list(container.spec, "/env") {
            let from = [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")];
            let places = from.into_iter().filter_map(|(kind, field)| Some((kind, variable["valueFrom"].get(field)?)));
            found.extend(places.map(|(kind, place)| Reference::to(kind, place, "name", place["key"].as_str())));
        }
        for all in list(container.spec, "/envFrom") {
            let from = [("ConfigMap", "configMapRef"), ("Secret", "secretRef")];
            let places = from.into_iter().filter_map(|(kind, field)| Some((kind, all.get(field)?)));
            found.extend(places.map(|(kind, place)| Reference::to(kind, place, "name", None)));
        }
    }
    for volume in list(pod.spec(), "/volumes") {
        found.extend(volume.get("configMap").into_iter().flat_map(|it| Reference::mounted("ConfigMap", it, "name")));
        found.extend(volume.get("secret").into_iter().flat_map(|it| Reference::mounted("Secret", it, "secretName")));
        for source in list(volume, "/projected/sources") {
            found
                .extend(source.get("configMap").into_iter().flat_map(|it| Reference::mounted("ConfigMap", it, "name")));
            found.extend(source.get("secret").into_iter().flat_map(|it| Reference::mounted("Secret", it, "name")));
        }
    }
    found
}

/// The secrets that a role names.
fn secrets_of(role: &Value) -> impl Iterator<Item = &str> {
    let rules = list(role, "/rules").iter().filter(|rule| list(rule, "/resources").iter().any(|one| one == "secrets"));
    rules.flat_map(|rule| list(rule, "/resourceNames")).filter_map(Value::as_str)
}

fn of_binding(world: &World, binding: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let role = at(binding, "/roleRef");
    if kind(role) == "Role" && world.find("Role", text(role, "/name")).is_none() {
        found.push(format!("there is no Role `{}`", text(role, "/name")));
    }
    for subject in list(binding, "/subjects").iter().filter(|subject| kind(subject) == "ServiceAccount") {
        let account = text(subject, "/name");
        let (here, there) = (text(binding, "/metadata/namespace"), text(subject, "/namespace"));
        if world.find("ServiceAccount", account).is_none() || (!there.is_empty() && there != here) {
            found.push(format!("there is no ServiceAccount `{account}` here"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::{broken, with, without};
    use super::*;
    use serde_json::json;

    const SPEC: &str = "/spec/template/spec";

    #[test]
    fn a_config_map_or_key_that_is_not_there_is_refused() {
        assert_eq!(without(check, "ConfigMap/settings").len(), 2);
        let item = format!("{SPEC}/volumes/0/configMap/items/0/key");
        assert_eq!(broken(check, "Deployment/api", &item, json!("config.yml")).len(), 1);
        let variable = format!("{SPEC}/containers/0/env/0/valueFrom/configMapKeyRef/key");
        assert_eq!(broken(check, "Deployment/api", &variable, json!("LEVLE")).len(), 1);
        let all = json!([{"configMapRef": {"name": "setings"}}]);
        assert_eq!(broken(check, "Deployment/api", &format!("{SPEC}/containers/0/envFrom"), all).len(), 1);
    }

    #[test]
    fn a_secret_or_key_that_nobody_makes_is_refused() {
        let volume = format!("{SPEC}/volumes/1/secret");
        assert_eq!(broken(check, "Deployment/api", &volume, json!({"secretName": "db"})).len(), 1);
        let optional = json!({"secretName": "db", "optional": true});
        assert_eq!(broken(check, "Deployment/api", &volume, optional).len(), 0);
        let key = format!("{volume}/items/0/key");
        assert_eq!(broken(check, "Deployment/api", &key, json!("uri")).len(), 1);
        let needed = json!({"secretName": "s3-credentials"});
        assert_eq!(broken(check, "Deployment/api", &volume, needed).len(), 1);
        let projected = json!([{"name": "settings", "projected": {"sources": [{"secret": {"name": "db"}}]}}]);
        assert_eq!(broken(check, "Deployment/api", &format!("{SPEC}/volumes"), projected).len(), 1);
    }

    #[test]
    fn a_secret_that_an_operator_brings_is_there() {
        let object = json!({"kind": "ExternalSecret", "metadata": {"name": "db-credentials"},
            "spec": {"data": [{"secretKey": "uri"}]}});
        assert_eq!(with(check, object), ["Deployment/api: the Secret `db-credentials` has no key `url`"]);
    }

    #[test]
    fn an_account_claim_or_role_that_is_not_there_is_refused() {
        assert_eq!(without(check, "ServiceAccount/api").len(), 2);
        assert_eq!(without(check, "Role/api").len(), 1);
        let claim = json!([{"name": "settings", "persistentVolumeClaim": {"claimName": "shared"}}]);
        assert_eq!(broken(check, "Deployment/api", &format!("{SPEC}/volumes"), claim).len(), 1);
        assert_eq!(broken(check, "RoleBinding/api", "/subjects/0/namespace", json!("there")).len(), 1);
    }

    #[test]
    fn a_role_about_a_secret_that_nobody_makes_is_refused() {
        assert_eq!(broken(check, "Role/api", "/rules/0/resourceNames", json!(["db-credential"])).len(), 1);
    }

    #[test]
    fn an_authentication_that_is_not_there_is_refused() {
        let scaler = json!({"kind": "ScaledObject", "metadata": {"name": "s"},
            "spec": {"triggers": [{"authenticationRef": {"name": "a"}}]}});
        assert_eq!(with(check, scaler).len(), 1);
        let authentication = json!({"kind": "TriggerAuthentication", "metadata": {"name": "a"},
            "spec": {"secretTargetRef": [{"parameter": "host", "name": "rabbitmq-credentials", "key": "ulr"}]}});
        assert_eq!(with(check, authentication).len(), 1);
    }
}
