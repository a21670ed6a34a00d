//! Quantities: legal, requests for everything, limits on memory, and no request above its limit.

use serde_json::Value;

use super::objects::{Container, World, at, id, kind, list};

/// Units and what they are worth, in thousandths.
const UNITS: [(&str, u128); 14] = [
    ("Ki", 1_000 << 10),
    ("Mi", 1_000 << 20),
    ("Gi", 1_000 << 30),
    ("Ti", 1_000 << 40),
    ("Pi", 1_000 << 50),
    ("Ei", 1_000 << 60),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
    ("", 1_000),
];

/// The value of a quantity in thousandths; nothing when it is none.
pub(super) fn milli(quantity: &Value) -> Option<u128> {
    let text = match quantity {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    let (_, worth) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = whole.parse().ok()?;
    let mut value = whole * worth;
    let mut place = *worth;
    for digit in part.bytes() {
        place /= 10;
        value += u128::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?) * place;
    }
    Some(value)
}

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for pod in &world.pods {
        for container in pod.containers() {
            found.extend(of_container(&container).map(|why| format!("{}: {}: {why}", pod.id(), container.name())));
        }
        for claim in list(pod.owner, "/spec/volumeClaimTemplates") {
            found.extend(of_claim(claim).map(|why| format!("{}: {why}", pod.id())));
        }
    }
    for object in &world.objects {
        match kind(object) {
            "PersistentVolumeClaim" => found.extend(of_claim(object).map(|why| format!("{}: {why}", id(object)))),
            "ResourceQuota" => {
                let amounts = at(object, "/spec/hard").as_object();
                let wrong = amounts.into_iter().flatten().filter(|(_, amount)| milli(amount).is_none());
                found.extend(wrong.map(|(name, amount)| format!("{}: {name}: {amount} is no quantity", id(object))));
            }
            _ => {}
        }
    }
    found
}

fn of_claim(claim: &Value) -> Option<String> {
    let storage = at(claim, "/spec/resources/requests/storage");
    milli(storage).is_none().then(|| format!("a claim of {storage} is no quantity"))
}

fn of_container<'a>(container: &Container<'a>) -> impl Iterator<Item = String> + use<'a> {
    let (requests, limits) = (at(container.spec, "/resources/requests"), at(container.spec, "/resources/limits"));
    let amounts = [requests, limits].into_iter().flat_map(|amounts| amounts.as_object().into_iter().flatten());
    let illegal = amounts.filter(|(_, amount)| milli(amount).is_none());
    let illegal = illegal.map(|(name, amount)| format!("{name}: {amount} is no quantity"));
    let asked = ["cpu", "memory"].into_iter().filter(move |name| requests[name].is_null());
    let asked = asked.map(|name| format!("requests no {name}"));
    let bounded = limits["memory"].is_null().then(|| "has no limit on memory".to_owned());
    let above = requests.as_object().into_iter().flatten().filter(move |(name, request)| {
        milli(&limits[name.as_str()]).is_some_and(|limit| milli(request).is_some_and(|request| request > limit))
    });
    let above = above.map(|(name, _)| format!("requests more {name} than its limit"));
    illegal.chain(asked).chain(bounded).chain(above)
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;
    use serde_json::json;

    const RESOURCES: &str = "/spec/template/spec/containers/0/resources";

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        let cases = [
            ("500m", 500),
            ("2", 2_000),
            ("1.5", 1_500),
            ("128Mi", 1_000 << 27),
            ("1k", 1_000_000),
            ("0.5Gi", 500 << 30),
        ];
        for (text, value) in cases {
            assert_eq!(milli(&json!(text)), Some(value), "{text}");
        }
        for text in ["", "m", "1 Gi", "1gb", "-1", "1.x"] {
            assert_eq!(milli(&json!(text)), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        assert!(!broken(check, "Deployment/api", &format!("{RESOURCES}/requests/cpu"), json!("half")).is_empty());
        let storage = "/spec/volumeClaimTemplates/0/spec/resources/requests/storage";
        assert_eq!(broken(check, "StatefulSet/store", storage, json!("1GB")).len(), 1);
        assert_eq!(broken(check, "ResourceQuota/quota", "/spec/hard/pods", json!("many")).len(), 1);
    }

    #[test]
    fn a_container_without_requests_or_a_limit_on_memory_is_refused() {
        assert_eq!(broken(check, "Deployment/api", &format!("{RESOURCES}/requests"), json!({})).len(), 2);
        assert_eq!(broken(check, "Deployment/api", &format!("{RESOURCES}/limits"), json!({})).len(), 1);
    }

    #[test]
    fn a_request_above_its_limit_is_refused() {
        let found = broken(check, "Deployment/api", &format!("{RESOURCES}/requests/memory"), json!("1Gi"));
        assert_eq!(found, ["Deployment/api: main: requests more memory than its limit"]);
    }
}
