//! Editions of a policy: a folder with one text file per edition and language.
//!
//! A file has header lines, a line `---`, and the published text. A text with a blank date is refused: nobody could say later
//! when it came into force.

use std::{fs, ops::Range, path::Path, sync::LazyLock};

use regex::Regex;

use super::{
    context::{Context, sha256},
    fault::{Document, Fault},
    suggestion,
};
use crate::{
    consent::{Category, CategorySet, Edition, EditionId},
    pages::EditionText,
    timestamp::Timestamp,
    visitor::Language,
};

/// Header lines of an edition's file.
const HEADERS: [&str; 5] = ["id", "effective", "language", "categories", "asks_again"];

/// The line between header and text.
const END_OF_HEADER: &str = "---";

/// An edition with one of its texts.
struct EditionFile {
    name: String,
    edition: Edition,
    text: EditionText,
}

/// Reads every `.txt` file of a folder that the configuration names at `span`. Faults go to the context.
pub(super) fn read(context: &Context, span: Range<usize>, folder: &Path) -> Option<(Vec<Edition>, Vec<EditionText>)> {
    let remedy = "write the folder with one .txt file per edition and language; paths are relative to this file";
    let mut paths = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => paths.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path()))),
        Err(error) => {
            let what = format!("can't read the policy's folder {}: {error}", folder.display());
            context.unread(span, what, remedy, &error);
            return None;
        }
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    if paths.is_empty() {
        context.fault(span, format!("no edition in the policy's folder {}", folder.display()), remedy);
        return None;
    }
    let count = paths.len();
    let mut files: Vec<EditionFile> = Vec::new();
    for path in paths {
        let Some(bytes) = context.read(span.clone(), &path, "edition") else { continue };
        if let Some(file) = edition_file(context, &path.display().to_string(), &bytes)
            && agrees(context, &files, &file)
        {
            files.push(file);
        }
    }
    if files.len() < count {
        return None;
    }
    let mut editions: Vec<Edition> = Vec::new();
    for file in &files {
        if !editions.contains(&file.edition) {
            editions.push(file.edition.clone());
        }
    }
    Some((editions, files.into_iter().map(|file| file.text).collect()))
}

/// Whether a file fits to those of the same edition that were read before.
fn agrees(context: &Context, files: &[EditionFile], file: &EditionFile) -> bool {
    let Some(other) = files.iter().find(|other| other.edition.id == file.edition.id) else { return true };
    let fault = |what: String, remedy: &str| {
        context.add(Fault::about_file(&file.name, &what, remedy));
        false
    };
    let id = &file.edition.id;
    if files.iter().any(|other| other.edition.id == *id && other.text.language == file.text.language) {
        fault(
            format!("edition `{id}` is there twice in language `{}`", file.text.language),
            "give a new edition a new id",
        )
    } else if other.edition == file.edition {
        true
    } else {
        let remedy = "languages of one edition have the same `effective`, `categories` and `asks_again`";
        fault(format!("edition `{id}` says otherwise than {}", other.name), remedy)
    }
}

/// Reads one file.
fn edition_file(context: &Context, name: &str, bytes: &[u8]) -> Option<EditionFile> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        context.add(Fault::about_file(name, "not UTF-8", "save the text in UTF-8"));
        return None;
    };
    let document = Document { name: name.to_owned(), text: text.to_owned() };
    let mut header = Header { document: &document, context, values: [const { None }; 5], failed: false };
    let Some(body_start) = header.read() else {
        let what = format!("no line `{END_OF_HEADER}` after the header");
        context.add(Fault::about_file(name, &what, "write it between the header lines and the text"));
        return None;
    };
    let blank = blank_date(text, body_start);
    let id = header.parse("id", "2026-11-22", "use 1 to 32 of a-z, A-Z, 0-9, `.`, `_` and `-`", EditionId::parse);
    let date = |text: &str| Timestamp::parse(text).filter(|_| text.len() == "2026-11-22".len());
    // A text and a header that wait for the same date are one fault, at the text.
    let effective = if blank.is_some() && header.is_blank("effective") {
        header.failed = true;
        None
    } else {
        header.parse("effective", "2026-11-22", "write year-month-day: the day from which the text is in force", date)
    };
    let exact = |text: &str| Language::ALL.into_iter().find(|language| language.tag() == text);
    let language = header.parse("language", "ru", "write ru, kk or en", exact);
    let remedy = "write optional categories with commas between: functional, analytical, marketing; or none";
    let categories = header.parse("categories", "functional, analytical", remedy, categories);
    let answer =
        |text: &str| [("yes", true), ("no", false)].into_iter().find_map(|(word, is)| (word == text).then_some(is));
    let remedy = "write yes where those who answered an earlier edition are to be asked again, otherwise no";
    let asks_again = header.parse("asks_again", "no", remedy, answer);
    if let Some(span) = blank {
        header.fault(
            span,
            "the policy's date is blank",
            "write the date from which the text is in force here and, as year-month-day, into `effective:` in the header",
        );
    }
    if text[body_start..].trim().is_empty() {
        header.fault(0..0, "the edition has no text", "paste the published text below the line `---`");
    }
    if header.failed {
        return None;
    }
    let (id, language) = (id?, language?);
    let effective = effective?;
    let edition = Edition { id: id.clone(), effective, categories: categories?, asks_again: asks_again? };
    let (file, text) = (text.into(), text[body_start..].to_owned());
    let text = EditionText { id, language, text, effective, file, hash: sha256(bytes) };
    Some(EditionFile { name: name.to_owned(), edition, text })
}

