//! Pages that are remembered: they are what they would be if they were made anew, for the same visitor, and no header is.

use std::io::{Read as _, Write as _};

use crate::harness::{Answering, Gateway, GatewayBuilder, Origin, PAGE, answer};

const FRAME: &str = "<!DOCTYPE html><html><head><title>Shop</title></head><body><iframe src=https://maps.example/1></iframe></body></html>";

const HOST: &str = "[[site.host]]\nname = \"maps.example\"\ncategory = \"functional\"\nowner = \"Maps\"\n";

/// How many pages came to this.
fn pages(gateway: &Gateway, outcome: &str) -> usize {
    let start = format!("kelisim_pages_total{{outcome=\"{outcome}\",site=\"shop.example\"}} ");
    let text = gateway.admin("/metrics");
    text.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |count| count.parse().unwrap())
}

fn with_host(site: &Origin) -> GatewayBuilder {
    Gateway::with(site).tables(HOST)
}

/// A site whose page at every path is this one, with a header that counts its answers.
fn counting(headers: &'static [(&'static str, &'static str)], page: &'static str) -> Origin {
    let answers = std::sync::atomic::AtomicUsize::new(0);
    Origin::new(move |_| {
        let number = answers.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
        let own = [("content-type", "text/html; charset=utf-8"), ("x-number", number.as_str())];
        Answering::Bytes(answer("200 OK", &[&own[..], headers].concat(), page))
    })
}

#[test]
fn the_same_bytes_give_the_same_page_with_each_answers_own_headers() {
    let site = counting(&[], FRAME);
    let gateway = with_host(&site).start();
    let replies: Vec<_> = (0..3).map(|_| gateway.browser().open("/")).collect();
    assert_eq!((pages(&gateway, "rewritten"), pages(&gateway, "remembered")), (1, 2));
    for (number, reply) in replies.iter().enumerate() {
        assert!(reply.complete && reply.shows_banner() && reply.text().contains("/_kelisim/frame?"), "{number}");
        assert_eq!((&reply.body, reply.header("x-number")), (&replies[0].body, Some(&*number.to_string())));
    }
}

#[test]
fn a_page_in_gzip_is_remembered_as_it_was_made() {
    let mut coded = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    coded.write_all(PAGE.as_bytes()).unwrap();
    let coded = coded.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        coded.len()
    );
    let site = Origin::answering([head.as_bytes(), &coded].concat());
    let gateway = with_host(&site).start();
    let replies: Vec<_> = (0..2).map(|_| gateway.browser().sending("accept-encoding", "gzip").open("/")).collect();
    assert_eq!((pages(&gateway, "rewritten"), pages(&gateway, "remembered")), (1, 1));
    assert_eq!((replies[1].header("content-encoding"), &replies[1].body), (Some("gzip"), &replies[0].body));
    let mut page = String::new();
    flate2::read::GzDecoder::new(&replies[1].body[..]).read_to_string(&mut page).unwrap();
    assert!(page.contains("data-kelisim-script") && page.contains("<p>Welcome</p>"), "{page}");
}

#[test]
fn visitors_with_different_choices_never_get_one_anothers_page() {
    let site = counting(&[], FRAME);
    let gateway = with_host(&site).start();
    let (mut anna, mut boris) = (gateway.browser(), gateway.browser());
    anna.choose("accept");
    boris.choose("necessary");
    for turn in 0..3 {
        let (accepted, refused, unanswered) = (anna.click("/"), boris.click("/"), gateway.browser().open("/"));
        let framed = |page: &str| page.contains("src=https://maps.example/1");
        assert!(framed(&accepted.text()) && !accepted.shows_banner(), "turn {turn}");
        assert!(!framed(&refused.text()) && !refused.shows_banner(), "turn {turn}");
        assert!(!framed(&unanswered.text()) && unanswered.shows_banner(), "turn {turn}");
        assert!(accepted.text().contains("data-kelisim-allowed=\"functional"), "{}", accepted.text());
        assert!(refused.text().contains("data-kelisim-allowed=\"\""), "{}", refused.text());
    }
    assert!(pages(&gateway, "remembered") >= 6);
}

#[test]
fn a_page_of_another_path_or_language_is_another_page() {
    let site = counting(&[], FRAME);
    let gateway = with_host(&site).start();
    for _ in 0..2 {
        for (language, path) in [("ru", "/a"), ("ru", "/b?x=1"), ("kk", "/a"), ("en", "/a")] {
            let page = gateway.browser().sending("accept-language", language).open(path).text();
            assert!(page.contains(&format!("data-kelisim-language=\"{language}\"")), "{page}");
            let back = path.replace('?', "%3F").replace('=', "%3D").replace('/', "%2F");
            assert!(page.contains(&format!("to&#61;{back}")), "{path}: {page}");
        }
    }
    assert_eq!((pages(&gateway, "rewritten"), pages(&gateway, "remembered")), (4, 4));
}

#[test]
fn what_is_not_to_be_stored_is_not_remembered() {
    let check = |headers: &'static [(&'static str, &'static str)], sent: Option<(&str, &str)>, remembered: usize| {
        let site = counting(headers, FRAME);
        let gateway = with_host(&site).start();
        for _ in 0..3 {
            let browser = gateway.browser();
            let mut browser = match sent {
                Some((name, value)) => browser.sending(name, value),
                None => browser,
            };
            assert!(browser.open("/").text().contains("/_kelisim/frame?"));
        }
        assert_eq!(pages(&gateway, "remembered"), remembered, "{headers:?} {sent:?}");
    };
    check(&[("cache-control", "max-age=60")], None, 2);
    check(&[("cache-control", "max-age=60, Private")], None, 0);
    check(&[("cache-control", "No-Store")], None, 0);
    check(&[("set-cookie", "PHPSESSID=1; Path=/; HttpOnly")], None, 0);
    check(&[], Some(("authorization", "Basic YTpi")), 0);
    check(&[("content-security-policy", "script-src 'nonce-abc'")], None, 0);
}
