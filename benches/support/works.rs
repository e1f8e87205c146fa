//! The pure functions of the hot path, each made ready for a number of runs.

use std::hint::black_box;

use http::{
    HeaderMap, HeaderValue, Method, Version,
    header::{COOKIE, SET_COOKIE},
};
use kelisim::{
    consent::{Binding, ConsentId, Country, Evidence, Record, RecordKeys, decide},
    cookies::{Found, filter_request, filter_response, find},
    rewrite::{CodedTexts, Recipe, splice},
    routing::{HostPattern, Hosts, PathRule, SitePaths},
    statistics::{Agent, Arrival, Calendar, ConsentState, Counted, CountedPath, Counting, LanguageTag, View, ViewKind},
    timestamp::Timestamp,
    upstream::{append_via, remove_forwarding, remove_fulfilled, remove_hop_by_hop, set_forwarding},
    visitor::{AddressForm, AgentFamily, ClientAddress, ClientConnection, Fetch, Scheme, Signals},
};

use super::{consent, cookies, page, rewriting};

/// One function with its inputs.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// Runs that are counted: enough that what happens now and then is in the mean.
    pub(crate) runs: u32,
    /// Prepares this many runs.
    pub(crate) make: fn(u32) -> Box<dyn FnMut()>,
}

pub(crate) const WORKS: &[Work] = &[
    Work { name: "request filter, 12 cookies, none refused", runs: 100, make: |runs| request_filter(0, runs) },
    Work { name: "request filter, 12 cookies, 7 refused", runs: 100, make: |runs| request_filter(7, runs) },
    Work { name: "response filter, 4 lines, 2 refused", runs: 100, make: response_filter },
    Work { name: "record found and verified", runs: 100, make: |_| verification() },
    Work { name: "decision", runs: 100, make: |_| decision() },
    Work { name: "host to site and path rule", runs: 100, make: |_| routing() },
    Work { name: "forwarding headers", runs: 100, make: forwarding },
    Work { name: "page of 50 KB, identity", runs: 5, make: |_| pages(None) },
    Work { name: "page of 50 KB, gzip, there at once", runs: 5, make: |_| spliced_pages() },
    Work { name: "page of 50 KB, gzip, in parts", runs: 2, make: |_| pages(Some("gzip")) },
    Work { name: "counted view", runs: 2000, make: counted_view },
];

/// Takes one of prepared inputs after the other.
fn of_each<T: Clone + 'static>(input: T, runs: u32, mut work: impl FnMut(T) + 'static) -> Box<dyn FnMut()> {
    let mut inputs = vec![input; runs as usize];
    Box::new(move || work(inputs.pop().expect("as many inputs as runs")))
}

fn request_filter(refused: usize, runs: u32) -> Box<dyn FnMut()> {
    let catalogue = cookies::catalogue();
    let map = cookies::headers(&COOKIE, &[cookies::pairs(12, refused, 700).join("; ")]);
    of_each(map, runs, move |mut map| {
        black_box(filter_request(black_box(&mut map), &catalogue, cookies::NECESSARY));
    })
}

fn response_filter(runs: u32) -> Box<dyn FnMut()> {
    let catalogue = cookies::catalogue();
    let map = cookies::headers(&SET_COOKIE, &cookies::set_lines(&cookies::pairs(4, 2, 240)));
    of_each(map, runs, move |mut map| {
        black_box(filter_response(black_box(&mut map), &catalogue, cookies::NECESSARY));
    })
}

fn verification() -> Box<dyn FnMut()> {
    let binding = Binding { cookie_name: "__Host-kelisim", site: "shop.example", log_origin: "0123456789abcdef" };
    let keys = RecordKeys::new(&[[1; 32]]).expect("one key");
    let own = format!("__Host-kelisim={}", consent::record().sign(&keys, &binding));
    let map = cookies::headers(&COOKIE, &[[cookies::pairs(12, 0, 700), vec![own]].concat().join("; ")]);
    Box::new(move || {
        let Found::Once(value) = find(black_box(&map), "__Host-kelisim") else { panic!("the record is there") };
        assert!(black_box(Record::verify(value, &keys, &binding)).is_some(), "the record is ours");
    })
}