/// Header lines, each with its place.
struct Header<'a> {
    document: &'a Document,
    context: &'a Context,
    /// In the order of [`HEADERS`].
    values: [Option<Range<usize>>; 5],
    failed: bool,
}

impl Header<'_> {
    /// Finds the header lines; the answer is where the text begins, or nothing where the header has no end: then each line
    /// of the text would be a faulty header line, so none is looked at.
    fn read(&mut self) -> Option<usize> {
        let text = &self.document.text;
        let mut lines = Vec::new();
        let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        loop {
            let length = text[start..].find('\n')?;
            let line = text[start..start + length].trim_end();
            if line == END_OF_HEADER {
                lines.into_iter().for_each(|(start, line)| self.read_line(start, line));
                return Some(start + length + 1);
            }
            lines.push((start, line));
            start += length + 1;
        }
    }

    fn read_line(&mut self, start: usize, line: &str) {
        let whole = start..start + line.len();
        let Some((key, value)) = line.split_once(':') else {
            let known = format!("write `key: value` with one of {}, and `---` before the text", HEADERS.join(", "));
            return self.fault(whole, "not a header line", &known);
        };
        let Some(index) = HEADERS.iter().position(|known| *known == key) else {
            let known = format!("known here: {}", HEADERS.join(", "));
            let remedy = suggestion::nearest(key, HEADERS).map_or(known, |name| format!("did you mean `{name}`?"));
            return self.fault(start..start + key.len(), &format!("unknown header `{key}`"), &remedy);
        };
        let value_start = whole.end - value.trim_start().len();
        if self.values[index].replace(value_start..whole.end).is_some() {
            self.fault(whole, &format!("header `{key}` is there twice"), "leave one of the two lines");
        }
    }

    fn value(&self, key: &str) -> Option<Range<usize>> {
        let index = HEADERS.iter().position(|known| *known == key)?;
        self.values[index].clone()
    }

    fn is_blank(&self, key: &str) -> bool {
        let Some(span) = self.value(key) else { return false };
        self.document.text[span].bytes().all(|byte| matches!(byte, b'_' | b'-' | b'.' | b' '))
    }

    /// The value of a header line, or a fault.
    fn parse<T>(&mut self, key: &str, example: &str, remedy: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let Some(span) = self.value(key) else {
            self.fault(0..0, &format!("missing header `{key}`"), &format!("write for instance `{key}: {example}`"));
            return None;
        };
        let value = &self.document.text[span.clone()];
        let parsed = read(value);
        if parsed.is_none() {
            self.fault(span, &format!("header `{key}` can't be `{value}`"), remedy);
        }
        parsed
    }

    fn fault(&mut self, span: Range<usize>, what: &str, remedy: &str) {
        self.failed = true;
        self.context.add(Fault::at(self.document, span, what.to_owned(), remedy.to_owned()));
    }
}

fn categories(text: &str) -> Option<CategorySet> {
    if text == "none" {
        return Some(CategorySet::EMPTY);
    }
    let optional = |name: &str| Category::parse(name.trim()).filter(|category| *category != Category::Necessary);
    text.split(',').map(optional).collect()
}

/// Underscores where a date belongs: `___.____.2026`, `«___» ________ 2026`, `20__ г.`.
fn blank_date(text: &str, from: usize) -> Option<Range<usize>> {
    static BLANK: LazyLock<Regex> = LazyLock::new(|| {
        let before = r"(?:[0-9«\x22]|[0-9_][.\-/])[ \t]*_{2,}[_.\-/»\x22]*";
        let after = r"_{2,}[»\x22 \t.\-/]*(?:_{2,}[»\x22 \t.\-/]*)*(?:[0-9]+[ \t]*(?:г\.?)?|г\.)";
        Regex::new(&format!("(?:{after})|(?:{before})")).expect("the expression is written here")
    });
    let found = BLANK.find_at(text, from)?;
    Some(found.start()..found.start() + found.as_str().trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::blank_date;

    #[test]
    fn a_blank_where_a_date_belongs_is_seen() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(blank_date(text, 0).map(|span| &text[span]), expected, "{text}");
        };
        check("г. Астана  \t ___.____.2026г.", Some("___.____.2026г."));
        check("от «___» ________ 2026 г.", Some("«___»"));
        check("__ . __ . 2026", Some("__ . __ . 2026"));
        check("от 20__ г.", Some("0__"));
        check("22.11.20__", Some("0__"));
        check("22.11.2026г.", None);
        check("a snake_case_2026 word, __init__, _4_", None);
        check("Подпись ____________ Рысбекова А. С.", None);
    }
}
