//! Who owns pods finds them by labels that they have; labels are legal.

use super::objects::{World, at, id, kind, selects, text};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for object in &world.objects {
        for labels in [at(object, "/metadata/labels"), at(object, "/spec/template/metadata/labels")] {
            let wrong = labels.as_object().into_iter().flatten().find(|(_, value)| !is_legal(value.as_str()));
            found.extend(wrong.map(|(key, value)| format!("{}: label {key}: {value} is not legal", id(object))));
        }
    }
    for pod in &world.pods {
        if !matches!(kind(pod.owner), "Deployment" | "StatefulSet" | "DaemonSet") {
            continue;
        }
        let selector = at(pod.owner, "/spec/selector");
        if !selects(selector, pod.labels()) {
            found.push(format!("{}: its selector does not choose its own pods", pod.id()));
        }
        let others = world.selected(selector).into_iter().filter(|other| other.id() != pod.id());
        found.extend(others.map(|other| format!("{}: its selector chooses the pods of {} too", pod.id(), other.id())));
    }
    for pod in &world.pods {
        for constraint in pod.spec()["topologySpreadConstraints"].as_array().into_iter().flatten() {
            if !selects(&constraint["labelSelector"], pod.labels()) {
                let key = text(constraint, "/topologyKey");
                found.push(format!("{}: the spread over {key} does not count its own pods", pod.id()));
            }
        }
    }
    found
}

/// Whether a value is text of at most 63 characters that begins and ends with a letter or digit.
fn is_legal(value: Option<&str>) -> bool {
    let Some(value) = value else { return false };
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    value.len() <= 63 && value.bytes().all(inside) && ends(value.bytes().next()) && ends(value.bytes().last())
}

#[cfg(test)]
mod tests {
    use super::super::sample::broken;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selector_that_misses_its_pods_is_refused() {
        assert_eq!(broken(check, "Deployment/api", "/spec/selector/matchLabels/app", "other".into()).len(), 1);
        assert_eq!(broken(check, "Deployment/api", "/spec/template/metadata/labels", json!({"a": "b"})).len(), 1);
    }

    #[test]
    fn a_selector_that_takes_the_pods_of_others_is_refused() {
        // Its own and the other's: both selectors choose both pods.
        let both = broken(check, "StatefulSet/store", "/spec/template/metadata/labels", json!({"app": "api"}));
        assert!(both.iter().any(|why| why.ends_with("chooses the pods of StatefulSet/store too")), "{both:?}");
    }

    #[test]
    fn a_spread_that_counts_other_pods_is_refused() {
        let spread = json!([{"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "apl"}}}]);
        let found = broken(check, "Deployment/api", "/spec/template/spec/topologySpreadConstraints", spread);
        assert_eq!(found, ["Deployment/api: the spread over zone does not count its own pods"]);
    }

    #[test]
    fn a_label_that_is_not_legal_is_refused() {
        for value in [json!("a b"), json!("-a"), json!("x".repeat(64)), json!(1)] {
            assert_eq!(broken(check, "Service/api", "/metadata/labels/app", value.clone()).len(), 1, "{value}");
        }
        assert_eq!(broken(check, "Service/api", "/metadata/labels/app", json!("")).len(), 0);
    }
}
