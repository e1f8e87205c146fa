//! Takes out of our script what browsers do not need: comments, white space, and the length of names that are its own.
//!
//! It knows the JavaScript that `banner/` holds and no more: every statement ends in `;`, no template literals, no shorthand in
//! objects, no `+ +`, no loop without a body, and no name of its own is also the name of something that the browser provides.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    ops::Range,
};

/// A piece of the source that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'s> {
    /// A name, keyword or number.
    Word(&'s str),
    /// A text in quotation marks, or a regular expression.
    Literal(&'s str),
    /// One character of punctuation.
    Mark(char),
}

/// The same script in fewer bytes.
pub(super) fn shorten(source: &str) -> String {
    let tokens = tokens(source);
    let mut short = short_names(&tokens);
    let mut output = String::with_capacity(source.len() / 2);
    for (at, token) in tokens.iter().enumerate() {
        let last = output.chars().next_back().unwrap_or(' ');
        match token {
            Token::Word(word) => {
                if is_of_word(last) {
                    output.push(' ');
                }
                output.push_str(short[at].take().as_deref().unwrap_or(word));
            }
            Token::Literal(text) => {
                output.push_str(text);
            }
            Token::Mark(mark) => {
                // The last `;` of a block says nothing.
                if *mark == '}' && last == ';' {
                    output.pop();
                }
                output.push(*mark);
            }
        }
    }
    output
}

fn tokens(source: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest) = (Vec::new(), source);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => first.len_utf8(),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if is_of_word(first) => rest.find(|next| !is_of_word(next)).unwrap_or(rest.len()),
            '"' => literal_length(rest, '"'),
            '/' if begins_expression(tokens.last()) => {
                let body = literal_length(rest, '/');
                body + rest[body..].find(|next| !is_of_word(next)).unwrap_or(0)
            }
            _ => first.len_utf8(),
        };
        let text = &rest[..length];
        match first {
            _ if first.is_whitespace() || text.starts_with("//") => {}
            _ if is_of_word(first) => tokens.push(Token::Word(text)),
            _ if length > first.len_utf8() => tokens.push(Token::Literal(text)),
            mark => tokens.push(Token::Mark(mark)),
        }
        rest = &rest[length..];
    }
    tokens
}

fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$')
}

/// Where a literal ends: at its mark, unless that is escaped or in a class.
fn literal_length(rest: &str, mark: char) -> usize {
    let (mut escaped, mut in_class) = (false, false);
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' if mark == '/' => in_class = true,
            ']' => in_class = false,
            _ if character == mark && !in_class => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether `/` after this begins a regular expression and does not divide.
fn begins_expression(before: Option<&Token<'_>>) -> bool {
    match before {
        None => true,
        Some(Token::Mark(mark)) => !matches!(mark, ')' | ']' | '}'),
        Some(Token::Word(word)) => *word == "return",
        Some(Token::Literal(_)) => false,
    }
}

/// The short name of each word, where it has one. What all parts share has one name everywhere; names within a statement begin anew with
/// the next one, so that like statements look alike and compress well.
fn short_names<'s>(tokens: &[Token<'s>]) -> Vec<Option<String>> {
    let statements = statements(tokens);
    let (mut shared, mut local) = (Vec::new(), HashSet::new());
    for (name, at) in declared(tokens) {
        match statements[at] {
            Place { outermost: true, .. } => shared.push(name),
            Place { statement, .. } => drop(local.insert((statement, name))),
        }
    }
    let is_declared =
        |at: usize, word: &str| shared.contains(&word) || local.contains(&(statements[at].statement, word));
    let words = || {
        tokens.iter().enumerate().filter_map(|(at, token)| match token {
            Token::Word(word) => Some((at, *word)),
            _ => None,
        })
    };
    let foreign: HashSet<_> = words().filter(|(at, word)| !is_declared(*at, word)).map(|(_, word)| word).collect();
    let count = |name: &str| words().filter(|(at, word)| *word == name && names_ours(tokens, *at)).count();
    shared.sort_by_cached_key(|name| (Reverse(count(name)), *name));
    let mut free = pool().filter(|name| !foreign.contains(name.as_str()));
    let for_locals: Vec<_> = free.by_ref().take(MOST_LOCALS).collect();
    let shared: HashMap<_, _> = shared.into_iter().zip(free).collect();
    let mut names = HashMap::new();
    let (mut current, mut used) = (0, 0);
    let mut output = vec![None; tokens.len()];
    for (at, word) in words().filter(|(at, _)| names_ours(tokens, *at)) {
        if statements[at].statement != current {
            (current, used) = (statements[at].statement, 0);
        }
        output[at] = if let Some(short) = shared.get(word) {
            Some(short.clone())
        } else if local.contains(&(current, word)) {
            let short: &mut Option<String> = names.entry((current, word)).or_insert_with(|| {
                used += 1;
                for_locals.get(used - 1).cloned()
            });
            short.clone()
        } else {
            None
        };
    }
    output
}

/// Names that a statement may take for its own; further ones stay as they are.
const MOST_LOCALS: usize = 16;

