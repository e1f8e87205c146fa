//! Rust source as the rules of the house see it: without comments and texts, as a list of paths.
//!
//! It is no parser: it reads what `cargo fmt` writes.

/// A path that the code names, such as `std::fs::File`, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub line: usize,
    pub path: String,
}

/// The source with comments, texts and characters blanked; lines stay where they are.
pub fn code(source: &str) -> String {
    let (mut code, mut rest) = (String::with_capacity(source.len()), source);
    while let Some(first) = rest.chars().next() {
        let after_name = code.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let hidden = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' => text_length(rest),
            'r' if !after_name || code.ends_with('b') => raw_text_length(rest).unwrap_or(0),
            '\'' => character_length(rest).unwrap_or(0),
            _ => 0,
        };
        let taken = if hidden == 0 { first.len_utf8() } else { hidden };
        if hidden == 0 {
            code.push(first);
        } else {
            code.extend(rest[..hidden].chars().map(|hidden| if hidden == '\n' { '\n' } else { ' ' }));
        }
        rest = &rest[taken..];
    }
    code
}

/// The part of blanked source that is no test.
pub fn without_tests(code: &str) -> &str {
    code.find("#[cfg(test)]\nmod tests {").map_or(code, |start| &code[..start])
}

/// Every path in blanked source; of a tree of imports each leaf.
pub fn paths(code: &str) -> Vec<Named> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(first) = code[at..].chars().next() {
        let before = code[..at].chars().next_back();
        if is_of_name(first) && before != Some('\'') {
            let line = code[..at].lines().count().max(1) + usize::from(code[..at].ends_with('\n'));
            at = tree(code, at, "", line, &mut found);
        } else {
            at += first.len_utf8();
        }
        // A lifetime is no path.
        if first == '\'' {
            at += code[at..].find(|next| !is_of_name(next)).unwrap_or(0);
        }
    }
    found
}

/// Reads the path or the tree that begins at `at`; the answer is where it ends.
fn tree(code: &str, mut at: usize, prefix: &str, line: usize, found: &mut Vec<Named>) -> usize {
    let length = code[at..].find(|next| !is_of_name(next)).unwrap_or(code.len() - at);
    let path = format!("{prefix}{}", &code[at..at + length]);
    at += length;
    let Some(rest) = code[at..].strip_prefix("::") else {
        found.push(Named { line, path });
        return at;
    };
    at += 2;
    if rest.starts_with(is_of_name) {
        return tree(code, at, &format!("{path}::"), line, found);
    }
    if !rest.starts_with('{') {
        // A glob, or a path with type arguments.
        found.push(Named { line, path });
        return at;
    }
    at += 1;
    while let Some(next) = code[at..].chars().next() {
        if next == '}' {
            return at + 1;
        }
        at = if let Some(renamed) = code[at..].strip_prefix("as ") {
            // The new name is no path.
            code.len() - renamed.len() + renamed.find(|next| !is_of_name(next)).unwrap_or(renamed.len())
        } else if is_of_name(next) {
            tree(code, at, &format!("{path}::"), line, found)
        } else {
            at + next.len_utf8()
        };
    }
    at
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            _ => escaped = character == '\\' && !escaped,
        }
    }
    rest.len()
}

fn raw_text_length(rest: &str) -> Option<usize> {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    let inside = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(inside.find(&end).map_or(rest.len(), |at| 2 + hashes + at + end.len()))
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn character_length(rest: &str) -> Option<usize> {
    let inside = &rest[1..];
    let skipped = if inside.starts_with('\\') { 2 } else { inside.chars().next()?.len_utf8() };
    let end = inside.get(skipped..)?.find('\'')?;
    let is_character = if inside.starts_with('\\') { end <= 8 } else { end == 0 };
    is_character.then_some(1 + skipped + end + 1)
}

#[test]
fn paths_are_read_from_code_and_from_nothing_else() {
    let check = |source: &str, expected: &[(usize, &str)]| {
        let found = paths(&code(source));
        let found: Vec<_> = found.iter().map(|named| (named.line, named.path.as_str())).collect();
        assert_eq!(found, expected, "{source}");
    };
    check("use a::b;\n\nuse c;", &[(1, "use"), (1, "a::b"), (3, "use"), (3, "c")]);
    check("x::{a::{B as C, self}, c, d::*}", &[(1, "x::a::B"), (1, "x::a::self"), (1, "x::c"), (1, "x::d")]);
    check("// a::b\n/// [`c::d`]\n\"e::f \\\" g\" h", &[(3, "h")]);
    check("r#\"a \" b\"# c; br\"d\" e", &[(1, "c"), (1, "b"), (1, "e")]);
    check("&'static str", &[(1, "str")]);
    check("['a', '\\'', '\"'] b", &[(1, "b")]);
}
