//! Inputs made of seeds: each is a seed with a few changes, so that it is nearly right, and goes as far as what is right goes.

use proptest::{prelude::*, sample::Index};

/// Longest input that is made, in bytes.
const LONGEST: usize = 16 * 1024;

/// Bytes that mean something to one reader or another.
const BYTES: &[u8] = b"\0\x01\t\n\r \"'#%&*+,-./0:;<=>?@[\\]_{}~\x7f\x80\xc2\xff";

/// One change.
#[derive(Clone, Debug)]
enum Change {
    Flip {
        at: Index,
        bit: u8,
    },
    Set {
        at: Index,
        byte: u8,
    },
    Insert {
        at: Index,
        bytes: Vec<u8>,
    },
    Remove {
        at: Index,
        length: usize,
    },
    Repeat {
        at: Index,
        length: usize,
        times: usize,
    },
    /// A run of another seed, in place of as many bytes or between them.
    Take {
        at: Index,
        seed: Index,
        from: Index,
        length: usize,
        over: bool,
    },
    Cut {
        at: Index,
    },
}

/// Inputs made of these seeds and words.
pub fn inputs(seeds: &[Vec<u8>], words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let seeds = seeds.to_vec();
    let made = (any::<Index>(), proptest::collection::vec(change(words), 0..7));
    made.prop_map(move |(seed, changes)| {
        changes.into_iter().fold(seed.get(&seeds).clone(), |input, change| change.made(input, &seeds))
    })
}

fn change(words: &'static [&'static str]) -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    let word = proptest::sample::select(words).prop_map(|word| word.as_bytes().to_vec());
    let bytes = prop_oneof![6 => word, 1 => proptest::collection::vec(any::<u8>(), 1..6)];
    prop_oneof![
        2 => (index(), 0..8_u8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        3 => (index(), proptest::sample::select(BYTES)).prop_map(|(at, byte)| Change::Set { at, byte }),
        4 => (index(), bytes).prop_map(|(at, bytes)| Change::Insert { at, bytes }),
        2 => (index(), 1..40_usize).prop_map(|(at, length)| Change::Remove { at, length }),
        1 => (index(), 1..60_usize, 2..40_usize).prop_map(|(at, length, times)| Change::Repeat { at, length, times }),
        3 => (index(), index(), index(), 1..200_usize, any::<bool>())
            .prop_map(|(at, seed, from, length, over)| Change::Take { at, seed, from, length, over }),
        1 => index().prop_map(|at| Change::Cut { at }),
    ]
}

impl Change {
    fn made(self, mut input: Vec<u8>, seeds: &[Vec<u8>]) -> Vec<u8> {
        // An offset may also be the end.
        let place = |at: Index, length: usize| at.index(length + 1);
        let all = input.len();
        match self {
            Self::Flip { at, bit } => input.iter_mut().skip(place(at, all)).take(1).for_each(|byte| *byte ^= 1 << bit),
            Self::Set { at, byte } => input.iter_mut().skip(place(at, all)).take(1).for_each(|old| *old = byte),
            Self::Insert { at, bytes } => {
                let at = place(at, all);
                input.splice(at..at, bytes);
            }
            Self::Remove { at, length } => {
                let at = place(at, all);
                input.drain(at..(at + length).min(all));
            }
            Self::Repeat { at, length, times } => {
                let at = place(at, all);
                let run = input[at..(at + length).min(all)].repeat(times);
                input.splice(at..at, run);
            }
            Self::Take { at, seed, from, length, over } => {
                let seed = seed.get(seeds);
                let from = place(from, seed.len());
                let run = seed[from..(from + length).min(seed.len())].to_vec();
                let at = place(at, all);
                let end = if over { (at + run.len()).min(all) } else { at };
                input.splice(at..end, run);
            }
            Self::Cut { at } => input.truncate(place(at, all)),
        }
        input.truncate(LONGEST);
        input
    }
}
