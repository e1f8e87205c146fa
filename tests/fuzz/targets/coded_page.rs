//! A body that may be broken anywhere, in each coding. Input: bytes for coding and size of parts, then the body as the origin sent it.

use kelisim::rewrite::{CodedTexts, Coding, Recipe, splice};

use super::{
    Target,
    page_parts::{CODINGS, Outcome, decode, has_ours, injection, plan, put_through, without_ours},
};

pub const TARGET: Target = Target { name: "coded_page", run, words: WORDS, runs: 800 };

const WORDS: &[&str] = &["\u{1f}", "\u{0}\u{0}\u{0}\u{0}", "\u{8}", "\u{28}", "<head>", "<body>"];

fn run(input: &[u8]) {
    let [coding, size, body @ ..] = input else { return };
    let coding = CODINGS[usize::from(*coding) % CODINGS.len()];
    let recipe = Recipe { plan: plan(coding), injection: injection(), edits: None };
    let size = if *size < 128 { usize::from(*size) % 16 + 1 } else { usize::from(*size) * 8 };
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
