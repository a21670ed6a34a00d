//! Duties: each is somebody's, and of two who want one only one has it.

use crate::{Duty, Store};

const RELAY: &str = "relay";

fn of(holder: &str, beat: i64) -> Duty {
    Duty { holder: holder.to_owned(), beat }
}

/// Whoever is first has it, keeps it with every beat, and others learn who it is.
pub async fn a_duty_is_taken_kept_and_given_up(store: &Store) {
    assert_eq!(store.duty(RELAY).await.expect("read"), None);
    assert!(store.take_duty(RELAY, "one", None).await.expect("taken"));
    assert_eq!(store.duty(RELAY).await.expect("read"), Some(of("one", 1)));
    assert!(store.take_duty(RELAY, "one", Some(&of("one", 1))).await.expect("kept"));
    assert!(store.take_duty(RELAY, "", Some(&of("one", 2))).await.expect("given up"));
    assert!(store.take_duty(RELAY, "two", Some(&of("", 3))).await.expect("taken"));
    assert_eq!(store.duty(RELAY).await.expect("read"), Some(of("two", 4)));
    assert_eq!(store.duty("timers").await.expect("read"), None);
}

/// What was found before somebody took or kept the duty gives no right to it.
pub async fn a_duty_is_not_taken_on_old_knowledge(store: &Store) {
    assert!(store.take_duty(RELAY, "one", None).await.expect("taken"));
    assert!(!store.take_duty(RELAY, "two", None).await.expect("refused"));
    let found = store.duty(RELAY).await.expect("read").expect("there");
    assert!(store.take_duty(RELAY, "one", Some(&found)).await.expect("kept"));
    assert!(!store.take_duty(RELAY, "two", Some(&found)).await.expect("refused"));
    assert_eq!(store.duty(RELAY).await.expect("read"), Some(of("one", 2)));
}

/// Of many who find it the same way at once, one has it.
pub async fn of_all_who_take_a_duty_at_once_one_has_it(store: &Store) {
    let names: Vec<String> = (0..8).map(|number| format!("process-{number}")).collect();
    let mut taking = tokio::task::JoinSet::new();
    for name in &names {
        let (store, name) = (store.clone(), name.clone());
        taking.spawn(async move { store.take_duty(RELAY, &name, None).await.expect("answered").then_some(name) });
    }
    let taken: Vec<String> = taking.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(store.duty(RELAY).await.expect("read"), Some(of(&taken[0], 1)));
}
