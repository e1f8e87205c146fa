//! What is found is what would be made, and only for who would get it.

use std::io::{Read as _, Write as _};

use proptest::prelude::*;

use super::*;
use crate::{
    consent::{Category, CategorySet},
    rewrite::{Coding, EditMode, Injection, Opening, PageBody, PageEdits, Placeholder, Placement, RewritePlan, splice},
    routing::{ForeignHost, ForeignHosts, HostPattern},
};

fn recipe(banner: &str) -> Recipe {
    let plan = RewritePlan {
        coding: Coding::Identity,
        placement: Placement::ScriptAndBanner,
        typed: true,
        encoding_named: true,
    };
    let injection = Injection { script: Bytes::new(), banner: Bytes::copy_from_slice(banner.as_bytes()) };
    Recipe { plan, injection, edits: None }
}

fn parts(text: &str, size: usize) -> VecDeque<Bytes> {
    text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

fn keep(pages: &RememberedPages, banner: &str, origin: &VecDeque<Bytes>, body: &str) {
    pages.keep(recipe(banner), origin, &[Bytes::copy_from_slice(body.as_bytes())], PageCounts::default());
}

fn found(pages: &RememberedPages, banner: &str, origin: &VecDeque<Bytes>) -> Option<Bytes> {
    pages.find(&recipe(banner), origin).map(|page| page.body.clone())
}

#[test]
fn a_page_is_found_by_all_of_its_bytes_and_its_recipe() {
    let pages = RememberedPages::default();
    let text = "page ".repeat(1000);
    keep(&pages, "a", &parts(&text, 2000), "made");
    assert_eq!(found(&pages, "a", &parts(&text, 2000)).as_deref(), Some(&b"made"[..]));
    assert_eq!(found(&pages, "b", &parts(&text, 2000)), None);
    for at in [0, 1, 9, 2500, 4999] {
        let mut other = text.clone().into_bytes();
        other[at] ^= 1;
        assert_eq!(found(&pages, "a", &parts(&String::from_utf8(other).unwrap(), 2000)), None, "byte {at}");
    }
    assert_eq!(found(&pages, "a", &parts(&text[1..], 2000)), None);
    assert_eq!(found(&pages, "a", &parts(&format!("{text}x"), 2000)), None);
}

#[test]
fn pages_that_share_a_place_are_told_apart() {
    let mut shard = Shard::default();
    let page = |origin: &'static str| {
        let (origin, body) = (Bytes::from(origin), Bytes::from(origin));
        Arc::new(RememberedPage { recipe: recipe("a"), origin, body, counts: PageCounts::default() })
    };
    shard.keep(7, page("one"), 1 << 20);
    shard.keep(7, page("another"), 1 << 20);
    let found = shard.find(7).unwrap();
    assert!(is_same(&found.origin, &parts("another", 3)) && !is_same(&found.origin, &parts("one", 3)));
    assert_eq!((shard.bytes, shard.new_bytes), (found.size(), found.size()));
}

#[test]
fn what_is_remembered_is_bounded_and_what_is_asked_for_again_stays() {
    let pages = RememberedPages::bounded(SHARDS * 64 * 1024);
    let often = parts("often", 10);
    keep(&pages, "a", &often, "made");
    for number in 0..2000 {
        assert!(found(&pages, "a", &often).is_some(), "after {number} others");
        let text = format!("{number}").repeat(500);
        keep(&pages, "a", &parts(&text, 4000), &text);
    }
    for shard in &pages.shards {
        let shard = shard.lock().unwrap();
        let sizes = |all: bool| {
            shard.pages.values().filter(|slot| all || slot.is_new).map(|slot| slot.page.size()).sum::<usize>()
        };
        assert_eq!((shard.bytes, shard.new_bytes), (sizes(true), sizes(false)));
        assert!(shard.bytes <= 64 * 1024 && shard.pages.len() == shard.new.len() + shard.proven.len());
    }
    let large = parts(&"x".repeat(100_000), 100_000);
    keep(&pages, "a", &large, "made");
    assert_eq!(found(&pages, "a", &large), None, "one page never takes a whole shard");
}

