//! What kind of file a path names, by its ending.

/// Endings of files that people take rather than look at.
const DOWNLOADS: [&str; 24] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "rtf", "csv", "txt", "epub", "zip", "rar",
    "7z", "gz", "tar", "dmg", "exe", "msi", "apk", "mp3",
];

/// Endings of what a page is made of, and of what programs read: where the kind of an answer is not known, these are no pages.
const PARTS: [&str; 34] = [
    "css",
    "js",
    "mjs",
    "map",
    "json",
    "xml",
    "rss",
    "atom",
    "webmanifest",
    "wasm",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "svg",
    "ico",
    "bmp",
    "tif",
    "tiff",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp4",
    "webm",
    "m4a",
    "m4v",
    "mov",
    "ogg",
    "wav",
    "swf",
];

/// Whether people take the file rather than look at it.
pub fn is_download(path: &str) -> bool {
    has_ending(path, &DOWNLOADS)
}

/// Whether it is a part of pages, or something that programs read.
pub(super) fn is_part(path: &str) -> bool {
    has_ending(path, &PARTS)
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    ending.is_some_and(|ending| endings.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_pages_by_their_ending() {
        for (path, download, part) in [
            ("/a.pdf", true, false),
            ("/a.PDF", true, false),
            ("/a.html", false, false),
            ("/pdf", false, false),
            ("/a.pdf/b", false, false),
            ("/.pdf", true, false),
            ("/style.min.css", false, true),
            ("/version-1.2", false, false),
        ] {
            assert_eq!((is_download(path), is_part(path)), (download, part), "{path}");
        }
        assert!(DOWNLOADS.iter().all(|ending| !PARTS.contains(ending)));
    }
}
