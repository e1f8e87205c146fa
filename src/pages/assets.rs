//! Script and styles, each under a name that changes with its bytes, so that browsers may keep them for ever.

use std::{io::Write as _, sync::LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

/// A file of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// For the `Content-Type` header.
    pub content_type: &'static str,
    /// The bytes, ASCII.
    pub body: Bytes,
    /// The same in gzip.
    pub gzip: Bytes,
    /// The same in brotli.
    pub brotli: Bytes,
    /// Whether the name changes with the bytes, so that browsers may keep the file for ever.
    pub immutable: bool,
}

/// A file with its name and digest.
#[derive(Clone, Debug)]
pub(super) struct NamedAsset {
    /// File name, where the file is immutable with the first 16 digits of the digest in it: `panel.0123456789abcdef.css`.
    pub(super) name: String,
    /// SHA-256 of the bytes.
    pub(super) digest: [u8; 32],
    pub(super) asset: Asset,
}

/// The script on pages of a site that is only observed.
pub(super) static OBSERVE_SCRIPT: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("observe", "js", SCRIPT_TYPE, include_str!("../../banner/observe.js").into()));
/// The style of banner and link, inside their shadow root.
pub(super) static PANEL_STYLE: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("panel", "css", STYLE_TYPE, include_str!("../../banner/panel.css").into()));
/// The style of our own pages.
pub(super) static PAGES_STYLE: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("pages", "css", STYLE_TYPE, include_str!("../../banner/pages.css").into()));
/// What the script offers to the site's code, for editors and compilers, under a name that stays.
static DECLARATIONS: LazyLock<NamedAsset> = LazyLock::new(|| {
    let text = include_str!("../../banner/kelisim.d.ts");
    let named = NamedAsset::new("kelisim", "d.ts", "text/plain; charset=utf-8", text.into());
    NamedAsset { name: "kelisim.d.ts".to_owned(), asset: Asset { immutable: false, ..named.asset }, ..named }
});

/// The style of what stands in place of a frame.
pub(super) static PLACEHOLDER_STYLE: LazyLock<NamedAsset> = LazyLock::new(|| {
    NamedAsset::new("placeholder", "css", STYLE_TYPE, include_str!("../../banner/placeholder.css").into())
});

pub(super) const SCRIPT_TYPE: &str = "text/javascript; charset=utf-8";
const STYLE_TYPE: &str = "text/css; charset=utf-8";

/// The highest: a tenth smaller, for a fraction of a second at the start.
const BROTLI_QUALITY: u32 = 11;

/// A window of 64 KiB holds each of our files whole.
const BROTLI_WINDOW_LOG: u32 = 16;

/// The file with this name, of those that are the same for all sites.
pub(super) fn find(name: &str) -> Option<Asset> {
    [&OBSERVE_SCRIPT, &PANEL_STYLE, &PAGES_STYLE, &PLACEHOLDER_STYLE, &DECLARATIONS]
        .into_iter()
        .find(|file| file.name == name)
        .map(|file| file.asset.clone())
}

/// SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

impl NamedAsset {
    pub(super) fn new(stem: &str, extension: &str, content_type: &'static str, body: Bytes) -> Self {
        let digest = sha256(&body);
        let name = format!("{stem}.{}.{extension}", hexadecimal(&digest[..8]));
        let asset = Asset { content_type, gzip: gzip(&body), brotli: brotli(&body), body, immutable: true };
        Self { name, digest, asset }
    }

    /// The value of an `integrity` attribute (W3C Subresource Integrity).
    pub(super) fn integrity(&self) -> String {
        format!("sha256-{}", BASE64_STANDARD.encode(self.digest))
    }
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("a list of bytes takes what is written");
    encoder.finish().expect("a list of bytes takes what is written").into()
}

fn brotli(body: &[u8]) -> Bytes {
    let mut coded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut coded, 4096, BROTLI_QUALITY, BROTLI_WINDOW_LOG);
    encoder.write_all(body).expect("a list of bytes takes what is written");
    drop(encoder);
    coded.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_under_its_name_only() {
        assert_eq!(find(&PANEL_STYLE.name).unwrap().content_type, STYLE_TYPE);
        assert!(!find("kelisim.d.ts").unwrap().immutable);
        assert_eq!(find("panel.css"), None);
        assert_eq!(PANEL_STYLE.name.len(), "panel..css".len() + 16);
    }

    #[test]
    fn files_are_ascii_and_their_codings_hold_the_same() {
        for file in [&OBSERVE_SCRIPT, &PANEL_STYLE, &PAGES_STYLE, &PLACEHOLDER_STYLE, &DECLARATIONS] {
            let Asset { body, gzip, brotli, .. } = &file.asset;
            assert!(body.is_ascii(), "{}", file.name);
            let unpacked = |mut reader: Box<dyn std::io::Read + '_>| {
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).unwrap();
                bytes
            };
            assert_eq!(unpacked(Box::new(flate2::read::GzDecoder::new(&**gzip))), *body);
            assert_eq!(unpacked(Box::new(brotli::Decompressor::new(&**brotli, 4096))), *body);
        }
    }

    /// The relative luminance of a colour such as `#12508f` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn text_stands_out_from_its_ground_in_light_and_dark() {
        for style in [&PANEL_STYLE, &PAGES_STYLE, &PLACEHOLDER_STYLE] {
            let css = std::str::from_utf8(&style.asset.body).unwrap();
            let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
            for scheme in [light, dark] {
                let colour = |name: &str| {
                    let (_, rest) = scheme.split_once(&format!("--{name}: #")).unwrap_or_else(|| panic!("{name}"));
                    luminance(&format!("#{}", &rest[..6]))
                };
                let check = |front: &str, ground: &str, least: f64| {
                    let (one, two) = (colour(front), colour(ground));
                    let contrast = (one.max(two) + 0.05) / (one.min(two) + 0.05);
                    assert!(contrast >= least, "{}: {front} on {ground} is {contrast:.2}", style.name);
                };
                for front in ["ink", "quiet", "link"] {
                    check(front, "paper", 4.5);
                }
                check("button-ink", "button", 4.5);
                check("button-ink", "button-over", 4.5);
                check("button-line", "paper", 3.0);
            }
        }
    }
}
