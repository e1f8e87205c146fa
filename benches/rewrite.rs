//! What a page of 50 KB costs on its way: script and banner put in, and edited as in mode `strict`; plain, and in each coding.
//!
//! Each page is made whole, as when all of it is there at once. What a page costs that was made before is measured through the whole gateway.

use std::{hint::black_box, io::Write, sync::Arc};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kelisim::{
    consent::CategorySet,
    rewrite::{
        EditMode, Injection, Opening, PageBody, PageEdits, PageRequest, Placeholder, Plan, Recipe, RewritePlan, plan,
        splice,
    },
    routing::{ForeignHosts, HostPattern},
};

#[path = "support/page.rs"]
mod page;

/// The length of the page, in bytes.
const PAGE_BYTES: usize = 50_000;

fn rewrite_plan(coding: Option<&'static str>) -> RewritePlan {
    let mut request = HeaderMap::new();
    request.insert("sec-fetch-dest", HeaderValue::from_static("document"));
    let mut response = HeaderMap::new();
    response.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Some(coding) = coding {
        response.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    let request = PageRequest { method: &Method::GET, headers: &request, banner_excluded: false };
    match plan(&request, StatusCode::OK, &response) {
        Plan::Rewrite(plan) => plan,
        Plan::Pass(reason) => panic!("a page passes: {}", reason.name()),
    }
}

fn edits() -> Option<PageEdits> {
    let hosts = Arc::new(ForeignHosts::new(vec![HostPattern::Exact("shop.example".into())], Vec::new()));
    let placeholder = Placeholder { address: "/_kelisim/frame?language=en&to=%2F".into(), title: "{host}".into() };
    PageEdits::new(EditMode::Strict, hosts, CategorySet::EMPTY, "https://shop.example/", None, placeholder)
}

fn rewrite(plan: &RewritePlan, injection: &Injection, edits: Option<PageEdits>, raw: &Bytes) -> Vec<Bytes> {
    let mut body = PageBody::new(plan);
    assert_eq!(body.open(raw.clone()), Opening::Page);
    let mut rewriter = body.into_rewriter(injection.clone(), edits);
    let mut pieces = rewriter.write(Bytes::new()).expect("a whole body");
    pieces.extend(rewriter.finish().expect("a whole body"));
    pieces
}

/// The same where all of it is there at once.
fn rewrite_whole(recipe: &Recipe, raw: &Bytes) -> Vec<Bytes> {
    splice(recipe, raw)
        .map_or_else(|| rewrite(&recipe.plan, &recipe.injection, recipe.edits.clone(), raw), |(page, _)| vec![page])
}

fn coded(coding: &str, page: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(page).expect("memory takes everything");
            encoder.finish().expect("memory takes everything")
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(page).expect("memory takes everything");
            encoder.into_inner()
        }
        _ => zstd::encode_all(page, 3).expect("memory takes everything"),
    }
}

fn injection(criterion: &mut Criterion) {
    let page = page::page(PAGE_BYTES, 1);
    let injection = Injection {
        script: Bytes::from_static(b"<script data-kelisim-script src=/_kelisim/gate.js></script>"),
        banner: Bytes::from(format!("<kelisim-panel>{}</kelisim-panel>", "x".repeat(3000))),
    };
    let mut group = criterion.benchmark_group("page of 50 KB");
    group.throughput(Throughput::Bytes(page.len() as u64));
    let mut measure = |name: &str, coding, edits: Option<PageEdits>, raw: Vec<u8>| {
        let (plan, raw) = (rewrite_plan(coding), Bytes::from(raw));
        let recipe = Recipe { plan, injection: injection.clone(), edits };
        let made: usize = rewrite_whole(&recipe, &raw).iter().map(Bytes::len).sum();
        println!("{name}: {} bytes in, {made} out", raw.len());
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(rewrite_whole(&recipe, &raw)));
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
