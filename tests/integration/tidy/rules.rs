//! The rules of the house as functions of a path and its text. Each answers with the sentences of what is wrong.

use super::source::{Named, code, paths, without_tests};

/// Longest file: what can be read in one sitting.
const MOST_LINES: usize = 400;

const RULES: &[&str] = &[
    "analytics",
    "consent",
    "cookies",
    "fields",
    "inventory",
    "ledger",
    "prefixes",
    "rereading",
    "rewrite",
    "routing",
    "statistics",
    "timestamp",
    "trace_context",
    "visitor",
];
const OUTSIDE: &[&str] =
    &["acme", "clock", "durable", "export", "geo", "mail", "sockets", "store", "telemetry", "upstream", "witness"];

/// Which modules a module may name besides itself; a module without a place may name none.
fn may_name(module: &str) -> Option<Vec<&'static str>> {
    let above: &[&'static str] = match module {
        _ if RULES.contains(&module) => &[],
        "pages" | "clock" | "durable" | "sockets" => &[],
        "geo" | "mail" => &["clock"],
        "store" => &["clock", "durable"],
        "export" => &["store"],
        "telemetry" | "upstream" => &["clock", "sockets"],
        "acme" | "witness" => &["clock", "durable", "sockets"],
        "gateway" => &["pages", "clock", "geo", "store", "telemetry", "upstream"],
        "admin" => &["export", "gateway", "store", "clock", "geo", "mail", "sockets", "telemetry"],
        "server" => &["acme", "gateway", "clock", "sockets", "telemetry"],
        "config" => &[
            "acme",
            "admin",
            "gateway",
            "server",
            "pages",
            "clock",
            "geo",
            "mail",
            "store",
            "telemetry",
            "upstream",
            "witness",
        ],
        "cli" => &[
            "acme",
            "admin",
            "config",
            "durable",
            "export",
            "gateway",
            "server",
            "pages",
            "clock",
            "geo",
            "mail",
            "store",
            "telemetry",
            "upstream",
            "witness",
        ],
        "main" => &["cli"],
        _ => return None,
    };
    Some(if module == "main" { above.to_vec() } else { [RULES, above].concat() })
}

/// What rules and our own pages must not touch, and why.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "waits for nothing"),
    ("hyper", "knows no connection"),
    ("hyper_util", "knows no connection"),
    ("rusqlite", "opens no file"),
    ("tracing", "logs nothing"),
    ("std::fs", "opens no file"),
    ("std::env", "reads no environment"),
    ("std::process", "starts no process"),
    ("std::thread", "starts no thread"),
    ("std::net::TcpStream", "opens no socket"),
    ("std::net::TcpListener", "opens no socket"),
    ("std::net::UdpSocket", "opens no socket"),
    ("std::time::Instant", "reads no clock; time is passed in"),
    ("std::time::SystemTime", "reads no clock; time is passed in"),
];

/// The module of `src` that a file belongs to.
fn module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    Some(inside.split('/').next()?.trim_end_matches(".rs"))
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// main, cli → config, server, admin → gateway → rules, pages, upstream, store, geo, telemetry; rules import rules only.
pub fn direction(path: &str, source: &str) -> Vec<String> {
    let Some(own) = module(path).filter(|own| *own != "lib") else { return Vec::new() };
    let Some(allowed) = may_name(own) else {
        return vec![format!(
            "{path}: the module `{own}` has no place in the direction of imports; give it one in tidy"
        )];
    };
    let code = code(source);
    let tests_begin = without_tests(&code).lines().count();
    let wrong = |Named { line, path: named }: Named| {
        let mut parts = named.split("::");
        let first = parts.next()?;
        let supers = named.split("::").take_while(|part| *part == "super").count();
        if supers > 0 && supers >= depth(path) + usize::from(line > tests_begin) {
            return Some(format!("{path}:{line}: `{named}` leaves the module; write crate::… so that it can be seen"));
        }
        let root = if own == "main" { "kelisim" } else { "crate" };
        let other = parts.next().filter(|_| first == root)?;
        (other != own && !allowed.contains(&other)).then(|| format!("{path}:{line}: {}", sentence(own, other)))
    };
    paths(&code).into_iter().filter_map(wrong).collect()
}

fn sentence(own: &str, other: &str) -> String {
    if RULES.contains(&own) {
        format!("`{own}` is a rule and imports rules only, not `{other}`")
    } else if own == "pages" {
        format!("`pages` imports rules only, not `{other}`")
    } else if OUTSIDE.contains(&own) {
        format!("`{own}` is an edge and imports rules, the clock and sockets only, not `{other}`")
    } else {
        format!("`{own}` must not import `{other}`: main, cli → config, server, admin → gateway → the rest")
    }
}

/// How many `super::` lead from a file to the root of the crate.
fn depth(path: &str) -> usize {
    let steps = path.strip_prefix("src/").unwrap_or(path).split('/').count();
    if path.ends_with("/mod.rs") { steps - 1 } else { steps }
}

/// Rules compute: values in, values out.
pub fn purity(path: &str, source: &str) -> Vec<String> {
    let Some(own) = module(path).filter(|own| RULES.contains(own) || *own == "pages") else { return Vec::new() };
    if is_test(path) {
        return Vec::new();
    }
    let code = code(source);
    let wrong = |Named { line, path: named }: Named| {
        if named == "static" && own != "pages" {
            return Some(format!("{path}:{line}: `{own}` is a rule and keeps no state; pass it in"));
        }
        let (_, why) = IMPURE.iter().find(|(impure, _)| {
            named.strip_prefix(impure).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })?;
        Some(format!("{path}:{line}: `{own}` {why}, so it can't use {named}"))
    };
    paths(without_tests(&code)).into_iter().filter_map(wrong).collect()
}

