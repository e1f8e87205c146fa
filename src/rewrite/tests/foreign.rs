//! Headers that lead to refused hosts, as tables.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{
    consent::{Category, CategorySet},
    rewrite::{Coding, Governed, Refusal, WorkerScript, drop_advertising, drop_foreign, restrict_document},
    routing::{ForeignHost, ForeignHosts, HostPattern},
    visitor::Scheme,
};

fn hosts() -> ForeignHosts {
    let line = |name: &str, category| ForeignHost {
        host: HostPattern::Exact(name.to_owned()),
        port: None,
        category,
        owner: "".into(),
        sees_address: true,
    };
    let listed = vec![line("cdn.example", Category::Necessary), line("t.example", Category::Analytical)];
    ForeignHosts::new(vec![HostPattern::Exact("a.kz".to_owned())], listed)
}

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect()
}

/// What is left before a choice in `strict`, in `compatible`, and after analytical is accepted in `strict`.
fn check(given: &[&str], strict: &[&str], compatible: &[&str], accepted: &[&str]) {
    let hosts = hosts();
    let allowed = CategorySet::EMPTY.with(Category::Analytical);
    for (unknown, allowed, expected) in
        [(true, CategorySet::EMPTY, strict), (false, CategorySet::EMPTY, compatible), (true, allowed, accepted)]
    {
        let mut headers = headers(given);
        drop_foreign(&mut headers, &Refusal { hosts: &hosts, allowed, unknown, scheme: Scheme::Https });
        assert_eq!(lines(&headers), expected, "{given:?} {allowed} unknown refused: {unknown}");
    }
}

#[test]
fn links_that_load_from_refused_hosts_go_and_all_others_stay_byte_for_byte() {
    let same = |line: &str| check(&[line], &[line], &[line], &[line]);
    same("link: </a.css>;rel=preload ,  <https://cdn.example/b.js>; REL=\"preload\"");
    same("link: <https://t.example/about>; rel=author, <https://nobody.example/>; rel=\"license  next\"");
    same("link: <https://t.example/>; title=\"a, <x>; rel=preload\"; rel=me");
    let t = |parameters: &str| format!("link: <https://t.example/x>{parameters}");
    for relation in ["preload", "modulepreload", "preconnect", "dns-prefetch", "prefetch", "prerender", "stylesheet"] {
        let line = t(&format!(";crossorigin;rel={relation}"));
        check(&[&line], &[], &[], &[&line]);
    }
    for parameters in
        ["; rel=\"alternate PREFETCH\"", ";REL = 'x' ; rel=\"\\preload\"", "; title=\"a\\\",b\"; rel=preload"]
    {
        let line = t(parameters);
        check(&[&line], &[], &[], &[&line]);
    }
    check(
        &[
            "link: <//t.example/a>; rel=preconnect, </own.js>; rel=preload; as=script,,<https://n.example>;rel=prefetch",
            "link: </x>; rel=next",
        ],
        &["link: </own.js>; rel=preload; as=script", "link: </x>; rel=next"],
        &["link: </own.js>; rel=preload; as=script, <https://n.example>;rel=prefetch", "link: </x>; rel=next"],
        &["link: <//t.example/a>; rel=preconnect, </own.js>; rel=preload; as=script", "link: </x>; rel=next"],
    );
    check(
        &["link: <https://t.example/x,y>; rel=preload, nonsense, <unclosed"],
        &[],
        &[],
        &["link: <https://t.example/x,y>; rel=preload"],
    );
}

#[test]
fn places_of_reports_and_rules_on_refused_hosts_go() {
    check(
        &[
            "reporting-endpoints: own=\"/r\", t=\"https://t.example/r?a=\\\"1,2\\\"\", c=\"https://cdn.example/\", bad=1",
        ],
        &["reporting-endpoints: own=\"/r\", c=\"https://cdn.example/\""],
        &["reporting-endpoints: own=\"/r\", c=\"https://cdn.example/\""],
        &["reporting-endpoints: own=\"/r\", t=\"https://t.example/r?a=\\\"1,2\\\"\", c=\"https://cdn.example/\""],
    );
    check(&["speculation-rules: \"/rules.json\", \"https://t.example/rules.json\""], &[], &[], &[]);
    let to = r#"report-to: {"group":"d","max_age":9,"endpoints":[{"url":"https://t.example/r"}]}"#;
    let nel = r#"nel: {"report_to":"d","max_age":9}"#;
    let forgotten = r#"nel: {"report_to":"none","max_age":0}"#;
    check(&[to, nel], &[forgotten], &[forgotten], &[to, nel]);
    let own = r#"report-to: {"group":"o","max_age":9,"endpoints":[{"url":"https://a.kz/r"}]}"#;
    check(&[own, nel], &[own, nel], &[own, nel], &[own, nel]);
    let both = format!("{own}, {}", &to["report-to: ".len()..]);
    let kept = r#"report-to: {"endpoints":[{"url":"https://a.kz/r"}],"group":"o","max_age":9}"#;
    check(&[&both], &[kept], &[kept], &[&both]);
    check(&["report-to: {broken", nel], &[forgotten], &[forgotten], &[forgotten]);
}

