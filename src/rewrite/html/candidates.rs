//! Which tags might be edited, told without a parser.
//!
//! Whether bytes are a tag depends on everything before them; what they say if they are one does not. So where bytes could not be edited
//! even if they were tags, no parser needs to look at them. In doubt they could.

use super::edits::{EditMode, HINTS};

/// How often a byte may be read for tags that seem to stand in one another, on average; beyond that the parser reads all.
const MOST_READINGS: usize = 4;

/// How far a parser must come, as an offset, to have met all in `bytes` that might be edited. `None` where nothing might. A tag whose end
/// has not come might be anything.
pub(super) fn must_reach(bytes: &[u8], mode: EditMode) -> Option<usize> {
    if mode == EditMode::Compatible {
        // Most tags load something.
        return (!bytes.is_empty()).then_some(bytes.len());
    }
    let (mut reach, mut read, mut noscript_ends) = (None, 0, 0);
    for at in memchr::memchr_iter(b'<', bytes) {
        // Most tags are told by their first letter.
        if bytes.get(at + 1).is_some_and(|first| !matches!(first | 0x20, b'l' | b's' | b'i' | b'f' | b'n')) {
            continue;
        }
        let rest = &bytes[at + 1..];
        let length = match candidate(rest) {
            Candidate::None => continue,
            Candidate::Cut => return Some(bytes.len()),
            Candidate::Noscript => {
                // What stands in it is looked at like everything else, but held back until its end has come.
                if at >= noscript_ends {
                    match end_of_noscript(rest) {
                        None => return Some(bytes.len()),
                        Some(end) => noscript_ends = at + end,
                    }
                }
                continue;
            }
            Candidate::Tag { name, decides } => {
                let mut might_be_edited = false;
                let attributes = each_attribute(&rest[name..], |name, value| might_be_edited |= decides(name, value));
                let Some(attributes) = attributes else { return Some(bytes.len()) };
                read += attributes;
                if read > MOST_READINGS * bytes.len() {
                    return Some(bytes.len());
                }
                if !might_be_edited {
                    continue;
                }
                1 + name + attributes
            }
        };
        reach = reach.max(Some(at + length));
    }
    reach
}

/// What stands behind a `<`.
enum Candidate {
    None,
    /// The beginning of a name that counts: the rest has not come.
    Cut,
    Noscript,
    /// An element of this many letters that is edited if this says so of one of its attributes.
    Tag {
        name: usize,
        decides: Decides,
    },
}

/// Whether an attribute, by its name and value, makes its element one that is edited.
type Decides = fn(&[u8], &[u8]) -> bool;

fn candidate(rest: &[u8]) -> Candidate {
    let (name, decides): (&[u8], Decides) = match rest.first().map(u8::to_ascii_lowercase) {
        Some(b'l') => (b"link", is_hint),
        Some(b's') => (b"script", is_rules),
        Some(b'i') => (b"iframe", is_source),
        Some(b'f') => (b"frame", is_source),
        Some(b'n') => (b"noscript", |_, _| true),
        Some(_) => return Candidate::None,
        None => return Candidate::Cut,
    };
    let same = rest.iter().zip(name).take_while(|(found, known)| found.to_ascii_lowercase() == **known).count();
    match rest.get(same) {
        None => Candidate::Cut,
        Some(next) if same == name.len() && ends_name(*next) => match name {
            b"noscript" => Candidate::Noscript,
            name => Candidate::Tag { name: name.len(), decides },
        },
        Some(_) => Candidate::None,
    }
}

fn is_hint(name: &[u8], value: &[u8]) -> bool {
    let hints = || HINTS.iter().any(|hint| contains(value, hint.as_bytes()));
    name.eq_ignore_ascii_case(b"rel") && (may_be_other_than_written(value) || hints())
}

fn is_rules(name: &[u8], value: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"type") && (may_be_other_than_written(value) || contains(value, b"speculationrules"))
}

fn is_source(name: &[u8], _: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"src")
}

/// Character references may stand for anything.
fn may_be_other_than_written(value: &[u8]) -> bool {
    memchr::memchr(b'&', value).is_some()
}

