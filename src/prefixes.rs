//! Prefixes of names and paths: the longest that begins a text, by binary search, so that many cost no more than few.

/// Prefixes in the order of their text.
#[derive(Clone, Debug, Default)]
pub struct Prefixes {
    prefixes: Vec<Prefix>,
    /// The first eight bytes of each, the first byte the highest, so that numbers are in the order of texts. Most of the search compares
    /// these.
    heads: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Prefix {
    text: Box<[u8]>,
    rule: usize,
    /// The longest other prefix that begins this one.
    shorter: Option<usize>,
}

impl Prefixes {
    /// Prefixes, each with the number of its rule; of equal ones the first counts.
    pub fn new(mut prefixes: Vec<(Box<[u8]>, usize)>) -> Self {
        // The sort is stable, so the first of equal texts stays first and survives.
        prefixes.sort_by(|(one, _), (other, _)| one.cmp(other));
        prefixes.dedup_by(|(later, _), (earlier, _)| later == earlier);
        let heads = prefixes.iter().map(|(text, _)| head(text)).collect();
        let mut made = Self { prefixes: Vec::with_capacity(prefixes.len()), heads };
        for (text, rule) in prefixes {
            let shorter = made.longest(made.prefixes.len().checked_sub(1), &text);
            made.prefixes.push(Prefix { text, rule, shorter });
        }
        made
    }

    /// The rule of the longest that begins the whole.
    pub fn find(&self, whole: &[u8]) -> Option<usize> {
        let begun = head(whole);
        // Prefixes that share their first eight bytes with the whole stand last among those that are not behind it.
        let last = self.heads.partition_point(|head| *head <= begun);
        let mut before = last;
        if last > 0 && self.heads[last - 1] == begun {
            let first = self.heads[..last].partition_point(|head| *head < begun);
            before = first + self.prefixes[first..last].partition_point(|prefix| *prefix.text <= *whole);
        }
        self.longest(before.checked_sub(1), whole).map(|index| self.prefixes[index].rule)
    }

    /// The longest prefix of `whole`, at or before `from` in sorted order.
    ///
    /// Whatever sorts between a prefix of the whole and the whole itself begins with that prefix too. So the nearest entry
    /// before the whole either is the answer or begins with it, and the chain of shorter ones leads there.
    fn longest(&self, from: Option<usize>, whole: &[u8]) -> Option<usize> {
        let mut candidate = from;
        while let Some(index) = candidate {
            if whole.starts_with(&self.prefixes[index].text) {
                break;
            }
            candidate = self.prefixes[index].shorter;
        }
        candidate
    }
}

/// The first eight bytes, nought behind the end.
fn head(text: &[u8]) -> u64 {
    if let Some(bytes) = text.first_chunk::<8>() {
        return u64::from_be_bytes(*bytes);
    }
    text.iter().rev().fold(0, |number, byte| number >> 8 | u64::from(*byte) << 56)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_is_found_among_all_that_look_alike() {
        let texts =
            ["a", "ab", "abcdefgh", "abcdefghi", "abcdefghij", "abcdefghk", "abd", "b", "\u{44f}", "abcdefgh", "zz"];
        let prefixes =
            Prefixes::new(texts.iter().enumerate().map(|(rule, text)| (text.as_bytes().into(), rule)).collect());
        let names = [
            "",
            "`",
            "abcdefg",
            "abcdefghi1",
            "abcdefghia",
            "abcdefghz",
            "abcdefghj",
            "abz",
            "z",
            "zzz",
            "\u{44f}x",
            "A",
        ];
        for name in names.into_iter().chain(texts) {
            let begins = |(_, text): &(usize, &&str)| name.starts_with(**text);
            let longest = texts.iter().enumerate().filter(begins).rev().max_by_key(|(_, text)| text.len());
            assert_eq!(prefixes.find(name.as_bytes()), longest.map(|(rule, _)| rule), "{name}");
        }
        assert_eq!(Prefixes::default().find(b"a"), None);
    }
}
