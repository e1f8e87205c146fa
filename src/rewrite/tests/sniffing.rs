//! What is a page, by its first bytes.

use crate::rewrite::PassReason::{AlreadyInjected, Amp, Charset, SniffedOther, Xhtml};
use crate::rewrite::sniff::{Declared, LOOK_AHEAD_BYTES, Sniffed, sniff};

const TYPED: Declared = Declared { typed: true, encoding_named: false };
const UNTYPED: Declared = Declared { typed: false, encoding_named: false };
const NAMED: Declared = Declared { typed: true, encoding_named: true };

fn check(body: &[u8], declared: Declared, expected: Sniffed) {
    assert_eq!(sniff(body, true, declared), expected, "{:?}", String::from_utf8_lossy(body));
}

#[test]
fn pages_are_pages() {
    let pages: [&[u8]; 8] = [
        b"<!DOCTYPE html><html><head>",
        b"\xEF\xBB\xBF \n<p>x",
        b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'>",
        b"<meta charset=windows-1251>\xCF\xF0",
        b"<meta charset=utf-16>",
        b"<meta charset='nobody knows'>",
        b"text <b>and more",
        b"<html data-amp lamp amp-x=1>",
    ];
    for page in pages {
        check(page, TYPED, Sniffed::Html);
    }
    check(b"<!doctype HTML><p>", UNTYPED, Sniffed::Html);
}

#[test]
fn mislabelled_bodies_are_not() {
    let others: [&[u8]; 16] = [
        b"%PDF-1.7 <",
        b"{\"a\":\"<p>\"}",
        b" [1]",
        b"\xEF\xBB\xBF{}",
        b"<?xml version='1.0'?><!-- x --><rss>",
        b"<RSS version=2>",
        b"<feed xmlns=x>",
        b"<svg/>",
        b"<?xml?><urlset>",
        b"GIF89a<",
        b"\x89PNG<",
        b"PK\x03\x04<",
        b"<p>\0",
        b"\"just a string\"",
        b"42",
        b"",
    ];
    for other in others {
        check(other, TYPED, Sniffed::Other(SniffedOther));
    }
    check(b"<p>no type, no doctype", UNTYPED, Sniffed::Other(SniffedOther));
    check(b"<?xml version='1.0'?><html>", UNTYPED, Sniffed::Other(Xhtml));
}

#[test]
fn encodings_amp_and_other_gateways_keep_us_out() {
    check(b"\xFF\xFE<\0h\0", TYPED, Sniffed::Other(Charset));
    check(b"\xFE\xFF\0<\0h", TYPED, Sniffed::Other(Charset));
    check(
        b"<head><meta name=x><meta http-equiv=content-type content='text/html; charset=iso-2022-jp'>",
        TYPED,
        Sniffed::Other(Charset),
    );
    check(b"<meta charset=\"utf-7\">", TYPED, Sniffed::Other(Charset));
    check(b"<meta charset=iso-2022-jp>", NAMED, Sniffed::Html);
    check(b"<!doctype html><html lang=en AMP>", TYPED, Sniffed::Other(Amp));
    check("<html \u{26A1}><head>".as_bytes(), TYPED, Sniffed::Other(Amp));
    check(b"<html><head><script data-kelisim-script src=x>", TYPED, Sniffed::Other(AlreadyInjected));
}

#[test]
fn a_page_is_let_through_as_soon_as_it_is_settled() {
    let head = b"<!doctype html><html lang=kk><head><meta charset=utf-8><title>x";
    let settled = (0..head.len()).find(|length| sniff(&head[..*length], false, TYPED) == Sniffed::Html);
    assert_eq!(settled, Some(head.len() - b"<title>x".len()));
    assert_eq!(sniff(b"<html><head><title>a longer title than the marker", false, NAMED), Sniffed::Html);
    assert_eq!(sniff(b"<html><head><script data-kel", false, NAMED), Sniffed::NeedMore);
    assert_eq!(sniff(b"<html><head><title>", false, TYPED), Sniffed::NeedMore);
    let long = [b"<html><head>".as_slice(), &[b'x'; LOOK_AHEAD_BYTES]].concat();
    assert_eq!(sniff(&long, false, TYPED), Sniffed::Html);
}