fn contains(value: &[u8], word: &[u8]) -> bool {
    value.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// How far it is to the first end tag of `noscript`.
fn end_of_noscript(rest: &[u8]) -> Option<usize> {
    const END: &[u8] = b"</noscript";
    memchr::memchr_iter(b'<', rest).find(|at| {
        let tag = &rest[*at..];
        tag.get(..END.len()).is_some_and(|start| start.eq_ignore_ascii_case(END))
            && tag.get(END.len()).is_some_and(|next| ends_name(*next))
    })
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0C')
}

fn ends_name(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'/' | b'>')
}

/// Shows each attribute, as it is written, of a tag whose name has just been read, and says how long they are with the `>` behind them; `None`
/// where that has not come (HTML, sections 13.2.5.32 to 13.2.5.40).
fn each_attribute(bytes: &[u8], mut show: impl FnMut(&[u8], &[u8])) -> Option<usize> {
    let skip_spaces = |at: usize| Some(at + bytes.get(at..)?.iter().position(|byte| !is_space(*byte))?);
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| !is_space(*byte) && *byte != b'/')?;
        if bytes[at] == b'>' {
            return Some(at + 1);
        }
        let start = at;
        // A name may begin with `=`.
        let goes_on = |(at, byte): (usize, &u8)| ends_name(*byte) || (at > 0 && *byte == b'=');
        at += bytes[start..].iter().enumerate().position(goes_on)?;
        let name = &bytes[start..at];
        let next = skip_spaces(at)?;
        if bytes[next] != b'=' {
            show(name, b"");
            at = next;
            continue;
        }
        at = skip_spaces(next + 1)?;
        let value = match bytes[at] {
            quote @ (b'"' | b'\'') => {
                let value = &bytes[at + 1..];
                let value = &value[..memchr::memchr(quote, value)?];
                at += value.len() + 2;
                value
            }
            _ => {
                let value = &bytes[at..];
                let value = &value[..value.iter().position(|byte| is_space(*byte) || *byte == b'>')?];
                at += value.len();
                value
            }
        };
        show(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_might_be_edited_is_told_from_the_tag_alone() {
        let check = |bytes: &str, expected: Option<&str>| {
            let reach = must_reach(bytes.as_bytes(), EditMode::Strict).map(|reach| &bytes[..reach]);
            assert_eq!(reach, expected, "{bytes}");
        };
        let none = |bytes: &str| check(bytes, None);
        let all = |bytes: &str| check(bytes, Some(bytes));
        none("<p>a<b c=d>e</b><li><section><form><input><nav><linkx rel=preload><frameset src=x>");
        none("<link rel=stylesheet href=/preload.css><LINK href='a>b' rel=icon><script src=x async></script>");
        none("<iframe srcdoc=x></iframe><script type=module src='/a?b&c'></script></link rel=preload></script>");
        none("<noscript><img></NOSCRIPT\n><noscript></noscript>");
        check("<link rel=preconnect href=x>y", Some("<link rel=preconnect href=x>"));
        check("<LINK a='>' b=\"'>\" REL = ' dns-PREFETCH '/>y", Some("<LINK a='>' b=\"'>\" REL = ' dns-PREFETCH '/>"));
        check("<link rel rel=preload>y", Some("<link rel rel=preload>"));
        check("<link/rel=p&#114;eload>y", Some("<link/rel=p&#114;eload>"));
        check("<script\ttype=\"SpeculationRules\">y", Some("<script\ttype=\"SpeculationRules\">"));
        check("<script type=speculation&#114;ules>y", Some("<script type=speculation&#114;ules>"));
        check("<IFrame =src=a src>y<p>", Some("<IFrame =src=a src>"));
        check("<iframe title='<link rel=preload>' src=x>y", Some("<iframe title='<link rel=preload>' src=x>"));
        for cut in ["a<", "<i", "<IFRAM", "<iframe", "<link rel=x", "<link rel='x>", "<script type", "<noscript"] {
            all(cut);
        }
        all("<noscript>x</noscript");
        all("<noscript>x</noscripts>");
        none("</iframe><!-- <p");
        all(&format!("{}>", "<link ".repeat(5000)));
        let mode = EditMode::Compatible;
        assert_eq!((must_reach(b"<p>", mode), must_reach(b"", mode)), (Some(3), None));
    }
}
