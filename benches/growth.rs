//! How the cost grows: with cookies, rules, sites and the length of a page in the pure functions; with the length of a header, connections
//! and the length of a page through the whole gateway. Each is a table, a curve in the terminal and one under `benches/growth/`, and a
//! verdict: at most linear, and flat for rules, sites and path rules.
//!
//! Pure functions are timed, the least of many rounds in which all sizes take turns; of the gateway the processor time is read.

#![allow(clippy::print_stdout, reason = "curves are shown")]

#[path = "support/cookies.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod cookies;
#[path = "support/curve.rs"]
mod curve;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/page.rs"]
mod page;
#[path = "support/rewriting.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod rewriting;

use std::{hint::black_box, process::ExitCode, time::Instant};

use curve::{Curve, Limit};
use gateway::Gateway;
use http::header::COOKIE;
use kelisim::{
    consent::Category,
    cookies::{CATALOGUE, Catalogue, Pattern, Rule, filter_request, parse_catalogue},
    routing::{HostPattern, Hosts, PathRule, SitePaths},
};

/// Measures a curve.
type Draw = fn() -> Curve;

/// A size, and what is done with something of that size.
type Work = (f64, Box<dyn FnMut()>);

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let curves: [(&str, Draw); 10] = [
        ("cookies", of_cookies),
        ("rules", of_rules),
        ("sites", of_sites),
        ("path-rules", of_path_rules),
        ("page", of_page),
        ("page-long", of_long_page),
        ("gateway-header", of_header_through_gateway),
        ("gateway-connections", of_connections_through_gateway),
        ("gateway-page", of_page_through_gateway),
        ("gateway-page-long", of_long_page_through_gateway),
    ];
    let mut all_hold = true;
    for (name, curve) in curves.iter().filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| name.contains(&**wanted)))
    {
        all_hold &= curve().show(name);
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Nanoseconds of each work, the least of many rounds in which they take turns.
fn in_turns(works: &mut [Work]) -> Vec<(f64, f64)> {
    const ROUNDS: usize = 60;
    /// Time of one round of one work, in nanoseconds: short enough that many of them pass undisturbed.
    const ROUND: f64 = 200_000.0;
    let once = |work: &mut dyn FnMut(), runs: u32| {
        let begun = Instant::now();
        (0..runs).for_each(|_| work());
        begun.elapsed().as_secs_f64() * 1e9 / f64::from(runs)
    };
    let runs: Vec<u32> =
        works.iter_mut().map(|(_, work)| (ROUND / once(work, 3)).clamp(1.0, 10_000.0) as u32).collect();
    let mut least = vec![f64::MAX; works.len()];
    for _ in 0..ROUNDS {
        for (((_, work), runs), least) in works.iter_mut().zip(&runs).zip(&mut least) {
            *least = least.min(once(work, *runs));
        }
    }
    works.iter().map(|(size, _)| *size).zip(least).collect()
}

fn of_cookies() -> Curve {
    let work = |count: usize| -> (f64, Box<dyn FnMut()>) {
        let catalogue = cookies::catalogue();
        let mut map = cookies::headers(&COOKIE, &[cookies::pairs(count, 0, 58 * count).join("; ")]);
        let run = move || _ = black_box(filter_request(black_box(&mut map), &catalogue, cookies::NECESSARY));
        (count as f64, Box::new(run))
    };
    let points = in_turns(&mut [6, 12, 24, 48, 96, 192, 384, 768].map(work));
    Curve { of: "cookies of 58 bytes in a request", unit: "ns", limit: Limit::Linear, points }
}

/// The shipped catalogue and as many more lines of a site: exact names and prefixes, as sites write them.
fn of_rules() -> Curve {
    let rule = |text: &str| Rule {
        pattern: Pattern::name(text).expect("a name"),
        category: Category::Analytical,
        owner: "".into(),
        purpose: "".into(),
        lifetime: "".into(),
        third_party: false,
        verified: true,
    };
    let work = |count: usize| -> (f64, Box<dyn FnMut()>) {
        let lines = (0..count).map(|number| match number % 2 {
            0 => rule(&format!("shop_{number}")),
            _ => rule(&format!("shop_section_{number}_*")),
        });
        let base = parse_catalogue(CATALOGUE).expect("the shipped catalogue has no fault");
        let catalogue = Catalogue::new(base, lines.collect());
        // Half of the names are found at once, the other half only by a prefix or not at all.
        let mut map = cookies::headers(&COOKIE, &[cookies::pairs(12, 6, 700).join("; ")]);
        let all = [Category::Functional, Category::Analytical, Category::Marketing].into_iter().collect();
        let permit = kelisim::cookies::Permit { allowed: all, unknown: kelisim::cookies::Unknown::Passed };
        let run = move || _ = black_box(filter_request(black_box(&mut map), &catalogue, permit));
        (count as f64, Box::new(run))
    };
    let points = in_turns(&mut [100, 300, 1_000, 3_000, 10_000, 30_000].map(work));
    Curve { of: "lines of the site beside the catalogue, 12 cookies", unit: "ns", limit: Limit::Flat, points }
}

fn of_sites() -> Curve {
    let work = |count: usize| -> (f64, Box<dyn FnMut()>) {
        let patterns: Vec<_> = (0..count)
            .map(|site| match site % 2 {
                0 => [HostPattern::Exact(format!("shop-{site}.example"))],
                _ => [HostPattern::Subdomains(format!("shop-{site}.example"))],
            })
            .collect();
        let hosts = Hosts::new(patterns.iter().map(|patterns| &patterns[..]));
        let run = move || {
            black_box(hosts.find(black_box("shop-8.example")));
            black_box(hosts.find(black_box("www.shop-9.example")));
        };
        (count as f64, Box::new(run))
    };
    let points = in_turns(&mut [10, 30, 100, 300, 1_000, 3_000, 10_000].map(work));
    Curve { of: "sites, two hosts found", unit: "ns", limit: Limit::Flat, points }
}

fn of_path_rules() -> Curve {
    let work = |count: usize| -> (f64, Box<dyn FnMut()>) {
        let rule = |number| PathRule {
            prefix: format!("/callback-{number}/"),
            banner: false,
            content_security_policy: true,
            client_address: None,
            pass_through: false,
        };
        let paths = SitePaths::new((0..count).map(rule).collect(), Vec::new());
        let run = move || _ = black_box(paths.rule(black_box("/services/trademarks/register")));
        (count as f64, Box::new(run))
    };
    let points = in_turns(&mut [1, 3, 10, 30, 100, 300, 1_000].map(work));
    Curve { of: "path rules of a site, none fits", unit: "ns", limit: Limit::Flat, points }
}

/// Pages that are kept whole until something comes in them that might be edited.
const PAGES: [usize; 5] = [15, 30, 60, 120, 240];

/// Pages of which the parser has to read all, because nobody keeps so much: beyond 256 KiB each byte costs more.
const LONG_PAGES: [usize; 4] = [375, 750, 1_500, 3_000];

fn of_page() -> Curve {
    Curve { of: "KB of a page that is rewritten", ..of_pages(&PAGES) }
}

fn of_long_page() -> Curve {
    Curve { of: "KB of a page beyond 256 KiB that is rewritten", ..of_pages(&LONG_PAGES) }
}

fn of_pages(sizes: &[usize]) -> Curve {
    let work = |kilobytes: &usize| -> (f64, Box<dyn FnMut()>) {
        let raw = page::page(kilobytes * 1000, 1).into();
        let (plan, injection) = (rewriting::rewrite_plan(None), rewriting::injection());
        let run = move || _ = black_box(rewriting::rewrite(&plan, &injection, rewriting::edits(), black_box(&raw)));
        (*kilobytes as f64, Box::new(run))
    };
    let points = in_turns(&mut sizes.iter().map(work).collect::<Vec<_>>());
    Curve { of: "", unit: "ns", limit: Limit::Linear, points }
}

/// Microseconds of the gateway's processor time a request, the least of some turns.
fn through_gateway(sizes: &[usize], mut prepare: impl FnMut(usize) -> (gateway::Load, u32)) -> Vec<(f64, f64)> {
    const TURNS: usize = 5;
    let gateway = Gateway::start();
    let mut works: Vec<_> = sizes.iter().map(|size| (*size, prepare(*size), f64::MAX)).collect();
    for turn in 0..=TURNS {
        for (_, (load, requests), least) in &mut works {
            let cost = gateway.cost(load, *requests);
            // The first turn makes connections and fills memories.
            if turn > 0 {
                *least = least.min(cost);
            }
        }
    }
    works.into_iter().map(|(size, _, least)| (size as f64, least)).collect()
}

fn of_header_through_gateway() -> Curve {
    let points = through_gateway(&[1, 2, 4, 8, 16, 32], |kilobytes| {
        // Lines of a thousand bytes, as long as real ones get; the gateway takes a hundred.
        let lines: String = (0..kilobytes).map(|number| format!("x-line-{number}: {}\r\n", "v".repeat(985))).collect();
        (gateway::Load { connections: 16, head: lines, body_bytes: 1000, html: false }, 3_000)
    });
    Curve { of: "KB of a request's head through the gateway", unit: "µs", limit: Limit::Linear, points }
}

fn of_connections_through_gateway() -> Curve {
    let points = through_gateway(&[4, 16, 64, 256, 1_000], |connections| {
        (gateway::Load { connections, head: String::new(), body_bytes: 1000, html: false }, 8_000)
    });
    Curve { of: "connections with requests in turn, cost of one request", unit: "µs", limit: Limit::Flat, points }
}

fn of_page_through_gateway() -> Curve {
    Curve { of: "KB of a page through the gateway", ..of_pages_through_gateway(&PAGES) }
}

fn of_long_page_through_gateway() -> Curve {
    Curve { of: "KB of a page beyond 256 KiB through the gateway", ..of_pages_through_gateway(&LONG_PAGES) }
}

fn of_pages_through_gateway(sizes: &[usize]) -> Curve {
    let points = through_gateway(sizes, |kilobytes| {
        (
            gateway::Load { connections: 4, head: String::new(), body_bytes: kilobytes * 1000, html: true },
            60_000 / (kilobytes as u32 + 50),
        )
    });
    Curve { of: "", unit: "µs", limit: Limit::Linear, points }
}