fn pool() -> impl Iterator<Item = String> {
    let letters = || ('a'..='z').chain('A'..='Z');
    let double = letters().flat_map(move |first| letters().map(move |second| format!("{first}{second}")));
    letters().map(String::from).chain(double).filter(|name| !is_keyword(name))
}

/// Where a token stands.
#[derive(Clone, Copy)]
struct Place {
    /// The number of the statement of the frame's function.
    statement: usize,
    /// Whether it is in no block, bracket or parenthesis of that statement.
    outermost: bool,
}

fn statements(tokens: &[Token<'_>]) -> Vec<Place> {
    let frame = usize::from(tokens.first() == Some(&Token::Mark('('))) * 2;
    let (mut depth, mut statement) = (0_usize, 0);
    let mut places = Vec::with_capacity(tokens.len());
    for token in tokens {
        if let Token::Mark('(' | '[' | '{') = token {
            depth += 1;
        }
        places.push(Place { statement, outermost: depth == frame });
        match token {
            Token::Mark(')' | ']') => depth = depth.saturating_sub(1),
            Token::Mark('}') => {
                depth = depth.saturating_sub(1);
                statement += usize::from(depth == frame);
            }
            Token::Mark(';') => statement += usize::from(depth == frame),
            _ => {}
        }
    }
    places
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "as" | "do" | "if" | "in" | "of" | "is")
}

/// What is declared: after `const`, `let`, `function` and `catch`, and as a parameter; each with the place of the declaration.
fn declared<'s>(tokens: &[Token<'s>]) -> Vec<(&'s str, usize)> {
    let mut names: Vec<(&str, usize)> = Vec::new();
    let mut add = |range: Range<usize>| {
        for at in range {
            if let Token::Word(name) = tokens[at] {
                names.push((name, at));
            }
        }
    };
    for (at, token) in tokens.iter().enumerate() {
        match (token, tokens.get(at + 1)) {
            (Token::Word("const" | "let"), Some(Token::Mark('['))) => add(group(tokens, at + 1)),
            (Token::Word("const" | "let"), Some(_)) => add(at + 1..at + 2),
            // `promise.catch((fault) => …)` is told by its arrow.
            (Token::Word("catch"), Some(_)) if at > 0 && tokens[at - 1] == Token::Mark('}') => {
                add(group(tokens, at + 1))
            }
            (Token::Word("function"), Some(Token::Word(_))) => {
                add(at + 1..at + 2);
                add(group(tokens, at + 2));
            }
            (Token::Word("function"), Some(_)) => add(group(tokens, at + 1)),
            (Token::Mark('='), Some(Token::Mark('>'))) if at > 0 => match tokens[at - 1] {
                Token::Word(_) => add(at - 1..at),
                _ => add(group_before(tokens, at - 1)),
            },
            _ => {}
        }
    }
    names
}

/// What stands in the brackets that open at `at`.
fn group(tokens: &[Token<'_>], at: usize) -> Range<usize> {
    let mut depth = 0;
    for (length, token) in tokens[at..].iter().enumerate() {
        match token {
            Token::Mark('(' | '[') => depth += 1,
            Token::Mark(')' | ']') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at..at + length;
        }
    }
    0..0
}

/// What stands in the brackets that close at `end`.
fn group_before(tokens: &[Token<'_>], end: usize) -> Range<usize> {
    let mut depth = 0;
    for start in (0..=end).rev() {
        match tokens[start] {
            Token::Mark(')' | ']') => depth += 1,
            Token::Mark('(' | '[') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return start..end;
        }
    }
    0..0
}

/// Whether the word is a name of a value, not of a property.
fn names_ours(tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| tokens[before]);
    let key = matches!(before, Some(Token::Mark('{' | ','))) && tokens.get(at + 1) == Some(&Token::Mark(':'));
    before != Some(Token::Mark('.')) && !key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_its_own_become_short_and_everything_else_stays() {
        let check = |source: &str, expected: &str| {
            let framed = format!("(function () {{ {source} }})();");
            assert_eq!(shorten(&framed), format!("(function(){{{expected}}})();"), "{source}");
        };
        check("// a\nconst name = 1;\nuse(name, this.name, { name: name });\n", "const q=1;use(q,this.name,{name:q})");
        check("const f = (one, two) => { return one + two; };", "const q=(a,b)=>{return a+b}");
        check("list.map(([key, value]) => key / 2 / value);", "list.map(([a,b])=>a/2/b)");
        check(r#"let text = "// \" name /"; let name = /[/"] name/i;"#, r#"let r="// \" name /";let q=/[/"] name/i"#);
        check("try { x(); } catch (fault) { return fault; }", "try{x()}catch(a){return a}");
        check("promise.catch((fault) => a(fault));", "promise.catch((b)=>a(b))");
        check(
            "function outer(first) { return typeof first; } function next(second) {}",
            "function r(a){return typeof a}function q(a){}",
        );
        check("for (const [key, value] of list) ++key;", "for(const[a,b]of list)++a");
        check("a ? value : other;", "a?value:other");
    }
}
