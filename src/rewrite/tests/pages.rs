//! Script and banner never change the page that they go into.

use bytes::Bytes;
use proptest::prelude::*;

use super::support::{BANNER, SCRIPT, document, has_frames, inject, injection, remove_injected};
use crate::rewrite::Placement;
use crate::rewrite::html::PageEditor;

/// Pages up to this long, in bytes, are cut at every place.
const CUT_EVERYWHERE_BYTES: usize = 400;

/// A known difference: content without a `<body>` tag, and then `<frameset>`. A browser throws content away for
/// frames as long as it holds nothing to see; the banner, put before that content, is something to see.
fn frames_after_content(page: &[u8], before: &[String], after: &[String]) -> bool {
    let output = inject([page]);
    let banner = memchr::memmem::find(&output, BANNER.as_bytes());
    let lower = output.to_ascii_lowercase();
    let frames = memchr::memmem::rfind(&lower, b"<frameset");
    let between = banner.zip(frames).and_then(|(banner, frames)| output.get(banner + BANNER.len()..frames));
    has_frames(before) && !has_frames(after) && between.is_some_and(|content| !content.trim_ascii().is_empty())
}

/// The other known differences: the banner is text, and nothing else changes. Without scripting, after a `<noscript>` in which something is
/// opened that `</noscript>` does not close, such as a comment. And after an image or a formula that `</template>` closes: the tokenizer
/// goes on as within the image, where `<noscript>` holds markup.
fn banner_as_text(page: &[u8], scripting: bool, before: &[String], after: &[String]) -> bool {
    let lower = page.to_ascii_lowercase();
    let has = |tag: &str| memchr::memmem::find(&lower, tag.as_bytes()).is_some();
    let possible = has("<noscript") && (!scripting || has("<template") && (has("<svg") || has("<math")));
    possible && after.join("\n").replacen(BANNER, "", 1) == before.join("\n")
}

/// Checks everything that must hold for a page; returns whether its frames were turned off.
fn check(page: &[u8]) -> bool {
    let whole = inject([page]);
    let shown = String::from_utf8_lossy(page).into_owned();
    assert_eq!(remove_injected(&whole), page, "the page's own bytes in {shown:?}");
    if page.len() <= CUT_EVERYWHERE_BYTES {
        for cut in 0..page.len() {
            let (first, second) = page.split_at(cut);
            assert_eq!(inject([first, second]), whole, "cut at {cut}: {shown:?}");
        }
        assert_eq!(inject(page.chunks(1)), whole, "byte by byte: {shown:?}");
    }
    let mut exception = false;
    for scripting in [true, false] {
        let (before, after) = (document(page, scripting), document(&whole, scripting));
        if before != after {
            let frames = frames_after_content(page, &before, &after);
            exception |= frames;
            let known = frames || banner_as_text(page, scripting, &before, &after);
            assert!(known, "{shown:?}\n{before:#?}\n{after:#?}");
        }
    }
    exception
}

#[test]
fn the_script_follows_the_head_tag_and_the_banner_the_body_tag() {
    let page = "\u{FEFF}<!-- x --><!DOCTYPE html><html lang=kk><head a=\">\"><title>Т</title></head><body class=c><p>т";
    let (head, body) = (page.find("<title").unwrap(), page.find("<p>").unwrap());
    let expected = [&page[..head], SCRIPT, &page[head..body], BANNER, &page[body..]].concat();
    assert_eq!(String::from_utf8(inject([page.as_bytes()])).unwrap(), expected);
}

#[test]
fn places_are_found_where_tags_are_left_out() {
    let cases = [
        ("<title>x</title><p>y", "S<title>x</title>B<p>y"),
        ("<!doctype html>\n<meta charset=x><div>", "<!doctype html>\nS<meta charset=x>B<div>"),
        ("text <b>x", "text SB<b>x"),
        ("<head><template><body><p></template><body>x", "<head>S<template><body><p></template><body>Bx"),
        ("<head></head><frameset><frame></frameset>", "<head>S</head><frameset><frame></frameset>"),
        ("<!-- <head> --><script>'<body>'</script><BODY\n>x", "<!-- <head> -->S<script>'<body>'</script><BODY\n>Bx"),
        ("<html><svg><title><p>", "<html>SB<svg><title><p>"),
        (
            "<head><script data-kelisim-script></script></head><body>",
            "<head>S<script data-kelisim-script></script></head><body>",
        ),
        ("only text", "only text"),
        ("", ""),
        ("<html><head>", "<html><head>S"),
        ("<html><bo", "<html><bo"),
    ];
    for (page, expected) in cases {
        let expected = expected.replace('S', SCRIPT).replace('B', BANNER);
        // Letters of the cases themselves are never S or B, except in `<BODY`.
        let expected = expected.replace(&format!("<{BANNER}ODY"), "<BODY");
        assert_eq!(String::from_utf8(inject([page.as_bytes()])).unwrap(), expected, "{page:?}");
    }
}

#[test]
fn what_is_settled_goes_out_at_once() {
    let mut injector = PageEditor::new(injection(), Placement::ScriptAndBanner, None);
    let parts = [("<html><head>", SCRIPT), ("<title>x</ti", ""), ("tle><body>", BANNER), ("<p>x<", "")];
    let mut sent = Vec::new();
    let mut expected = String::new();
    for (part, ours) in parts {
        injector.write(Bytes::from_static(part.as_bytes()), |piece| sent.extend(piece.into_bytes()));
        expected = expected + part + ours;
        // Only a tag that has not ended yet may wait.
        let waits = if part.ends_with("</ti") { "</ti".len() } else { 0 };
        assert_eq!(String::from_utf8_lossy(&sent), expected[..expected.len() - waits], "after {part}");
    }
}

