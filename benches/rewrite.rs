//! What a page of 50 KB costs on its way: script and banner put in, and edited as in mode `strict`; plain, and in each coding.
//!
//! Each page is made whole, as when all of it is there at once. What a page costs that was made before is measured through the whole gateway.

#![allow(clippy::print_stdout, reason = "the length of what leaves is no time that the harness knows")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kelisim::rewrite::{CodedTexts, PageEdits, Recipe, splice};

#[path = "support/page.rs"]
mod page;
#[path = "support/rewriting.rs"]
mod rewriting;

use rewriting::{coded, edits, rewrite, rewrite_plan};

/// The length of the page, in bytes.
const PAGE_BYTES: usize = 50_000;

/// The page where all of it is there at once, and only what is changed is coded again if that can be.
fn rewrite_whole(recipe: &Recipe, raw: &Bytes, texts: &CodedTexts) -> Vec<Bytes> {
    splice(recipe, raw, Some(texts))
        .map_or_else(|| rewrite(&recipe.plan, &recipe.injection, recipe.edits.clone(), raw), |(page, _)| vec![page])
}

fn injection(criterion: &mut Criterion) {
    let page = page::page(PAGE_BYTES, 1);
    let injection = rewriting::injection();
    let mut group = criterion.benchmark_group("page of 50 KB");
    group.throughput(Throughput::Bytes(page.len() as u64));
    let mut measure = |name: &str, coding, edits: Option<PageEdits>, raw: Vec<u8>| {
        let (plan, raw) = (rewrite_plan(coding), Bytes::from(raw));
        let (recipe, texts) = (Recipe { plan, injection: injection.clone(), edits }, CodedTexts::default());
        let made: usize = rewrite_whole(&recipe, &raw, &texts).iter().map(Bytes::len).sum();
        println!("{name}: {} bytes in, {made} out", raw.len());
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(rewrite_whole(&recipe, &raw, &texts)));
        });
    };
    measure("script and banner alone", None, None, page.clone());
    measure("identity", None, edits(), page.clone());
    let hint = *b"<link rel=preconnect href=https://fonts.example>";
    let at = memchr::memmem::find(&page, b"</main>").expect("the end of the content");
    let hinted = [&page[..at], &hint, &page[at..]].concat();
    measure("identity, a hint near its end", None, edits(), hinted);
    for coding in ["gzip", "br", "zstd"] {
        measure(coding, Some(coding), edits(), coded(coding, &page));
    }
    let gzip = Bytes::from(coded("gzip", &page));
    let plan = rewrite_plan(Some("gzip"));
    group.bench_function("gzip, in parts", |bencher| {
        bencher.iter(|| black_box(rewrite(&plan, &injection, edits(), &gzip)));
    });
    group.finish();
}

criterion_group!(benches, injection);
criterion_main!(benches);