#[test]
fn the_site_s_own_policy_reports_to_no_refused_host_and_is_otherwise_the_same() {
    let name = "content-security-policy";
    let own = format!("{name}: img-src  'self';;REPORT-URI /csp; script-src *, font-src *");
    check(&[&own], &[&own], &[&own], &[&own]);
    let foreign = format!("{name}: img-src  'self'; report-uri https://t.example/csp; report-to d");
    let without = format!("{name}: img-src  'self'; report-to d");
    check(&[&foreign], &[&without], &[&without], &[&foreign]);
    let mixed = "content-security-policy-report-only: report-uri /csp https://t.example/;img-src *";
    let rest = "content-security-policy-report-only:  report-uri /csp;img-src *";
    check(&[mixed], &[rest], &[rest], &[mixed]);
}

#[test]
fn advertising_goes_until_it_is_accepted() {
    let given = [
        "observe-browsing-topics: ?1",
        "attribution-reporting-register-source: {}",
        "attribution-reporting-register-trigger: {}",
        "activate-storage-access: load",
        "ad-auction-result: x",
        "supports-loading-mode: credentialed-prerender, fenced-frame",
        "x-own: 1",
    ];
    let mut refused = headers(&given);
    drop_advertising(&mut refused, CategorySet::EMPTY.with(Category::Analytical));
    assert_eq!(lines(&refused), ["x-own: 1", "supports-loading-mode: fenced-frame"]);
    let mut accepted = headers(&given);
    drop_advertising(&mut accepted, CategorySet::EMPTY.with(Category::Marketing));
    assert_eq!(accepted, headers(&given));
}

#[test]
fn a_document_is_denied_advertising_but_for_what_the_site_itself_says() {
    let hosts = hosts();
    let check = |given: &[&str], status: u16, governed, allowed, expected: &[&str]| {
        let mut headers = headers(given);
        let refusal = Refusal { hosts: &hosts, allowed, unknown: true, scheme: Scheme::Https };
        restrict_document(&mut headers, StatusCode::from_u16(status).unwrap(), governed, &refusal);
        assert_eq!(lines(&headers), expected, "{given:?} {status}");
    };
    let rest = "private-state-token-issuance=(), private-state-token-redemption=()";
    let all = format!("permissions-policy: browsing-topics=(), {rest}");
    let rest = format!("permissions-policy: {rest}");
    let off = "x-dns-prefetch-control: off";
    let (none, marketing) = (CategorySet::EMPTY, CategorySet::EMPTY.with(Category::Marketing));
    check(&[], 200, Governed::Bound, none, &[off, &all]);
    check(&[], 200, Governed::Bound, marketing, &[off]);
    check(&[], 200, Governed::Lasting, none, &[]);
    check(&[], 304, Governed::Bound, none, &[]);
    let own = "permissions-policy: geolocation=(self \"https://x.example,browsing-topics=\"), browsing-topics=self;p=1";
    check(&[own], 200, Governed::Bound, none, &[own, &rest, off].map(str::to_owned).each_ref().map(String::as_str));
    check(&[own], 304, Governed::Bound, none, &[own, &rest]);
    check(&["x-dns-prefetch-control: on"], 304, Governed::Bound, none, &[off]);
}

#[test]
fn a_service_worker_ends_with_the_choice_however_it_comes_in_pieces() {
    let policy = HeaderValue::from_static("default-src 'self'");
    let script = b"self.addEventListener('fetch', () => {}) // \xd0\x9a".as_slice();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, script).unwrap();
        encoder.finish().unwrap()
    };
    let whole = |allowed, coding: Coding, parts: [&[u8]; 2]| {
        let name = if coding == Coding::Gzip { "content-encoding: gzip" } else { "content-encoding: identity" };
        let mut headers = headers(&[name]);
        let mut rewriter = WorkerScript::new(&mut headers, allowed, &policy).unwrap();
        assert!(headers.is_empty(), "it leaves as it is");
        let mut text = Vec::new();
        for part in parts {
            text.extend_from_slice(&rewriter.write(part).unwrap());
        }
        text.extend_from_slice(&rewriter.finish().unwrap());
        text
    };
    let none = whole(CategorySet::EMPTY, Coding::Identity, [script, b""]);
    assert!(none.starts_with(script));
    let comment = String::from_utf8(none[script.len()..].to_vec()).unwrap();
    assert!(comment.starts_with("\n/* kelisim: none ") && comment.ends_with(" */\n"), "{comment}");
    assert_ne!(none, whole(CategorySet::EMPTY.with(Category::Analytical), Coding::Identity, [script, b""]));
    for (coding, bytes) in [(Coding::Identity, script), (Coding::Gzip, &gzip)] {
        for at in 0..=bytes.len() {
            let (first, second) = bytes.split_at(at);
            assert_eq!(whole(CategorySet::EMPTY, coding, [first, second]), none, "{coding:?} split at {at}");
        }
    }
    let mut coded = headers(&["content-encoding: dcb"]);
    assert!(WorkerScript::new(&mut coded, CategorySet::EMPTY, &policy).is_none());
    let mut broken = WorkerScript::new(&mut headers(&["content-encoding: gzip"]), CategorySet::EMPTY, &policy).unwrap();
    broken.write(&gzip[..gzip.len() - 9]).unwrap();
    assert!(broken.finish().is_err(), "a part is not taken for the whole");
}
