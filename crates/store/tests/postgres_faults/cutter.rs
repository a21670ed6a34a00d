//! Hundreds of commits while their connection is cut at random places, and a ledger of what was answered.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use domain::message::MessageId;
use store::conformance::world::World;
use store::{Error, SendOutcome, Store};
use testkit::proxy::{Cut, Proxy, Trap};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::commits::{COMMIT, Wired, sent, under};
use crate::{SOON, message};

const SENDERS: usize = 4;
const EACH: usize = 80;

/// Numbers that come the same again for the same seed: `SplitMix64`.
struct Random(u64);

impl Random {
    #[expect(clippy::disallowed_methods, reason = "a failing run is run again with its seed")]
    fn seeded() -> Self {
        let given = std::env::var("STORE_CUTTER_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        println!("seed {seed}; run it again with STORE_CUTTER_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What one sender was told.
#[derive(Default)]
struct Told {
    done: Vec<MessageId>,
    not_done: Vec<MessageId>,
    /// Answers that said perhaps; each was asked again under its key.
    perhaps: usize,
}

/// Sends, each message until it is answered: again as a new one where it surely was not done, under its key where perhaps.
async fn send(store: Store, number: usize, begin: Arc<Barrier>) -> Told {
    let world = World::new(&store).await;
    begin.wait().await;
    let mut told = Told::default();
    for count in 0..EACH {
        let key = format!("sender-{number}-{count}");
        let (mut message, mut perhaps) = (message(&world, number), false);
        loop {
            match store.commit(under(&world, &key, &message)).await.map(|committed| committed.outcome) {
                Ok(SendOutcome::Sent(_)) => break,
                Ok(SendOutcome::Replayed(id)) if perhaps && id == message.id => break,
                Ok(other @ SendOutcome::Replayed(_)) => panic!("`{key}` was answered with {other:?}"),
                Err(Error::Unknown(_)) => {
                    told.perhaps += 1;
                    perhaps = true;
                }
                Err(Error::Unavailable(_)) if perhaps => {}
                Err(Error::Unavailable(_)) => {
                    told.not_done.push(message.id);
                    message = crate::message(&world, number);
                }
                Err(error) => panic!("`{key}`: {error}"),
            }
        }
        told.done.push(message.id);
    }
    told
}

/// Cuts at random places until it is stopped.
async fn cut(wire: Arc<Proxy>, mut random: Random) {
    loop {
        let place = match random.below(3) {
            0 => Some(Cut::Request(random.below(COMMIT.len() as u64 + 1) as usize)),
            1 => Some(Cut::Answer(random.below(200) as usize)),
            _ => None,
        };
        match place {
            Some(cut) => wire.set(Trap { pattern: COMMIT.to_vec(), cut, stalls: false }),
            None => wire.cut().await,
        }
        // pace: the next cut comes at any moment of the load
        sleep(Duration::from_millis(random.below(60))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_so_however_often_the_connection_is_cut() {
    is_so(Wired::start(Duration::from_secs(60)).await).await;
}

async fn is_so(wired: Wired) {
    let random = Random::seeded();
    let Wired { store, beside, wire, _servers } = wired;
    let wire = Arc::new(wire);
    World::new(&beside).await;
    let begin = Arc::new(Barrier::new(SENDERS + 1));
    let mut running = JoinSet::new();
    for number in 0..SENDERS {
        running.spawn(send(store.clone(), number, Arc::clone(&begin)));
    }
    timeout(SOON, begin.wait()).await.expect("in time");
    let mut cutting = JoinSet::new();
    cutting.spawn(cut(Arc::clone(&wire), random));
    let told = timeout(SOON, running.join_all()).await.expect("in time");
    cutting.shutdown().await;

    let world = World::new(&beside).await;
    let sent = sent(&world).await;
    let there: BTreeSet<MessageId> = sent.iter().copied().collect();
    let done: BTreeSet<MessageId> = told.iter().flat_map(|told| told.done.iter().copied()).collect();
    assert_eq!(there.len(), sent.len(), "a message is there twice");
    assert_eq!(done.len(), SENDERS * EACH);
    for told in &told {
        let undone: Vec<_> = told.not_done.iter().filter(|id| there.contains(id)).collect();
        assert_eq!(undone, Vec::<&MessageId>::new(), "was said not to be done, and is");
    }
    assert_eq!(there, done, "what was answered and what is there");
    let perhaps: usize = told.iter().map(|told| told.perhaps).sum();
    println!("{} cuts inside commits, {perhaps} answers of perhaps", wire.sprung());
    assert!(wire.sprung() > 10, "too few cuts to show anything");
    world.verify().await;
}