#[test]
fn the_address_of_a_page_counts_as_what_it_takes() {
    let pages = RememberedPages::bounded(SHARDS * 64 * 1024);
    let address = |number: usize| format!("https://shop.example/?x={number}{}", "y".repeat(8000));
    for number in 0..200 {
        let placeholder = Placeholder { address: "/_kelisim/frame".into(), title: "{host}".into() };
        let allowed = CategorySet::EMPTY;
        let edits = PageEdits::new(EditMode::Strict, hosts(), allowed, &address(number), None, placeholder);
        let recipe = Recipe { edits: Some(edits.unwrap()), ..recipe("a") };
        pages.keep(recipe, &parts("page", 4), &[Bytes::from_static(b"made")], PageCounts::default());
    }
    let kept: usize = pages.shards.iter().map(|shard| shard.lock().unwrap().pages.len()).sum();
    assert!((SHARDS..=SHARDS * 64 * 1024 / 8000).contains(&kept), "{kept} pages with addresses of 8 KB are kept");
}

fn hosts() -> Arc<ForeignHosts> {
    let line = ForeignHost {
        host: HostPattern::Exact("maps.example".into()),
        port: None,
        category: Category::Functional,
        owner: "".into(),
        sees_address: false,
    };
    Arc::new(ForeignHosts::new(vec![HostPattern::Exact("shop.example".into())], vec![line]))
}

/// What a recipe is written by: two that differ in one of these differ.
#[derive(Clone, Debug)]
struct Written {
    coding: Coding,
    text: &'static str,
    path: &'static str,
    mode: Option<EditMode>,
    allowed: bool,
    with_banner: bool,
}

impl Written {
    fn any() -> impl Strategy<Value = Self> {
        let coding = prop::sample::select(vec![Coding::Identity, Coding::Gzip, Coding::Brotli, Coding::Zstd]);
        let text = prop::sample::select(vec!["", "a", "b", "<p>a longer one</p>"]);
        let path = prop::sample::select(vec!["", "x", "a/b"]);
        let mode = prop::sample::select(vec![None, Some(EditMode::Strict), Some(EditMode::Compatible)]);
        (coding, text, path, mode, any::<bool>(), any::<bool>()).prop_map(
            |(coding, text, path, mode, allowed, with_banner)| Self { coding, text, path, mode, allowed, with_banner },
        )
    }

    fn recipe(&self, hosts: &Arc<ForeignHosts>) -> Recipe {
        let placement = if self.with_banner { Placement::ScriptAndBanner } else { Placement::ScriptOnly };
        let plan = RewritePlan { coding: self.coding, placement, typed: true, encoding_named: true };
        let script = Bytes::from(format!("<script data-kelisim-script data-text=\"{}\"></script>", self.text));
        let injection = Injection { script, banner: Bytes::from_static(self.text.as_bytes()) };
        let allowed = if self.allowed { CategorySet::EMPTY.with(Category::Functional) } else { CategorySet::EMPTY };
        let edits = self.mode.and_then(|mode| {
            let address = format!("/_k/frame?to={}", self.path).into();
            let placeholder = Placeholder { address, title: "{host}".into() };
            let page = format!("https://shop.example/{}", self.path);
            PageEdits::new(mode, hosts.clone(), allowed, &page, None, placeholder)
        });
        Recipe { plan, injection, edits }
    }
}

fn any_page() -> impl Strategy<Value = Vec<u8>> {
    const PROSE: &str = "<p>A paragraph of a page that says nothing in many words, so that what it stands in comes in several parts.</p>\n";
    let pieces = vec![
        PROSE,
        "<iframe src=//maps.example/1></iframe>",
        "<link rel=preconnect href=//maps.example>",
        "<base href=//maps.example/><iframe src=2></iframe>",
        "<noscript><iframe src=//maps.example/3></iframe></noscript>",
        "<img src=//maps.example/4>",
        "<p>text",
        "<!-- <iframe src=//maps.example> -->",
        "<scr",
    ];
    let pieces = proptest::collection::vec((prop::sample::select(pieces), 1..20_usize), 0..10);
    // Fewer frames than may be replaced in one page: which ones beyond are left depends on what is read first.
    pieces.prop_map(|pieces| {
        let body: String = pieces
            .into_iter()
            .map(|(piece, times)| piece.repeat(if piece == PROSE { 10 * times } else { times }))
            .collect();
        format!("<!DOCTYPE html><html><head><title>x</title></head><body>{body}").into_bytes()
    })
}

