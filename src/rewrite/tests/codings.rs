//! Pages through the whole pipeline, in every coding, whole and broken.

use std::io::{Read, Write};

use bytes::Bytes;
use proptest::prelude::*;

use super::support::{BANNER, inject, injection, rewrite_plan};
use crate::rewrite::{BrokenBody, Coding, Opening, PageBody, PageRewriter, PassReason};

const CODINGS: [Coding; 4] = [Coding::Identity, Coding::Gzip, Coding::Brotli, Coding::Zstd];

fn page(rows: usize) -> Vec<u8> {
    let mut page =
        b"<!DOCTYPE html><html><head><meta charset=utf-8><title>x</title></head><body class=a><table>".to_vec();
    for row in 0..rows {
        page.extend_from_slice(format!("<tr><td>{row}<td>{}", row.wrapping_mul(2_654_435_761) % 1_000_003).as_bytes());
    }
    page
}

fn encode(coding: Coding, page: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Identity => page.to_vec(),
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(page).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Brotli => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(page).unwrap();
            encoder.into_inner()
        }
        Coding::Zstd => zstd::encode_all(page, 3).unwrap(),
    }
}

/// Everything that an independent decoder can make of `body`, even where it does not end.
fn decode_available(coding: Coding, body: &[u8]) -> Vec<u8> {
    let mut page = Vec::new();
    let mut reader: Box<dyn Read + '_> = match coding {
        Coding::Identity => Box::new(body),
        Coding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(body)),
        Coding::Brotli => Box::new(brotli::Decompressor::new(body, 1)),
        Coding::Zstd => Box::new(zstd::Decoder::new(body).unwrap()),
    };
    let mut byte = [0];
    while let Ok(1) = reader.read(&mut byte) {
        page.push(byte[0]);
    }
    page
}

fn opened(coding: Coding, raw: &[u8]) -> Result<PageRewriter, PassReason> {
    let mut body = PageBody::new(&rewrite_plan(coding));
    let opening = match body.open(Bytes::copy_from_slice(raw)) {
        Opening::NeedMore => body.open_end(),
        decided => decided,
    };
    match opening {
        Opening::Page => Ok(body.into_rewriter(injection(), None)),
        Opening::NotPage(reason) => Err(reason),
        Opening::NeedMore => panic!("an ended body is decided"),
    }
}

/// Puts a coded body through in parts of `size` bytes.
fn rewritten(coding: Coding, raw: &[u8], size: usize) -> Result<Vec<u8>, BrokenBody> {
    let mut parts = raw.chunks(size);
    let mut body = PageBody::new(&rewrite_plan(coding));
    let mut output = Vec::new();
    loop {
        let opening = match parts.next() {
            Some(part) => body.open(Bytes::copy_from_slice(part)),
            None => body.open_end(),
        };
        match opening {
            Opening::NeedMore => {}
            Opening::NotPage(_) => return Ok(raw.to_vec()),
            Opening::Page => break,
        }
    }
    let mut rewriter = body.into_rewriter(injection(), None);
    output.extend(rewriter.write(Bytes::new())?.concat());
    for part in parts {
        output.extend(rewriter.write(Bytes::copy_from_slice(part))?.concat());
    }
    output.extend(rewriter.finish()?.concat());
    Ok(output)
}

#[test]
fn a_coded_page_comes_out_in_its_coding_with_our_insertions() {
    for coding in CODINGS {
        for rows in [0, 3, 20_000] {
            let page = page(rows);
            for size in [1, 7, 1460, 1 << 20].into_iter().filter(|size| *size > 1 || rows < 100) {
                let output = rewritten(coding, &encode(coding, &page), size).unwrap();
                assert!(
                    decode_available(coding, &output) == inject([page.as_slice()]),
                    "{coding:?}, {rows} rows, parts of {size}"
                );
            }
        }
    }
}

