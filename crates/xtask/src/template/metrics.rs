//! Alerts and dashboards speak of metrics that there are.
//!
//! `metrics/coordination.txt` lists what this program exports; a test of the binary compares it with a scrape.
//! `metrics/others.txt` lists what PostgreSQL, RabbitMQ, Redis and Kubernetes' own exporters are known to export.

use std::collections::BTreeSet;

use serde_json::Value;

use super::promql;
use super::render::Render;

const OWN: &str = include_str!("metrics/coordination.txt");
const OTHERS: &str = include_str!("metrics/others.txt");

/// Finds expressions that name a metric which nobody exports.
///
/// Fails when a dashboard is no JSON.
pub fn findings(renders: &[Render]) -> Result<Vec<String>, String> {
    let known = known();
    let mut found = BTreeSet::new();
    for object in renders.iter().flat_map(|render| &render.objects) {
        let recorded: BTreeSet<&str> = rules(object).filter_map(|rule| rule["record"].as_str()).collect();
        for (place, expression) in expressions(object)? {
            let unknown = promql::metrics(&expression).into_iter();
            let unknown = unknown.filter(|name| !known.contains(name.as_str()) && !recorded.contains(name.as_str()));
            found.extend(unknown.map(|name| format!("{place}: nobody exports `{name}`")));
        }
    }
    Ok(found.into_iter().collect())
}

/// Every metric on the lists, with the series that a histogram or summary is made of.
fn known() -> BTreeSet<String> {
    let lines = OWN.lines().chain(OTHERS.lines()).map(|line| line.split('#').next().unwrap_or_default().trim());
    let names = lines.filter(|line| !line.is_empty());
    let series = names.flat_map(|line| match line.split_once(' ') {
        Some((name, "histogram")) => ["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")).to_vec(),
        Some((name, _)) => vec![name.to_owned()],
        None => vec![line.to_owned()],
    });
    series.collect()
}

/// The expressions of a set of rules or a dashboard, each with its place.
fn expressions(object: &Value) -> Result<Vec<(String, String)>, String> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let mut found = Vec::new();
    for rule in rules(object) {
        let title = rule["alert"].as_str().or(rule["record"].as_str()).unwrap_or_default();
        let expression = rule["expr"].as_str().unwrap_or_default();
        found.push((format!("PrometheusRule/{name}: {title}"), expression.to_owned()));
    }
    if object["kind"] == "ConfigMap" && object["metadata"]["labels"]["grafana_dashboard"] == "1" {
        for (file, text) in object["data"].as_object().into_iter().flatten() {
            let text = text.as_str().unwrap_or_default();
            let dashboard: Value =
                serde_json::from_str(text).map_err(|error| format!("dashboard {file} is no JSON: {error}"))?;
            let mut texts = Vec::new();
            collect(&dashboard, &mut texts);
            found.extend(texts.into_iter().map(|text| (format!("dashboard {file}"), text)));
        }
    }
    Ok(found)
}

fn rules(object: &Value) -> impl Iterator<Item = &Value> {
    let groups = object["spec"]["groups"].as_array().filter(|_| object["kind"] == "PrometheusRule");
    groups.into_iter().flatten().flat_map(|group| group["rules"].as_array().into_iter().flatten())
}

/// Everything that is asked of Prometheus in a dashboard: expressions, and the metrics whose labels variables offer.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            let query = ["query", "definition"].into_iter().filter_map(|field| fields.get(field)?.as_str());
            let asked =
                query.filter_map(|text| Some(text.strip_prefix("label_values(")?.split_once(',')?.0.to_owned()));
            found.extend(asked);
            fields.values().for_each(|field| collect(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn complaints(object: Value) -> Vec<String> {
        findings(&[Render { name: "root".to_owned(), objects: vec![object] }]).unwrap()
    }

    #[test]
    fn a_rule_about_a_metric_that_nobody_exports_is_refused() {
        let rule = |expression: &str| {
            json!({"kind": "PrometheusRule", "metadata": {"name": "r"}, "spec": {"groups": [{"rules": [
                {"record": "ours:rate", "expr": "rate(messages_sent_total[5m])"}, {"alert": "A", "expr": expression}]}]}})
        };
        assert_eq!(complaints(rule("ours:rate < 1 and rate(api_latency_seconds_count[5m]) > 0")), [""; 0]);
        assert_eq!(
            complaints(rule("mesages_sent_total > 1")),
            ["PrometheusRule/r: A: nobody exports `mesages_sent_total`"]
        );
        assert_eq!(complaints(rule("theirs:rate > 1")).len(), 1);
    }

    #[test]
    fn a_dashboard_about_a_metric_that_nobody_exports_is_refused() {
        let dashboard = |metric: &str| {
            let text = json!({"templating": {"list": [{"query": "label_values(deliveries, state)"}]},
                "panels": [{"panels": [{"targets": [{"expr": format!("sum({metric})")}]}]}]});
            json!({"kind": "ConfigMap", "metadata": {"name": "d", "labels": {"grafana_dashboard": "1"}},
                "data": {"d.json": text.to_string()}})
        };
        assert_eq!(complaints(dashboard("event_log_head")), [""; 0]);
        assert_eq!(complaints(dashboard("event_log_tail")), ["dashboard d.json: nobody exports `event_log_tail`"]);
    }
}