#[test]
fn a_tag_longer_than_the_parser_may_hold_costs_the_injection_and_nothing_else() {
    let page = ["<html><head ".to_owned(), "a".repeat(400_000), "><body>end".to_owned()].concat();
    assert_eq!(inject(page.as_bytes().chunks(1000)), page.as_bytes());
    let deep = ["<html><head></head>".to_owned(), "<template>".repeat(100_000), "<body>end".to_owned()].concat();
    assert_eq!(remove_injected(&inject(deep.as_bytes().chunks(5000))), deep.as_bytes());
}

#[test]
fn frames_are_turned_off_only_by_content_before_them() {
    assert!(check(b"<div><frameset><frame></frameset>"));
    assert!(!check(b"<head></head><frameset><frame></frameset>"));
    assert!(!check(b"<body><frameset><frame></frameset>"));
}

#[test]
fn after_an_image_that_a_template_closes_the_banner_can_be_text() {
    let page = &b"<template><svg></template><noscript><img src=x></noscript>"[..];
    check(page);
    assert_ne!(document(page, true), document(&inject([page]), true));
}

#[test]
fn the_tree_construction_tests_of_html5lib_come_out_unchanged() {
    let Some(folder) = std::env::var_os("KELISIM_HTML5LIB") else { return };
    let (mut pages, mut exceptions) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "dat") {
            continue;
        }
        let file = std::fs::read(&path).unwrap();
        let mut rest = file.as_slice();
        while let Some(start) = memchr::memmem::find(rest, b"#data\n") {
            rest = &rest[start + 6..];
            let end = memchr::memmem::find(rest, b"\n#errors").unwrap_or(rest.len());
            exceptions += usize::from(check(&rest[..end]));
            pages += 1;
        }
    }
    println!("{pages} pages, {exceptions} with content before frames");
    assert!(pages > 1000, "only {pages} pages were found");
}

/// Pieces that pages are made of when nobody looks.
pub(super) fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&'static [u8]> = vec![
        b"<!DOCTYPE html>",
        b"<!doctype>",
        b"<html>",
        b"<html lang='kk'>",
        b"</html>",
        b"<head>",
        b"<head/>",
        b"</head>",
        b"<body>",
        b"<body onload=\"a>b\">",
        b"</body>",
        b"<title>x</title>",
        b"<title>",
        b"<meta charset=windows-1251>",
        b"<base href=/>",
        b"<link rel=x>",
        b"<style>",
        b"</style>",
        b"<script>",
        b"</script>",
        b"<script>document.write('</body>')</script>",
        b"<script><!--<script></script>--></script>",
        b"<noscript>",
        b"</noscript>",
        b"<noscript><img src=x></noscript>",
        b"<template>",
        b"</template>",
        b"<template><body></template>",
        b"<table>",
        b"</table>",
        b"<tr><td>",
        b"<caption>",
        b"<col>",
        b"<select>",
        b"<option>",
        b"</select>",
        b"<xmp>",
        b"</xmp>",
        b"<plaintext>",
        b"<textarea>",
        b"</textarea>",
        b"<frameset>",
        b"<frame>",
        b"</frameset>",
        b"<noframes>",
        b"</noframes>",
        b"<svg>",
        b"</svg>",
        b"<svg><title>",
        b"<desc>",
        b"<math>",
        b"<mi>",
        b"<annotation-xml encoding=text/html>",
        b"<foreignObject>",
        b"<![CDATA[x]]>",
        b"<!-- x -->",
        b"<!--",
        b"-->",
        b"<!-->",
        b"<?xml version='1.0'?>",
        b"<p>",
        b"</p>",
        b"</br>",
        b"<br/>",
        b"<b>",
        b"<i>",
        b"</b>",
        b"<a>",
        b"<a href=x>",
        b"<form>",
        b"</form>",
        b"<button>",
        b"<li>",
        b"<dd>",
        b"<h1>",
        b"<pre>\n",
        b"<image>",
        b"<isindex>",
        b"<ruby><rt>",
        b"<iframe>",
        b"</iframe>",
        b"<object>",
        b"<input type=hidden>",
        b"<font color=x>",
        b"<",
        b"</",
        b"<p a='",
        b"'>",
        b"\"",
        b">",
        b"&amp;",
        b"&#0;",
        b"&",
        b"\0",
        b" ",
        b"\n",
        b"\r\n",
        b"text",
        b"\xCF\xF0\xE8\xE2\xE5\xF2",
        b"\xFF",
        b"\xD2\x9B",
        b"<\xCF>",
        b"<x-y z>",
        b"<p <p>",
    ];
    proptest::sample::select(known).prop_map(<[u8]>::to_vec)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_page_made_of_anything_stays_itself(pieces in proptest::collection::vec(piece(), 0..14)) {
        check(&pieces.concat());
    }

    #[test]
    fn a_longer_page_in_random_parts_stays_itself(
        pieces in proptest::collection::vec(piece(), 0..200),
        cuts in proptest::collection::vec(1..300_usize, 1..20),
    ) {
        let page = pieces.concat();
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut rest = page.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (part, after) = rest.split_at(rest.len().min(*cut));
            parts.push(part);
            rest = after;
        }
        let output = inject(parts);
        prop_assert_eq!(&output, &inject([page.as_slice()]));
        prop_assert_eq!(remove_injected(&output), page);
    }
}
