//! A page with something replaced is what an independent decoder makes of it, and what can't be spliced is declined.

use std::{
    io::{Read as _, Write as _},
    ops::Range,
};

use flate2::{Compress, Compression, FlushCompress, GzBuilder};
use proptest::prelude::*;

use super::*;

const TEXT: &str =
    "<!DOCTYPE html><html><head><title>Shop</title></head><body><p>one and one and one is three</p></body></html>";

/// A member of gzip that was flushed between some of its parts.
fn gzip(level: u32, parts: &[(&[u8], FlushCompress)]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::new(level), false);
    let (mut out, mut checksum) = (vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3], Crc::new());
    for (part, flush) in parts {
        out.reserve(2 * part.len() + 200_000);
        compress.compress_vec(part, &mut out, *flush).unwrap();
        checksum.update(part);
    }
    out.reserve(1 << 20);
    compress.compress_vec(&[], &mut out, FlushCompress::Finish).unwrap();
    out.extend_from_slice(&checksum.sum().to_le_bytes());
    out.extend_from_slice(&checksum.amount().to_le_bytes());
    out
}

fn at_level(page: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzBuilder::new().filename("page.html").write(Vec::new(), Compression::new(level));
    encoder.write_all(page).unwrap();
    encoder.finish().unwrap()
}

fn decoded(body: &[u8]) -> Vec<u8> {
    let (mut page, mut decoder) = (Vec::new(), flate2::bufread::GzDecoder::new(body));
    decoder.read_to_end(&mut page).unwrap();
    assert!(decoder.into_inner().is_empty(), "nothing follows");
    page
}

fn expected(page: &[u8], replacements: &[(Range<usize>, Bytes)]) -> Vec<u8> {
    replacements.iter().rev().fold(page.to_vec(), |mut page, (at, with)| {
        page.splice(at.clone(), with.iter().copied());
        page
    })
}

#[test]
fn a_page_is_taken_apart_and_put_together_again() {
    let long = TEXT.repeat(2000);
    for page in [TEXT, "", "a", &long] {
        for level in [0, 1, 4, 9] {
            let spliced = Spliced::new(&at_level(page.as_bytes(), level)).unwrap();
            assert_eq!(spliced.page(), page.as_bytes());
            assert_eq!(decoded(&spliced.replaced([], None).unwrap()), page.as_bytes(), "level {level}");
        }
    }
}

#[test]
fn bytes_and_copies_around_an_insertion_stay_what_they_were() {
    let insertions = ["x", "<b>", &"a longer insertion with other letters ".repeat(90)];
    let (mut tried, mut done) = (0, 0);
    for level in [0, 1, 6, 9] {
        let body = at_level(TEXT.as_bytes(), level);
        let spliced = Spliced::new(&body).unwrap();
        for with in insertions {
            for at in 0..=TEXT.len() {
                for end in [at, at + 1, at + 9].into_iter().filter(|end| *end <= TEXT.len()) {
                    let replacement = [(at..end, Bytes::copy_from_slice(with.as_bytes()))];
                    tried += 1;
                    let Some(made) = spliced.replaced(replacement.clone(), None) else { continue };
                    done += 1;
                    assert_eq!(decoded(&made), expected(TEXT.as_bytes(), &replacement), "level {level}, {at}..{end}");
                }
            }
        }
    }
    assert!(done > tried * 9 / 10, "{done} of {tried}: hardly anything is declined");
}

#[test]
fn an_insertion_hardly_makes_a_page_longer_than_it_is() {
    let page = (0..3000)
        .map(|number: u32| format!("<p>{} is one</p>", number.wrapping_mul(2_654_435_761) % 9973))
        .collect::<String>();
    let body = at_level(page.as_bytes(), 6);
    let with =
        Bytes::from_static(b"<script data-kelisim-script src=\"/_kelisim/gate.js\" integrity=\"sha384-abc\"></script>");
    let made = Spliced::new(&body).unwrap().replaced([(3..3, with.clone()), (5000..5000, with)], None).unwrap();
    assert!(made.len() < body.len() + 700, "{} from {}", made.len(), body.len());
}

