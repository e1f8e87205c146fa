//! How many bytes of pages a second get script and banner, on one core.

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kelisim::rewrite::{Injection, Opening, PageBody, PageRequest, Plan, RewritePlan, plan};
use std::io::Write;

/// The part in which a page comes from the network, in bytes: a TLS record.
const PART_BYTES: usize = 16 * 1024;

/// A page of about 50 KB with a head, prose and links, in Russian as most pages that we see.
fn page() -> Vec<u8> {
    let mut page = String::from("<!DOCTYPE html><html lang=ru><head><meta charset=utf-8><title>Страница</title>");
    for number in 0..20 {
        page.push_str(&format!("<link rel=stylesheet href=/style/{number}.css>"));
    }
    page.push_str("</head><body class=page><main>");
    for number in 0_u32.. {
        if page.len() > 50_000 {
            break;
        }
        let word = number.wrapping_mul(2_654_435_761) % 99_991;
        page.push_str(&format!(
            "<p id=p{number}>Товарный знак {word} защищён. <a href=\"/case/{word}\">Подробнее</a></p>\n"
        ));
    }
    page.into_bytes()
}

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

fn rewrite(plan: &RewritePlan, injection: &Injection, raw: &[u8]) -> usize {
    let mut body = PageBody::new(plan);
    let (first, rest) = raw.split_at(raw.len().min(PART_BYTES));
    assert_eq!(body.open(first), Opening::Page);
    let mut rewriter = body.into_rewriter(injection.clone(), None);
    let mut length = rewriter.write(&[]).expect("a whole body").len();
    for part in rest.chunks(PART_BYTES) {
        length += rewriter.write(part).expect("a whole body").len();
    }
    length + rewriter.finish().expect("a whole body").len()
}

fn injection(criterion: &mut Criterion) {
    let page = page();
    let injection = Injection {
        script: Bytes::from_static(b"<script data-kelisim-script src=/_kelisim/gate.js></script>"),
        banner: Bytes::from(format!("<kelisim-panel>{}</kelisim-panel>", "x".repeat(1500))),
    };
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(&page).expect("memory takes everything");
    let gzip = encoder.finish().expect("memory takes everything");
    let mut group = criterion.benchmark_group("injection into a page of 50 KB");
    group.throughput(Throughput::Bytes(page.len() as u64));
    for (name, coding, raw) in [("identity", None, &page), ("gzip", Some("gzip"), &gzip)] {
        let plan = rewrite_plan(coding);
        group.bench_function(name, |bencher| bencher.iter(|| rewrite(&plan, &injection, raw)));
    }
    group.finish();
}

criterion_group!(benches, injection);
criterion_main!(benches);
