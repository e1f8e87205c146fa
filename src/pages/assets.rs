//! Script and styles, each under a name that changes with its bytes, so that browsers may keep them for ever.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;

/// A file of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// For the `Content-Type` header.
    pub content_type: &'static str,
    /// The bytes, ASCII.
    pub body: Bytes,
}

/// A file with its name and digest.
pub(super) struct NamedAsset {
    /// File name with the first 16 digits of the digest in it: `panel.0123456789abcdef.css`.
    pub(super) name: String,
    /// SHA-256 of the bytes.
    pub(super) digest: [u8; 32],
    pub(super) asset: Asset,
}

/// The script on the site's pages.
pub(super) static SCRIPT: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("kelisim", "js", SCRIPT_TYPE, include_str!("../../banner/kelisim.js")));
/// The script on pages of a site that is only observed.
pub(super) static OBSERVE_SCRIPT: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("observe", "js", SCRIPT_TYPE, include_str!("../../banner/observe.js")));
/// The style of banner and link, inside their shadow root.
pub(super) static PANEL_STYLE: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("panel", "css", STYLE_TYPE, include_str!("../../banner/panel.css")));
/// The style of our own pages.
pub(super) static PAGES_STYLE: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("pages", "css", STYLE_TYPE, include_str!("../../banner/pages.css")));

/// The style of what stands in place of a frame.
pub(super) static PLACEHOLDER_STYLE: LazyLock<NamedAsset> =
    LazyLock::new(|| NamedAsset::new("placeholder", "css", STYLE_TYPE, include_str!("../../banner/placeholder.css")));

const SCRIPT_TYPE: &str = "text/javascript; charset=utf-8";
const STYLE_TYPE: &str = "text/css; charset=utf-8";

/// The file with this name.
pub(super) fn find(name: &str) -> Option<Asset> {
    [&SCRIPT, &OBSERVE_SCRIPT, &PANEL_STYLE, &PAGES_STYLE, &PLACEHOLDER_STYLE]
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
    fn new(stem: &str, extension: &str, content_type: &'static str, text: &'static str) -> Self {
        let digest = sha256(text.as_bytes());
        let name = format!("{stem}.{}.{extension}", hexadecimal(&digest[..8]));
        Self { name, digest, asset: Asset { content_type, body: Bytes::from_static(text.as_bytes()) } }
    }

    /// The value of an `integrity` attribute (W3C Subresource Integrity).
    pub(super) fn integrity(&self) -> String {
        format!("sha256-{}", BASE64_STANDARD.encode(self.digest))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn a_file_is_found_under_its_name_only() {
        assert_eq!(find(&SCRIPT.name).unwrap().content_type, SCRIPT_TYPE);
        assert_eq!(find(&PANEL_STYLE.name).unwrap().content_type, STYLE_TYPE);
        assert_eq!(find("kelisim.js"), None);
        assert_eq!(SCRIPT.name.len(), "kelisim..js".len() + 16);
    }

    #[test]
    fn files_are_ascii_and_the_scripts_are_small() {
        for file in [&SCRIPT, &OBSERVE_SCRIPT, &PANEL_STYLE, &PAGES_STYLE, &PLACEHOLDER_STYLE] {
            assert!(file.asset.body.is_ascii(), "{}", file.name);
        }
        for (file, most) in [(&SCRIPT, 6 * 1024), (&OBSERVE_SCRIPT, 1024)] {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            gzip.write_all(&file.asset.body).unwrap();
            let size = gzip.finish().unwrap().len();
            assert!(size <= most, "{}: {size} bytes", file.name);
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
