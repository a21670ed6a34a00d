//! What schemas do not see: whether the objects of a render fit together. Each rule is a function from a world of objects to
//! complaints, and its own tests show what it refuses.

mod autoscalers;
mod budgets;
mod images;
mod labels;
mod made;
mod monitors;
mod mounts;
mod names;
mod namespaces;
mod objects;
mod policies;
mod probes;
mod quantities;
mod quotas;
mod references;
mod restricted;
mod rollouts;
#[cfg(test)]
mod sample;
mod services;

use std::collections::BTreeMap;

use super::render::Render;
use objects::World;

/// A rule: what it is called, and what it finds.
type Rule = (&'static str, fn(&World) -> Vec<String>);

/// All rules.
const RULES: &[Rule] = &[
    ("names", names::check),
    ("namespaces", namespaces::check),
    ("labels", labels::check),
    ("quantities", quantities::check),
    ("services", services::check),
    ("autoscalers", autoscalers::check),
    ("budgets", budgets::check),
    ("references", references::check),
    ("mounts", mounts::check),
    ("policies", policies::check),
    ("quotas", quotas::check),
    ("probes", probes::check),
    ("rollouts", rollouts::check),
    ("images", images::check),
    ("restricted", restricted::check),
    ("monitors", monitors::check),
];

/// Runs every rule over every render. A finding that several renders share is told once.
///
/// A slot is applied beside the root, so it is looked at together with it.
pub fn findings(renders: &[Render]) -> Vec<String> {
    let root = renders.iter().find(|render| render.name == "root");
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for render in renders {
        let beneath = root.filter(|_| render.name.starts_with("blue-green/")).map_or(&[][..], |root| &root.objects);
        let whole = root.map_or(&[][..], |root| &root.objects);
        let world = World::of(beneath, &render.objects).within(whole);
        for (rule, check) in RULES {
            for why in check(&world) {
                found.entry(format!("{rule}: {why}")).or_default().push(&render.name);
            }
        }
    }
    let told = found.into_iter().map(|(why, names)| {
        let shortest = names.iter().min_by_key(|name| name.len()).copied().unwrap_or_default();
        match names.len() {
            1 => format!("{shortest}: {why}"),
            count => format!("{shortest} and {} more: {why}", count - 1),
        }
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_world_has_no_findings() {
        let render = Render { name: "root".to_owned(), objects: sample::objects() };
        assert_eq!(findings(&[render]), Vec::<String>::new());
    }

    #[test]
    fn a_finding_of_several_renders_is_told_once() {
        let mut objects = sample::objects();
        sample::set(&mut objects, "Service/api", "/spec/selector/app", "nobody".into());
        let renders = ["root", "overlays/a"].map(|name| Render { name: name.to_owned(), objects: objects.clone() });
        let found = findings(&renders);
        assert!(found.iter().any(|why| why.starts_with("root and 1 more: services: Service/api")), "{found:?}");
    }
}