fn coded(coding: Coding, page: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        Coding::Identity => out = page.to_vec(),
        Coding::Gzip => {
            flate2::write::GzEncoder::new(&mut out, flate2::Compression::default()).write_all(page).unwrap();
        }
        Coding::Brotli => brotli::CompressorWriter::new(&mut out, 4096, 5, 20).write_all(page).unwrap(),
        Coding::Zstd => out = zstd::encode_all(page, 3).unwrap(),
    }
    out
}

fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        Coding::Identity => out = bytes.to_vec(),
        Coding::Gzip => drop(flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap()),
        Coding::Brotli => drop(brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out).unwrap()),
        Coding::Zstd => out = zstd::decode_all(bytes).unwrap(),
    }
    out
}

/// What a recipe makes of a body, and what is judged in it.
fn made(recipe: Recipe, parts: &VecDeque<Bytes>) -> (Vec<Bytes>, PageCounts) {
    let mut body = PageBody::new(&recipe.plan);
    let mut parts = parts.iter().cloned();
    while body.open(parts.next().expect("pages are decided before their end")) == Opening::NeedMore {}
    let tally = recipe.edits.as_ref().map(PageEdits::tally);
    let mut rewriter = body.into_rewriter(recipe.injection, recipe.edits);
    let mut page = rewriter.write(Bytes::new()).unwrap();
    parts.for_each(|part| page.extend(rewriter.write(part).unwrap()));
    page.extend(rewriter.finish().unwrap());
    (page, tally.map(|tally| tally.counts()).unwrap_or_default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_is_what_would_be_made_anew(
        pages in proptest::collection::vec((any_page(), 0..3_usize), 1..4),
        written in proptest::collection::vec(Written::any(), 1..4),
        sizes in proptest::collection::vec(1..5000_usize, 2),
    ) {
        let (hosts, remembered) = (hosts(), RememberedPages::default());
        let parts = |page: &[u8], written: &Written, size: usize| {
            coded(written.coding, page).chunks(size).map(Bytes::copy_from_slice).collect::<VecDeque<_>>()
        };
        for (page, which) in &pages {
            let written = &written[which % written.len()];
            let parts = parts(page, written, sizes[0]);
            let (body, counts) = made(written.recipe(&hosts), &parts);
            remembered.keep(written.recipe(&hosts), &parts, &body, counts);
        }
        for (page, which) in &pages {
            let kept = written[which % written.len()].recipe(&hosts);
            for written in &written {
                let found = remembered.find(&written.recipe(&hosts), &parts(page, written, sizes[1]));
                let of_it = written.recipe(&hosts) == kept;
                prop_assert!(found.is_some() || !of_it || pages.len() > 1);
                let Some(found) = found else { continue };
                let (body, counts) = made(written.recipe(&hosts), &parts(page, written, sizes[0]));
                prop_assert!(found.body == body.concat(), "{:?}", written);
                prop_assert_eq!(found.counts, counts);
                // However the site's bytes come, the page is the same.
                let (body, counts) = made(written.recipe(&hosts), &parts(page, written, sizes[1]));
                prop_assert!(decoded(written.coding, &found.body) == decoded(written.coding, &body.concat()));
                prop_assert_eq!(found.counts, counts);
                let raw: Vec<u8> = parts(page, written, sizes[1]).iter().flatten().copied().collect();
                if let Some((spliced, counts)) = splice(&written.recipe(&hosts), &raw, None) {
                    prop_assert!(decoded(written.coding, &spliced) == decoded(written.coding, &body.concat()));
                    prop_assert_eq!(found.counts, counts);
                }
            }
        }
    }
}