#[test]
fn a_body_of_several_members_is_one_page() {
    let page = page(50);
    let (first, second) = page.split_at(60);
    for coding in [Coding::Gzip, Coding::Zstd] {
        let raw = [encode(coding, first), encode(coding, second)].concat();
        for size in [1, 13, 5000] {
            let output = rewritten(coding, &raw, size).unwrap();
            assert_eq!(decode_available(coding, &output), inject([page.as_slice()]), "{coding:?}, parts of {size}");
        }
    }
    let padded = [encode(Coding::Gzip, &page), vec![0; 512]].concat();
    assert_eq!(
        decode_available(Coding::Gzip, &rewritten(Coding::Gzip, &padded, 100).unwrap()),
        inject([page.as_slice()])
    );
}

#[test]
fn what_was_flushed_is_readable_before_the_rest_comes() {
    let page = page(0);
    let body_tag = memchr::memmem::find(&page, b"<table").unwrap();
    for coding in CODINGS {
        let mut encoded = encode(coding, &page[..body_tag]);
        // The origin flushed here: gzip without its trailer is what a decoder sees then.
        if coding == Coding::Gzip {
            encoded.truncate(encoded.len() - 8);
        }
        let mut rewriter = opened(coding, &encoded).unwrap();
        let mut sent = rewriter.write(Bytes::new()).unwrap().concat();
        sent.extend(rewriter.flush().unwrap().concat());
        assert!(decode_available(coding, &sent).ends_with(BANNER.as_bytes()), "{coding:?}");
        assert!(rewriter.flush().unwrap().is_empty(), "{coding:?}: a flush of nothing costs nothing");
    }
}

#[test]
fn a_page_that_ends_too_early_is_never_ended_for_it() {
    let page = page(2000);
    for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
        let raw = encode(coding, &page);
        for length in (1..raw.len()).step_by(raw.len() / 150 + 1).chain([raw.len() - 1]) {
            let outcome = opened(coding, &raw[..length])
                .map(|mut rewriter| rewriter.write(Bytes::new()).and_then(|_| rewriter.finish()));
            assert!(
                matches!(outcome, Err(PassReason::BrokenCoding) | Ok(Err(BrokenBody))),
                "{coding:?} cut at {length}: {outcome:?}"
            );
        }
    }
}

#[test]
fn what_is_not_in_the_coding_it_names_passes_raw() {
    for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
        assert_eq!(opened(coding, &page(3)).err(), Some(PassReason::BrokenCoding), "{coding:?}");
        assert_eq!(opened(coding, b"").err(), Some(PassReason::SniffedOther), "{coding:?}");
    }
}

#[test]
fn a_page_that_another_gateway_made_is_left_alone() {
    let made = inject([page(3).as_slice()]);
    for coding in CODINGS {
        assert_eq!(opened(coding, &encode(coding, &made)).err(), Some(PassReason::AlreadyInjected), "{coding:?}");
    }
}

#[test]
fn a_small_body_that_unfolds_without_end_is_stopped() {
    let bomb = [page(0), vec![b' '; 10 << 20]].concat();
    let gzip = rewritten(Coding::Gzip, &encode(Coding::Gzip, &bomb), 4096).unwrap();
    assert!(gzip.len() < bomb.len() / 500, "gzip cannot unfold further than by 1,032 and passes");
    for coding in [Coding::Brotli, Coding::Zstd] {
        assert_eq!(rewritten(coding, &encode(coding, &bomb), 4096), Err(BrokenBody), "{coding:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bits_never_panic(at in any::<prop::sample::Index>(), bit in 0..8_u32, which in 1..4_usize, size in 1..500_usize) {
        let coding = CODINGS[which];
        let mut raw = encode(coding, &page(300));
        let at = at.index(raw.len());
        raw[at] ^= 1 << bit;
        let _ = rewritten(coding, &raw, size);
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..3000), which in 0..4_usize, size in 1..500_usize) {
        let _ = rewritten(CODINGS[which], &noise, size);
    }
}