#[test]
fn what_is_unusual_or_damaged_is_declined() {
    let body = at_level(TEXT.as_bytes(), 6);
    for length in 0..body.len() {
        assert!(Spliced::new(&body[..length]).is_none(), "cut at {length}");
    }
    for (at, bit) in (0..body.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut damaged = body.clone();
        damaged[at] ^= 1 << bit;
        if let Some(made) = Spliced::new(&damaged).and_then(|spliced| spliced.replaced([], None)) {
            assert_eq!(decoded(&made), TEXT.as_bytes(), "byte {at}, bit {bit}");
        }
    }
    assert!(Spliced::new(&[&body[..], &body[..]].concat()).is_none(), "two members");
    assert!(Spliced::new(&[&body[..], &[0]].concat()).is_none(), "something behind it");
    assert!(Spliced::new(&at_level(&vec![b' '; LONGEST_PAGE + 1], 6)).is_none(), "too much");
    let flushed = |times: usize| {
        let parts =
            TEXT.as_bytes().iter().cycle().take(times).map(|byte| (std::slice::from_ref(byte), FlushCompress::Sync));
        Spliced::new(&gzip(6, &parts.collect::<Vec<_>>()))
    };
    assert!(flushed(100).is_some() && flushed(600).is_none(), "two blocks for each byte");
    let mut checked = body;
    checked[3] = 2;
    assert!(Spliced::new(&checked).is_none(), "a header with a checksum");
}

fn any_part() -> impl Strategy<Value = (Vec<u8>, FlushCompress)> {
    let words = vec![
        "<p>text",
        "</p>",
        "<a href=\"/case/",
        "\">",
        "one and one is ",
        "\u{420}\u{443}\u{441}\u{441}\u{43a}\u{438}\u{439} ",
        "9",
        "x",
        "<script>var a = {};</script>",
    ];
    let text = proptest::collection::vec((prop::sample::select(words), 1..30_usize), 0..60);
    let text =
        text.prop_map(|words| words.into_iter().flat_map(|(word, times)| word.repeat(times).into_bytes()).collect());
    let noise = proptest::collection::vec(any::<u8>(), 0..2000);
    let flush = prop::sample::select(vec![
        FlushCompress::None,
        FlushCompress::Sync,
        FlushCompress::Full,
        FlushCompress::Partial,
    ]);
    (prop_oneof![6 => text, 1 => noise], flush)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_page_with_anything_replaced_is_what_it_should_be(
        level in prop::sample::select(vec![0, 1, 2, 6, 9]),
        parts in proptest::collection::vec(any_part(), 0..6),
        replaced in proptest::collection::vec((any::<prop::sample::Index>(), 0..40_usize, "[ -~]{0,60}", 0..60_usize), 0..8),
    ) {
        let page: Vec<u8> = parts.iter().flat_map(|(part, ..)| part.clone()).collect();
        let parts: Vec<_> = parts.iter().map(|(part, flush)| (&part[..], *flush)).collect();
        let spliced = Spliced::new(&gzip(level, &parts)).unwrap();
        prop_assert!(spliced.page() == &page);
        let mut replacements: Vec<(Range<usize>, Bytes)> = Vec::new();
        let mut starts: Vec<_> = replaced.iter().map(|(at, length, with, times)| (at.index(page.len() + 1), length, with, times)).collect();
        starts.sort_by_key(|(at, ..)| *at);
        for (at, length, with, times) in starts {
            let end = (at + length * (times % 2)).min(page.len());
            if replacements.last().is_none_or(|(last, _)| last.end <= at) {
                replacements.push((at..end, with.repeat(*times).into()));
            }
        }
        let texts = CodedTexts::default();
        if let Some(made) = spliced.replaced(replacements.clone(), Some(&texts)) {
            prop_assert!(decoded(&made) == expected(&page, &replacements));
            let again = spliced.replaced(replacements.clone(), Some(&texts));
            prop_assert!(again.as_ref() == Some(&made), "a known text is put in as one that is compressed now");
            prop_assert!(spliced.replaced(replacements, None) == Some(made), "and as one that is not to be known");
        }
    }

    #[test]
    fn noise_is_declined_and_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..400), length in 0..3000_u32) {
        let body = [&[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3][..], &noise, &[0; 4], &length.to_le_bytes()].concat();
        if let Some(spliced) = Spliced::new(&body) {
            prop_assert_eq!(spliced.page().len(), length as usize);
        }
    }
}
