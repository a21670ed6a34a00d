//! Dice that fall the same way for the same seed: `SplitMix64`.

use std::hash::{BuildHasher, Hasher, RandomState};

pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Takes the seed that this variable of the environment holds, or a new one, and says how to run it again.
    #[expect(clippy::disallowed_methods, reason = "a failing run is run again with its seed")]
    pub(crate) fn seeded(variable: &str) -> Self {
        let given = std::env::var(variable).ok().map(|seed| seed.parse().expect("a seed is a number"));
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        println!("seed {seed}; run it again with {variable}={seed}");
        Self { state: seed }
    }

    /// Other dice, decided by these.
    pub(crate) fn fork(&mut self) -> Self {
        Self { state: self.next() }
    }

    /// A number from 0 up to, and without, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
