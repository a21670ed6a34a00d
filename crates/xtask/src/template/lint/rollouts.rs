//! An update takes no pod away before its successor is ready, and the end of a pod has time enough.

use serde_json::Value;

use super::objects::{World, at, id, list};

pub(super) fn check(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for deployment in world.kind("Deployment") {
        let behind_a_service = world.kind("Service").any(|service| {
            let selector = serde_json::json!({"matchLabels": at(service, "/spec/selector")});
            world.selected(&selector).iter().any(|pod| pod.id() == id(deployment))
        });
        if behind_a_service && at(deployment, "/spec/strategy/rollingUpdate/maxUnavailable") != 0 {
            found.push(format!("{}: an update takes pods away before others are ready", id(deployment)));
        }
    }
    for pod in &world.pods {
        let grace = at(pod.spec(), "/terminationGracePeriodSeconds").as_u64().unwrap_or(30);
        let pauses = pod.containers().into_iter().map(|one| at(one.spec, "/lifecycle/preStop/sleep/seconds").as_u64());
        if let Some(longest) = pauses.flatten().max().filter(|longest| *longest >= grace) {
            found.push(format!("{}: sleeps {longest} s before its end, of the {grace} s it is given", pod.id()));
        }
    }
    for job in world.kind("Job").filter(|job| !goes_by_itself(job)) {
        found.push(format!("{}: stays after its work, and its template cannot change: the next apply fails", id(job)));
    }
    found
}

/// Whether a job goes away by itself soon enough for the next apply to make it anew.
fn goes_by_itself(job: &Value) -> bool {
    at(job, "/spec/ttlSecondsAfterFinished").as_u64().is_some_and(|seconds| seconds <= 300)
        && list(job, "/metadata/ownerReferences").is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{broken, with};
    use super::*;
    use serde_json::json;

    #[test]
    fn an_update_that_takes_pods_away_first_is_refused() {
        let pointer = "/spec/strategy/rollingUpdate/maxUnavailable";
        assert_eq!(broken(check, "Deployment/api", pointer, json!(1)).len(), 1);
        assert_eq!(broken(check, "Deployment/api", "/spec/strategy", json!({})).len(), 1);
    }

    #[test]
    fn a_pause_as_long_as_the_grace_is_refused() {
        let grace = "/spec/template/spec/terminationGracePeriodSeconds";
        assert_eq!(broken(check, "Deployment/api", grace, json!(10)).len(), 1);
        assert_eq!(broken(check, "Deployment/api", grace, json!(11)).len(), 0);
    }

    #[test]
    fn a_job_that_stays_is_refused() {
        let job = |spec: serde_json::Value| json!({"kind": "Job", "metadata": {"name": "j"}, "spec": spec});
        assert_eq!(with(check, job(json!({}))).len(), 1);
        assert_eq!(with(check, job(json!({"ttlSecondsAfterFinished": 30}))).len(), 0);
    }
}
