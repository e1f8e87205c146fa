//! A page on its way, as the gateway leads it.

use std::{io::Write as _, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use kelisim::{
    consent::CategorySet,
    rewrite::{EditMode, Injection, Opening, PageBody, PageEdits, PageRequest, Placeholder, Plan, RewritePlan, plan},
    routing::{ForeignHosts, HostPattern},
};

/// What is decided about a page of this coding.
pub(crate) fn rewrite_plan(coding: Option<&'static str>) -> RewritePlan {
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

/// The edits of mode `strict`, before a choice.
pub(crate) fn edits() -> Option<PageEdits> {
    let hosts = Arc::new(ForeignHosts::new(vec![HostPattern::Exact("shop.example".into())], Vec::new()));
    let placeholder = Placeholder { address: "/_kelisim/frame?language=en&to=%2F".into(), title: "{host}".into() };
    PageEdits::new(EditMode::Strict, hosts, CategorySet::EMPTY, "https://shop.example/", None, placeholder)
}

/// Rewrites a page that is there as a whole.
pub(crate) fn rewrite(plan: &RewritePlan, injection: &Injection, edits: Option<PageEdits>, raw: &Bytes) -> Vec<Bytes> {
    let mut body = PageBody::new(plan);
    assert_eq!(body.open(raw.clone()), Opening::Page);
    let mut rewriter = body.into_rewriter(injection.clone(), edits);
    let mut pieces = rewriter.write(Bytes::new()).expect("a whole body");
    pieces.extend(rewriter.finish().expect("a whole body"));
    pieces
}

/// A page as a site sends it.
pub(crate) fn coded(coding: &str, page: &[u8]) -> Vec<u8> {
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

/// Script and banner of usual length.
pub(crate) fn injection() -> Injection {
    Injection {
        script: Bytes::from_static(b"<script data-kelisim-script src=/_kelisim/gate.js></script>"),
        banner: Bytes::from(format!("<kelisim-panel>{}</kelisim-panel>", "x".repeat(3000))),
    }
}
