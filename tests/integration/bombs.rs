//! Answers that unfold to far more than they are: in each coding the gateway's memory stays bounded, it never falls over, and goes on.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::harness::{Answering, Gateway, Origin, PAGE, Program};

/// What a bomb unfolds to, in bytes: many times what the gateway may grow by.
const UNFOLDED: usize = 40 << 20;
/// By how much the program may grow, in bytes.
const MOST_GROWTH: usize = 24 << 20;

/// How long the gateway may work without a byte of an answer.
const PATIENCE: Duration = Duration::from_secs(180);

/// The beginning of a page, and then nothing but spaces.
fn unfold(into: &mut dyn std::io::Write) {
    into.write_all(&PAGE.as_bytes()[..PAGE.len() - 14]).unwrap();
    for _ in 0..UNFOLDED >> 16 {
        into.write_all(&[b' '; 1 << 16]).unwrap();
    }
}

fn bomb(coding: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    match coding {
        "gzip" => unfold(&mut flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::default())),
        "br" => unfold(&mut brotli::CompressorWriter::new(&mut bytes, 1 << 16, 1, 22)),
        "zstd" => {
            let mut encoder = zstd::Encoder::new(&mut bytes, 3).unwrap();
            unfold(&mut encoder);
            encoder.finish().unwrap();
        }
        "gzip of gzip" => {
            let mut outer = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::default());
            outer.write_all(&bomb("gzip")).unwrap();
            outer.finish().unwrap();
        }
        _ => unreachable!("no other coding is tried"),
    }
    bytes
}

/// The most memory that the program ever had, in bytes.
fn peak(program: &Program) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// All that comes for a page, until the gateway closes the connection. To unfold all of it takes a while.
fn ask(program: &Program, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(program.http).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let lines = "host: localhost\r\naccept: text/html\r\naccept-encoding: gzip, br, zstd\r\nconnection: close";
    write!(stream, "GET {path} HTTP/1.1\r\n{lines}\r\n\r\n").unwrap();
    let mut come = Vec::new();
    stream.read_to_end(&mut come).unwrap();
    come
}

#[test]
fn answers_that_unfold_without_end_cost_no_memory_in_any_coding() {
    let codings = ["gzip", "br", "zstd", "gzip of gzip"];
    let bombs = codings.map(|coding| (coding, bomb(coding)));
    let site = Origin::new(move |request| {
        let Some((coding, bytes)) =
            bombs.iter().find(|(name, _)| request.target() == format!("/{}", name.replace(' ', "-")))
        else {
            return Answering::Bytes(crate::harness::ok("text/html; charset=utf-8", PAGE));
        };
        let said = if *coding == "gzip of gzip" { "gzip, gzip" } else { coding };
        let lines = format!(
            "content-type: text/html; charset=utf-8\r\ncontent-encoding: {said}\r\ncontent-length: {}",
            bytes.len()
        );
        Answering::Bytes([format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n").as_bytes(), bytes].concat())
    });
    let program = Program::run(Gateway::with(&site).edition("first", "2026-01-01", false).folder());
    assert!(program.browser().open("/").shows_banner());
    let before = peak(&program);
    for coding in codings {
        let path = format!("/{}", coding.replace(' ', "-"));
        let come = ask(&program, &path);
        assert!(
            come.starts_with(b"HTTP/1.1 200 "),
            "{coding}: {}",
            String::from_utf8_lossy(&come[..come.len().min(300)])
        );
        // It passes as the bomb that it is, or is broken off; never does the gateway send all of it unfolded.
        assert!(come.len() < UNFOLDED / 100, "{coding}: {} bytes", come.len());
        let grown = peak(&program) - before;
        assert!(grown < MOST_GROWTH, "{coding}: {} MiB more", grown >> 20);
        assert!(program.browser().open("/").shows_banner(), "{coding}: the gateway goes on");
    }
}
