//! A page on its way through, in every coding and in parts of any size. Input: bytes for coding, level, size of parts and edits; then the page.

use std::sync::Arc;

use bytes::Bytes;
use kelisim::{
    consent::{Category, CategorySet},
    rewrite::{CodedTexts, Coding, EditMode, Injection, PageEdits, Placeholder, Recipe, splice},
    routing::{ForeignHost, ForeignHosts, HostPattern},
};

use super::{
    Target,
    page_parts::{
        BANNER, CODINGS, Outcome, SCRIPT, decode, encode, has_ours, injection, plan, put_through, without_ours,
    },
};

pub const TARGET: Target = Target { name: "page", run, words: WORDS, runs: 700 };

pub const WORDS: &[&str] = &[
    "<!DOCTYPE html>",
    "<html>",
    "<head>",
    "</head>",
    "<body>",
    "</body>",
    "<title>",
    "</title>",
    "<script>",
    "</script>",
    "<style>",
    "<!--",
    "-->",
    "<!-->",
    "<noscript>",
    "</noscript>",
    "<template>",
    "</template>",
    "<svg>",
    "</svg>",
    "<math>",
    "<frameset>",
    "<frame src=//t.example>",
    "<iframe src=//maps.example/1></iframe>",
    "<iframe src='https://t.example/2' title=x>",
    "<img src=//maps.example/3>",
    "<link rel=preconnect href=//t.example>",
    "<script src=//maps.example/4></script>",
    "<base href=//t.example/>",
    "<meta charset=utf-8>",
    "<plaintext>",
    "<textarea>",
    "<xmp>",
    "<![CDATA[",
    "<table>",
    "<select>",
    "<p a='",
    "\"",
    "'",
    ">",
    "<",
    "</",
    "=",
    "&amp;",
    "\n",
    "\0",
    "\u{feff}",
    "\u{43f}",
    "srcset='/a 1x, //maps.example/b 2x'",
    "<html amp>",
    "charset=utf-7",
    "type=speculationrules",
];

/// In a page of this length there are fewer frames than are replaced at most.
const LONGEST_EDITED: usize = 2000;

fn run(input: &[u8]) {
    let [coding, level, size, edited, page @ ..] = input else { return };
    // What would be taken for ours can't be told from it.
    if has_ours(page) {
        return;
    }
    let coding = CODINGS[usize::from(*coding) % CODINGS.len()];
    // Parts of a byte or a few are where most can go wrong.
    let size = if *size < 128 { usize::from(*size) % 16 + 1 } else { usize::from(*size) * 8 };
    let edits = edits(*edited);
    let plain = |edits: Option<PageEdits>| Recipe { plan: plan(Coding::Identity), injection: injection(), edits };

    let placed = put_through(&plain(None), page, page.len());
    if let Outcome::Made(made) = &placed {
        assert_eq!(without_ours(made), page, "nothing but our insertions is new");
        assert!(made.len() <= page.len() + SCRIPT.len() + BANNER.len());
    }
    let expected = put_through(&plain(edits.clone()), page, page.len());
    assert!(!matches!(expected, Outcome::Broken(_)), "what needs no decoding can't break");
    check_edits(*edited, page, &expected);

    let body = encode(coding, *level, page);
    let recipe = Recipe { plan: plan(coding), injection: injection(), edits };
    let streamed = match put_through(&recipe, &body, size) {
        Outcome::Made(made) => Outcome::Made(decode(coding, &made).expect("another decoder reads what we write")),
        Outcome::Broken(_) => panic!("the body is whole"),
        Outcome::Passed => Outcome::Passed,
    };
    // A page is known as one before all of its opening has come; what comes later may speak against it.
    if let (Outcome::Made(streamed), Outcome::Made(expected)) = (&streamed, &expected) {
        assert_eq!(streamed.escape_ascii().to_string(), expected.escape_ascii().to_string(), "in parts of {size}");
    }
    if coding == Coding::Gzip
        && let Some((spliced, counts)) = splice(&recipe, &body, Some(&CodedTexts::default()))
    {
        let Outcome::Made(expected) = expected else { panic!("only a page is spliced") };
        assert_eq!(
            decode(coding, &spliced).map(|page| page.escape_ascii().to_string()),
            Some(expected.escape_ascii().to_string())
        );
        if let Some(edits) = self::edits(*edited) {
            let tally = edits.tally();
            put_through(&plain(Some(edits)), page, page.len());
            assert_eq!(counts, tally.counts(), "both judge the same");
        }
    }
}

fn edits(byte: u8) -> Option<PageEdits> {
    let line = |host: &str, category| ForeignHost {
        host: HostPattern::Exact(host.into()),
        port: None,
        category,
        owner: "".into(),
        sees_address: false,
    };
    let mode = match byte % 3 {
        0 => return None,
        1 => EditMode::Strict,
        _ => EditMode::Compatible,
    };
    let own = vec![HostPattern::Exact("shop.example".into())];
    let listed = vec![line("cdn.example", Category::Necessary), line("maps.example", Category::Functional)];
    let hosts = Arc::new(ForeignHosts::new(own, listed));
    let placeholder = Placeholder { address: "/_k/frame?language=ru&to=%2F".into(), title: "&#1050; {host}".into() };
    PageEdits::new(mode, hosts, CategorySet::EMPTY, "https://shop.example/shelf/page", None, placeholder)
}

/// What was refused is gone: edited once more, nothing is left to edit. And tags stay tags.
fn check_edits(byte: u8, page: &[u8], made: &Outcome) {
    let nothing = Injection { script: Bytes::new(), banner: Bytes::new() };
    let recipe = || Recipe { plan: plan(Coding::Identity), injection: nothing.clone(), edits: edits(byte) };
    let Outcome::Made(once) = put_through(&recipe(), page, page.len()) else { return };
    let signs = |page: &[u8]| page.iter().filter(|byte| matches!(**byte, b'<' | b'\n')).count();
    if byte.is_multiple_of(3) {
        assert_eq!(once, page);
    } else if page.len() <= LONGEST_EDITED {
        // A value that is replaced may hold what opens a tag elsewhere; nothing that is written does.
        assert!(signs(&once) <= signs(page), "{}", once.escape_ascii());
        if let Outcome::Made(twice) = put_through(&recipe(), &once, once.len()) {
            assert_eq!(twice.escape_ascii().to_string(), once.escape_ascii().to_string(), "nothing is left to edit");
        }
    }
    if let Outcome::Made(made) = made {
        assert_eq!(without_ours(made).escape_ascii().to_string(), once.escape_ascii().to_string());
    }
}
