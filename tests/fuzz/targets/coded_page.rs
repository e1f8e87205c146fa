//! A body that may be broken anywhere, in each coding. Input: bytes for coding and size of parts, then the body as the origin sent it.
//!
//! A change of a gzip body nearly always breaks the sum at its end, and then nothing is made of it. So it is tried with the right sum as well.

use std::io::Read as _;

use flate2::{Crc, bufread::DeflateDecoder};
use kelisim::rewrite::{CodedTexts, Coding, Recipe, splice};

use super::{
    Target,
    page_parts::{CODINGS, MOST_DECODED, Outcome, decode, has_ours, injection, plan, put_through, without_ours},
};

pub const TARGET: Target = Target { name: "coded_page", run, words: WORDS, runs: 800 };

const WORDS: &[&str] = &["\u{1f}", "\u{0}\u{0}\u{0}\u{0}", "\u{8}", "\u{28}", "<head>", "<body>"];

fn run(input: &[u8]) {
    let [coding, size, body @ ..] = input else { return };
    let coding = CODINGS[usize::from(*coding) % CODINGS.len()];
    let size = if *size < 128 { usize::from(*size) % 16 + 1 } else { usize::from(*size) * 8 };
    check(coding, size, body);
    if coding == Coding::Gzip
        && let Some(body) = with_right_sum(body).filter(|mended| mended != body)
    {
        check(coding, size, &body);
    }
}

/// One member of gzip without optional fields, with the sum and the length that its code unfolds to (RFC 1952, section 2.3); `None` where the
/// code can't be read to its end.
fn with_right_sum(body: &[u8]) -> Option<Vec<u8>> {
    /// Magic number, method, flags, time, level, system.
    const HEADER: usize = 10;
    let (header, coded) = body.split_at_checked(HEADER)?;
    if !header.starts_with(&[0x1f, 0x8b, 8, 0]) {
        return None;
    }
    let (mut decoder, mut page) = (DeflateDecoder::new(coded), Vec::new());
    (&mut decoder)
        .take(MOST_DECODED + 1)
        .read_to_end(&mut page)
        .ok()
        .filter(|length| *length as u64 <= MOST_DECODED)?;
    let read = usize::try_from(decoder.total_in()).ok()?;
    let mut sum = Crc::new();
    sum.update(&page);
    Some([header, &coded[..read], &sum.sum().to_le_bytes(), &sum.amount().to_le_bytes()].concat())
}

fn check(coding: Coding, size: usize, body: &[u8]) {
    let recipe = Recipe { plan: plan(coding), injection: injection(), edits: None };
    let page = decode(coding, body);
    if has_ours(page.as_deref().unwrap_or(body)) {
        return;
    }
    let whole = put_through(&recipe, body, body.len());
    let parted = put_through(&recipe, body, size);
    for outcome in [&whole, &parted] {
        let Outcome::Made(made) = outcome else { continue };
        // Whoever reads on behind the end, or stops before it, reads another page than browsers do. Bytes behind the end of a page in brotli
        // are left out, as browsers do, and refused by the other decoder.
        let Some(page) = &page else {
            assert!(coding == Coding::Brotli, "what we could read another decoder can read");
            continue;
        };
        let made = decode(coding, made).expect("another decoder reads what we write");
        assert_eq!(without_ours(&made).escape_ascii().to_string(), page.escape_ascii().to_string());
    }
    if coding == Coding::Gzip
        && let Some((spliced, _)) = splice(&recipe, body, Some(&CodedTexts::default()))
    {
        let Outcome::Made(made) = whole else { panic!("what is spliced can be made piece by piece") };
        assert_eq!(decode(coding, &spliced), decode(coding, &made));
    }
}
