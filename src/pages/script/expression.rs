//! An expression of the catalogue in the words of browsers. Two dialects read one text differently, so not the text is handed on but what
//! Rust understood by it, and nothing where browsers have no words for it.

use std::fmt::Write as _;

use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind, Look},
};

/// Most ranges of a class that are written out. Those of `\w` and `\d` beyond ASCII are hundreds.
const MOST_RANGES: usize = 16;

/// Longest expression in bytes, so that one line of a configuration can't make the script heavy.
const LONGEST: usize = 600;

/// An expression for JavaScript's flags `s` and `u`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BrowserExpression {
    /// The source, bound to both ends; empty where browsers can't tell.
    pub(super) source: String,
    /// Whether it was cut down to ASCII, so that it says nothing of names beyond.
    pub(super) ascii: bool,
}

/// Translates what `regex::bytes` reads.
pub(super) fn translate(pattern: &str) -> BrowserExpression {
    let read = ParserBuilder::new().utf8(false).build().parse(pattern).ok();
    let mut writer = Writer { source: String::new(), ascii: false };
    let written = read.and_then(|hir| writer.write(&hir)).filter(|()| writer.source.len() <= LONGEST);
    match written {
        Some(()) => BrowserExpression { source: format!("^(?:{})$", writer.source), ascii: writer.ascii },
        None => BrowserExpression { source: String::new(), ascii: false },
    }
}

struct Writer {
    source: String,
    ascii: bool,
}

impl Writer {
    fn write(&mut self, hir: &Hir) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => {
                std::str::from_utf8(&literal.0).ok()?.chars().for_each(|letter| self.letter(letter))
            }
            HirKind::Class(class) => self.class(class)?,
            HirKind::Look(Look::Start) => self.source.push('^'),
            HirKind::Look(Look::End) => self.source.push('$'),
            // Browsers know other words than Rust does.
            HirKind::Look(_) => return None,
            HirKind::Repetition(repetition) => {
                self.group(&repetition.sub)?;
                match (repetition.min, repetition.max) {
                    (0, None) => self.source.push('*'),
                    (1, None) => self.source.push('+'),
                    (0, Some(1)) => self.source.push('?'),
                    (least, None) => self.print(format_args!("{{{least},}}")),
                    (least, Some(most)) if least == most => self.print(format_args!("{{{least}}}")),
                    (least, Some(most)) => self.print(format_args!("{{{least},{most}}}")),
                }
            }
            HirKind::Capture(capture) => self.group(&capture.sub)?,
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.write(part))?,
            HirKind::Alternation(parts) => {
                self.source.push_str("(?:");
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        self.source.push('|');
                    }
                    self.write(part)?;
                }
                self.source.push(')');
            }
        }
        (self.source.len() <= LONGEST).then_some(())
    }

    /// A part that stands for itself, in brackets where it needs them.
    fn group(&mut self, part: &Hir) -> Option<()> {
        let single = match part.kind() {
            HirKind::Class(_) | HirKind::Alternation(_) => true,
            HirKind::Literal(literal) => literal.0.len() == 1,
            HirKind::Capture(capture) => return self.group(&capture.sub),
            _ => false,
        };
        if single {
            return self.write(part);
        }
        self.source.push_str("(?:");
        self.write(part)?;
        self.source.push(')');
        Some(())
    }

    fn class(&mut self, class: &Class) -> Option<()> {
        let ranges: Vec<(char, char)> = match class {
            Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
            Class::Bytes(class) if class.is_ascii() => {
                class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
            }
            // Single bytes are no letters, and browsers see letters.
            Class::Bytes(_) => return None,
        };
        if ranges == [('\0', '\t'), ('\u{b}', char::MAX)] {
            self.source.push_str("[^\\n]");
            return Some(());
        }
        let cut = ranges.len() > MOST_RANGES;
        self.ascii |= cut;
        self.source.push('[');
        for (start, end) in ranges.into_iter().filter(|(start, _)| !cut || start.is_ascii()) {
            let end = if cut { end.min('\x7f') } else { end };
            self.letter(start);
            if end > start {
                self.source.push('-');
                self.letter(end);
            }
        }
        self.source.push(']');
        Some(())
    }

    fn letter(&mut self, letter: char) {
        match letter {
            '.' => self.source.push_str("\\."),
            _ if letter.is_ascii_alphanumeric() || matches!(letter, '_' | ' ' | ':' | '%' | '@' | '~') => {
                self.source.push(letter)
            }
            _ => self.print(format_args!("\\u{{{:x}}}", u32::from(letter))),
        }
    }

    fn print(&mut self, text: std::fmt::Arguments<'_>) {
        self.source.write_fmt(text).expect("a text takes what is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rust_understood_is_what_browsers_get() {
        let check = |pattern: &str, expected: &str| assert_eq!(translate(pattern).source, expected, "{pattern}");
        check("abc", "^(?:abc)$");
        check("a-b", r"^(?:a\u{2d}b)$");
        check("(?i)k", "^(?:[Kk\\u{212a}])$");
        check("x[0-9a-f]{6,8}(_[0-9]+)?", "^(?:x[0-9a-f]{6,8}(?:_[0-9]+)?)$");
        check("a.*", r"^(?:a[^\n]*)$");
        check("[^/]", r"^(?:[\u{0}-\.0-\u{10ffff}])$");
        check(r"a\.b", r"^(?:a\.b)$");
        check("(ab|c)+", "^(?:(?:ab|c)+)$");
        check(r"(?-u)\xff", "");
        check(r"\bx", "");
        check("[0-9a-f]{40}x{300}{3}", "^(?:[0-9a-f]{40}(?:x{300}){3})$");
        let cut = translate(r"s\d+");
        assert_eq!((cut.source.as_str(), cut.ascii), ("^(?:s[0-9]+)$", true));
    }
}