/// A file opens with what it is for; it has a length that can be read; nothing in it is half done.
pub fn form(path: &str, source: &str, long_tables: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    if !source.starts_with("//!") && !source.starts_with("#![doc = include_str!") {
        wrong.push(format!("{path}:1: a file opens with `//!` and what it is for"));
    }
    let lines = source.lines().count();
    if lines > MOST_LINES && !long_tables.contains(&path) {
        wrong.push(format!("{path}: {lines} lines; a file has at most {MOST_LINES}: split it by concept"));
    }
    wrong
}

/// Words that say that something is half done, and places that are not the reader's.
const WORDS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "nothing half done is merged"),
    (concat!("FIX", "ME"), "nothing half done is merged"),
    (concat!("unimpl", "emented!"), "nothing half done is merged"),
    (concat!("to", "do!("), "nothing half done is merged"),
    (concat!("crates", ".io"), "the project names no package registry"),
    (concat!("npmjs", "."), "the project names no package registry"),
    (concat!("pypi", "."), "the project names no package registry"),
    (concat!("/wo", "rk/"), "a path of one machine helps nobody else"),
    (concat!("/ho", "me/"), "a path of one machine helps nobody else"),
    (concat!("/ro", "ot/"), "a path of one machine helps nobody else"),
];

/// No word that must not be in the tree.
pub fn words(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let wrong =
        lines.flat_map(|(at, line)| WORDS.iter().map(move |(word, why)| (at + 1, line.contains(word), word, why)));
    wrong.filter(|(_, found, ..)| *found).map(|(at, _, word, why)| format!("{path}:{at}: `{word}`: {why}")).collect()
}

#[test]
fn an_import_against_the_direction_is_told_with_its_place() {
    let check = |path: &str, source: &str, expected: &str| assert_eq!(direction(path, source).join("\n"), expected);
    check("src/cookies/judge.rs", "use crate::consent::Category;\nuse crate::cookies::Rule;", "");
    check(
        "src/cookies/judge.rs",
        "use crate::{\n    consent::Category,\n};\nfn f() { crate::store::open() }",
        "src/cookies/judge.rs:4: `cookies` is a rule and imports rules only, not `store`",
    );
    check(
        "src/visitor/mod.rs",
        "use crate::clock::Clock;",
        "src/visitor/mod.rs:1: `visitor` is a rule and imports rules only, not `clock`",
    );
    check(
        "src/pages/banner.rs",
        "use crate::store::X;",
        "src/pages/banner.rs:1: `pages` imports rules only, not `store`",
    );
    check(
        "src/geo.rs",
        "use crate::gateway::X;",
        "src/geo.rs:1: `geo` is an edge and imports rules, the clock and sockets only, not `gateway`",
    );
    check(
        "src/gateway/mod.rs",
        "use crate::{pages, config};",
        "src/gateway/mod.rs:1: `gateway` must not import `config`: main, cli → config, server, admin → gateway → the rest",
    );
    check(
        "src/cookies/judge.rs",
        "use super::super::store::X;",
        "src/cookies/judge.rs:1: `super::super::store::X` leaves the module; write crate::… so that it can be seen",
    );
    check("src/geo.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}", "");
    check(
        "src/new.rs",
        "",
        "src/new.rs: the module `new` has no place in the direction of imports; give it one in tidy",
    );
    check("src/main.rs", "kelisim::cli::main()", "");
    assert_eq!(direction("src/main.rs", "kelisim::store::open()").len(), 1);
}

#[test]
fn a_rule_that_touches_the_world_is_told_with_its_place() {
    let check = |path: &str, source: &str, expected: &str| assert_eq!(purity(path, source).join("\n"), expected);
    check(
        "src/consent/mod.rs",
        "use std::{net::IpAddr, time::Duration};\n// tokio\nconst A: &'static str = \"static\";",
        "",
    );
    check(
        "src/consent/mod.rs",
        "use std::time::{Duration, SystemTime};",
        "src/consent/mod.rs:1: `consent` reads no clock; time is passed in, so it can't use std::time::SystemTime",
    );
    check(
        "src/pages/a.rs",
        "\ntokio::spawn(f)",
        "src/pages/a.rs:2: `pages` waits for nothing, so it can't use tokio::spawn",
    );
    check(
        "src/routing/a.rs",
        "static A: u8 = 1;",
        "src/routing/a.rs:1: `routing` is a rule and keeps no state; pass it in",
    );
    check("src/rewrite/tests/a.rs", "use std::fs;", "");
    check("src/store/a.rs", "use std::fs;", "");
    for (impure, _) in IMPURE {
        assert_eq!(purity("src/consent/a.rs", &format!("use {impure};")).len(), 1, "{impure}");
    }
}

#[test]
fn a_file_without_purpose_or_end_is_told() {
    assert_eq!(form("a.rs", "//! What it is for.\n", &[]), Vec::<String>::new());
    assert_eq!(form("a.rs", "use b;\n", &[]), ["a.rs:1: a file opens with `//!` and what it is for"]);
    let long = format!("//! Long.\n{}", "\n".repeat(MOST_LINES));
    assert_eq!(form("a.rs", &long, &[]), ["a.rs: 401 lines; a file has at most 400: split it by concept"]);
    assert_eq!(form("a.rs", &long, &["a.rs"]), Vec::<String>::new());
}

#[test]
fn a_word_that_must_not_be_here_is_told_with_its_line() {
    for (word, why) in WORDS {
        assert_eq!(words("a.md", &format!("one\ntwo {word}three")), [format!("a.md:2: `{word}`: {why}")]);
    }
    assert_eq!(words("a.md", "nothing to do"), Vec::<String>::new());
}