fn decision() -> Box<dyn FnMut()> {
    let settings = consent::settings();
    let now = Timestamp::parse("2026-11-22T10:00:00Z").expect("a moment");
    Box::new(move || {
        let evidence = Evidence {
            record: Some(consent::record()),
            shown: None,
            method: Method::GET,
            fetch: Fetch::ABSENT,
            signals: Signals::default(),
            country: None,
            agent: Some(AgentFamily::Firefox),
        };
        let decision = decide(&settings, black_box(evidence), now);
        black_box(decision.consent_header(settings.offer));
    })
}

fn routing() -> Box<dyn FnMut()> {
    let patterns: Vec<_> = (0..100).map(|site| [HostPattern::Exact(format!("shop-{site}.example"))]).collect();
    let hosts = Hosts::new(patterns.iter().map(|patterns| &patterns[..]));
    let rule = |number| PathRule {
        prefix: format!("/callback-{number}/"),
        banner: false,
        content_security_policy: true,
        client_address: None,
        pass_through: false,
    };
    let paths = SitePaths::new((0..10).map(rule).collect(), Vec::new());
    Box::new(move || {
        black_box(hosts.find(black_box("shop-42.example")));
        black_box(paths.rule(black_box("/services/trademarks/register")));
    })
}

fn forwarding(runs: u32) -> Box<dyn FnMut()> {
    let mut map = HeaderMap::new();
    let lines = [
        ("host", "shop.example"),
        ("connection", "keep-alive"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("accept-language", "ru,en;q=0.7"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("referer", "https://shop.example/"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-for", "198.51.100.7"),
    ];
    for (name, value) in lines {
        map.append(name, HeaderValue::from_static(value));
    }
    let address = ClientAddress::new("203.0.113.77".parse().expect("an address"));
    let client = ClientConnection { address, scheme: Scheme::Https };
    of_each(map, runs, move |mut map| {
        remove_hop_by_hop(black_box(&mut map));
        remove_fulfilled(&mut map);
        remove_forwarding(&mut map);
        set_forwarding(&mut map, &client, "shop.example", AddressForm::Truncated, None);
        append_via(&mut map, Version::HTTP_11);
        black_box(&map);
    })
}

fn pages(coding: Option<&'static str>) -> Box<dyn FnMut()> {
    let raw = page::page(50_000, 1);
    let raw = coding.map_or(raw.clone(), |coding| rewriting::coded(coding, &raw)).into();
    let (plan, injection) = (rewriting::rewrite_plan(coding), rewriting::injection());
    Box::new(move || _ = black_box(rewriting::rewrite(&plan, &injection, rewriting::edits(), black_box(&raw))))
}

fn spliced_pages() -> Box<dyn FnMut()> {
    let raw = rewriting::coded("gzip", &page::page(50_000, 1));
    let plan = rewriting::rewrite_plan(Some("gzip"));
    let recipe = Recipe { plan, injection: rewriting::injection(), edits: rewriting::edits() };
    let texts = CodedTexts::default();
    Box::new(move || _ = black_box(splice(&recipe, black_box(&raw), Some(&texts)).expect("a page that can be spliced")))
}

fn counted_view(runs: u32) -> Box<dyn FnMut()> {
    let begun = Timestamp::parse("2026-11-29T05:00:00Z").expect("a moment");
    let calendar = Calendar::new(jiff::tz::TimeZone::get("Asia/Almaty").expect("a time zone"));
    let mut counting = Counting::new(calendar, 1, || [7; 32], begun);
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
    let view = |number: u32| {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&(number % 500).to_be_bytes());
        Counted::View(Box::new(View {
            site: 0,
            time: begun,
            kind: ViewKind::Page,
            path: CountedPath::new(&format!("/section/page-{}", number % 50)),
            arrival: (number.is_multiple_of(3)).then(|| Arrival::read(None, Some("https://www.google.kz/"), |_| false)),
            country: Country::parse("KZ"),
            language: LanguageTag::first_of("ru"),
            agent: Agent::read(Some(agent)),
            consent: ConsentState::Accepted,
            visitor: Some(ConsentId::from_bytes(id)),
            after_answer: false,
            banner: None,
            waited: 20,
        }))
    };
    let mut views: Vec<_> = (0..runs).map(view).collect();
    Box::new(move || counting.count(views.pop().expect("as many views as runs")))
}
