//! Changing inputs: bits, bytes, numbers, pieces of other inputs, and what parsers stumble over.

/// The longest input that is made, in bytes.
const BYTES_MAX: usize = 1 << 16;

/// What parsers stumble over, whatever they read.
const PIECES: [&[u8]; 40] = [
    b"\0",
    b"\r\n",
    b"\n\n",
    b"\\",
    b"\"",
    b"'",
    b":",
    b": ",
    b"- ",
    b"#",
    b"&a ",
    b"*a",
    b"!!",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"-1",
    b"0",
    b"1e400",
    b"NaN",
    b"9223372036854775808",
    b"18446744073709551616",
    b"99999999999999999999999999",
    b"\\ud83d",
    b"\\u0000",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x9a\x80",
    b"\xe3\x83\x86",
    b"\xcc\x81",
    b"%00",
    b"%",
    b"bytes=",
    b"..",
    b"/../",
    b"@",
    b"null",
    b"data: ",
];

/// Makes inputs out of others. The same seed makes the same inputs.
#[derive(Debug)]
pub struct Mutator {
    corpus: Vec<Vec<u8>>,
    state: u64,
}

impl Mutator {
    /// Begins with these inputs, of which there is at least one.
    pub fn new(corpus: Vec<Vec<u8>>, seed: u64) -> Self {
        Self { corpus, state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// Makes the next input: one of the corpus with one to eight changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.pick();
        for _ in 0..=self.below(8) {
            self.change(&mut input);
            input.truncate(BYTES_MAX);
        }
        input
    }

    fn pick(&mut self) -> Vec<u8> {
        let which = self.below(self.corpus.len());
        self.corpus.get(which).cloned().unwrap_or_default()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(9) {
            0 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let byte = self.below(256) as u8;
                input.insert(at, byte);
            }
            2 => {
                let end = (at + 1 + self.below(16)).min(input.len());
                drop(input.drain(at.min(end)..end));
            }
            3 | 4 => {
                let piece = PIECES[self.below(PIECES.len())];
                drop(input.splice(at..at, piece.iter().copied()));
            }
            5 => {
                let end = (at + self.below(32)).min(input.len());
                let piece = input[at..end].to_vec();
                let times = 1 << self.below(10);
                if piece.len() * times < BYTES_MAX {
                    drop(input.splice(at..at, piece.repeat(times)));
                }
            }
            6 => {
                let other = self.pick();
                let from = self.below(other.len() + 1);
                let end = (from + self.below(64)).min(other.len());
                drop(input.splice(at..at, other[from..end].iter().copied()));
            }
            7 => input.truncate(at),
            _ => {
                let depth = 1 << self.below(13);
                let open = [b"[", b"{", b"(", b"\""][self.below(4)];
                drop(input.splice(at..at, open.repeat(depth)));
            }
        }
    }

    /// A number below a bound; 0 where the bound is 0.
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*: no more is asked of it than to differ.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let drawn = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        (drawn as usize).checked_rem(bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_another_one_others() {
        let inputs = |seed| {
            let mut mutator = Mutator::new(vec![b"one".to_vec(), b"{\"two\": 2}".to_vec()], seed);
            (0..500).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        let mut distinct = inputs(1);
        distinct.sort();
        distinct.dedup();
        assert!(distinct.len() > 400, "{} different ones", distinct.len());
        assert!(distinct.iter().all(|input| input.len() <= BYTES_MAX));
    }

    #[test]
    fn an_empty_input_is_changed_too() {
        let mut mutator = Mutator::new(vec![Vec::new()], 7);
        assert!((0..200).any(|_| !mutator.next_input().is_empty()));
    }
}
