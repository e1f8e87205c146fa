//! Which answers carry our policy, as a table.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::rewrite::{Governed, Purpose, Variant, governed, keep_for_choice, put_policy};

fn headers(lines: &[&str]) -> HeaderMap {
    let pairs = lines.iter().map(|line| line.split_once(": ").unwrap());
    pairs.map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap())).collect()
}

/// A request's headers, the answer's status and headers, and how it is governed.
type Case = (&'static [&'static str], u16, &'static [&'static str], Option<Governed>);

#[test]
fn what_runs_is_bound_and_what_is_shown_or_read_can_be_kept_by_caches() {
    use Governed::{Ahead, Bound, Lasting};
    const DOCUMENT: &str = "sec-fetch-dest: document";
    let cases: &[Case] = &[
        (&[DOCUMENT], 200, &["content-type: text/html"], Some(Bound)),
        (&[DOCUMENT], 404, &["content-type: Text/HTML; charset=x"], Some(Bound)),
        (&[DOCUMENT], 200, &["content-type: application/xhtml+xml"], Some(Bound)),
        (&[DOCUMENT], 200, &["content-type: image/svg+xml"], Some(Bound)),
        (&[DOCUMENT], 206, &["content-type: text/xml"], Some(Bound)),
        (&[DOCUMENT], 200, &[], Some(Bound)),
        (&[DOCUMENT], 200, &["content-type: text/html", "content-type: text/plain"], Some(Bound)),
        (&[DOCUMENT], 200, &["content-type: multipart/x-mixed-replace; boundary=x"], Some(Bound)),
        (&[DOCUMENT], 200, &["content-type: unknown/unknown"], Some(Bound)),
        (&[DOCUMENT], 304, &[], Some(Bound)),
        (&[DOCUMENT], 302, &["location: /x", "content-type: text/html"], None),
        (&[DOCUMENT], 300, &["content-type: text/html"], Some(Bound)),
        (&[DOCUMENT], 300, &["location: /x", "content-type: text/html"], Some(Bound)),
        (&[DOCUMENT], 302, &["location: ", "content-type: text/html"], Some(Bound)),
        (&[DOCUMENT], 399, &["location: /x", "content-type: text/html"], Some(Bound)),
        (&[DOCUMENT], 200, &["content-type: text/plain, text/html"], Some(Bound)),
        (&[DOCUMENT], 101, &[], None),
        (&[DOCUMENT], 200, &["content-type: image/png"], Some(Lasting)),
        (&[DOCUMENT], 200, &["content-type: application/pdf"], Some(Lasting)),
        (&[DOCUMENT], 200, &["content-type: text/html", "content-disposition: attachment"], Some(Lasting)),
        (&[DOCUMENT, "x-requested-with: kz.app"], 200, &["content-type: text/html"], Some(Bound)),
        (&["sec-fetch-dest: iframe"], 200, &["content-type: text/html"], Some(Bound)),
        (&["sec-fetch-dest: embed"], 200, &["content-type: image/svg+xml"], Some(Bound)),
        (&["sec-fetch-dest: object"], 200, &["content-type: text/html"], Some(Bound)),
        (&["sec-fetch-dest: worker"], 200, &["content-type: text/javascript"], Some(Bound)),
        (&["sec-fetch-dest: sharedworker"], 304, &[], Some(Bound)),
        (&["sec-fetch-dest: serviceworker"], 200, &["content-type: text/javascript"], Some(Bound)),
        (&["service-worker: script"], 200, &["content-type: application/javascript"], Some(Bound)),
        (&["accept: text/html,*/*"], 200, &["content-type: text/html"], Some(Bound)),
        (&["accept: */*"], 200, &["content-type: text/html"], Some(Lasting)),
        (&["accept: */*"], 200, &["content-type: text/javascript"], Some(Lasting)),
        (&["accept: */*"], 200, &["content-type: application/x-javascript"], Some(Lasting)),
        (&["accept: */*"], 200, &["content-type: image/png"], None),
        (&["sec-fetch-dest: script"], 200, &["content-type: text/javascript"], Some(Lasting)),
        (&["sec-fetch-dest: script", "sec-purpose: prefetch"], 200, &["content-type: text/javascript"], Some(Lasting)),
        (&["sec-fetch-dest: style"], 200, &["content-type: text/css"], None),
        (&["sec-fetch-dest: image"], 200, &["content-type: image/png"], None),
        (&["sec-fetch-dest: image"], 200, &["content-type: image/svg+xml"], Some(Lasting)),
        (&["sec-fetch-dest: empty"], 200, &["content-type: application/json"], None),
        (&["sec-fetch-dest: empty"], 200, &["content-type: text/html"], Some(Lasting)),
        (&["sec-fetch-dest: empty"], 200, &["content-type: application/rss+xml"], Some(Lasting)),
        (&["sec-fetch-dest: empty", "sec-purpose: prefetch"], 200, &["content-type: text/html"], Some(Ahead)),
        (&["sec-fetch-dest: empty", "purpose: prefetch"], 200, &["content-type: text/css"], None),
    ];
    for (request, status, answer, expected) in cases {
        let purpose = Purpose::of(&headers(request));
        let found = governed(purpose, StatusCode::from_u16(*status).unwrap(), &headers(answer));
        assert_eq!(found, *expected, "{request:?} {status} {answer:?}");
    }
}

#[test]
fn caches_keep_what_is_bound_for_one_choice_and_the_rest_as_the_site_said() {
    let site = ["cache-control: public, max-age=60", "etag: \"1\"", "last-modified: Sun, 22 Nov 2026 10:00:00 GMT"];
    let check = |governed, etag: Option<&str>, control, vary: Option<&str>| {
        let mut headers = headers(&site);
        keep_for_choice(&mut headers, governed, Variant::from_hash(0x1f));
        // Once more changes nothing, since a page is bound by its rewriting, too.
        keep_for_choice(&mut headers, governed, Variant::from_hash(0x1f));
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!((text(header::ETAG), text(header::VARY)), (etag, vary), "{governed:?}");
        assert_eq!(text(header::CACHE_CONTROL), Some(control), "{governed:?}");
    };
    check(Governed::Bound, Some("W/\"1;ks000000000000001f\""), "private, no-cache", Some("Cookie"));
    check(Governed::Ahead, None, "private, no-cache", Some("Cookie"));
    check(Governed::Lasting, Some("\"1\""), "public, max-age=60", None);
}

#[test]
fn a_304_says_nothing_of_policies_unless_the_site_s_own_does() {
    let name = header::CONTENT_SECURITY_POLICY;
    for (status, given, expected) in [(200, 0, 1), (200, 1, 2), (304, 0, 0), (304, 1, 2), (304, 2, 3)] {
        let mut headers: HeaderMap =
            (0..given.min(1)).map(|_| (name.clone(), HeaderValue::from_static("img-src *"))).collect();
        if given == 2 {
            headers.append(name.clone(), HeaderValue::from_static("font-src *"));
        }
        put_policy(&mut headers, StatusCode::from_u16(status).unwrap(), &name, HeaderValue::from_static("ours"));
        assert_eq!(headers.get_all(&name).iter().count(), expected, "{status} {given}");
    }
}
