//! Random commands against an engine and a model beside it, which are compared after each.

mod command;
mod decision;
mod driver;
mod world;

use proptest::prelude::*;

use command::command;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_engine_is_as_its_model_after_every_command(
        pauses in prop_oneof![Just(vec![]), Just(vec![1]), Just(vec![2, 5])],
        commands in proptest::collection::vec(command(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(driver::run(pauses, commands));
    }
}
