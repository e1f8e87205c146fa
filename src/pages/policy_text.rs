//! Finds headings, clauses and lists in the plain text of a policy, so that it reads as a page and its clauses can be linked to.
//! No word is added, left out or moved.

use std::iter::Peekable;

/// A part of the text, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// The first line.
    Title(String),
    /// The title of a numbered section.
    Heading {
        /// `4`
        number: String,
        /// `USE OF COOKIES`
        text: String,
    },
    /// A clause with a number of at least two parts.
    Clause {
        /// `4.5` or `4.2.1`
        number: String,
        /// How many parts the number has.
        depth: usize,
        /// What it says.
        text: String,
    },
    /// A line with a plain number that is no section.
    Item {
        /// `1`
        number: String,
        /// What it says.
        text: String,
    },
    /// A paragraph.
    Paragraph(String),
    /// Lines that begin with a dash or a bullet.
    List(Vec<String>),
}

/// Splits a text into blocks. Runs of spaces and tabs become one space.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut lines = lines.filter(|line| !line.is_empty()).peekable();
    let mut blocks: Vec<Block> = lines.next().map(Block::Title).into_iter().collect();
    while let Some(line) = lines.next() {
        blocks.push(if let Some(item) = list_item(&line) {
            Block::List(rest_of_list(item, &mut lines))
        } else {
            match numbered(&line) {
                Some((number, text)) if number.contains('.') => {
                    let depth = number.split('.').count();
                    Block::Clause { number: number.to_owned(), depth, text: text.to_owned() }
                }
                Some((number, text)) => {
                    let first_clause = format!("{number}.1");
                    let opens =
                        lines.peek().and_then(|next| numbered(next)).is_some_and(|(next, _)| next == first_clause);
                    let (number, text) = (number.to_owned(), text.to_owned());
                    if opens || is_upper_case(&text) {
                        Block::Heading { number, text }
                    } else {
                        Block::Item { number, text }
                    }
                }
                None => Block::Paragraph(line),
            }
        });
    }
    blocks
}

fn rest_of_list(first: &str, lines: &mut Peekable<impl Iterator<Item = String>>) -> Vec<String> {
    let mut items = vec![first.to_owned()];
    while let Some(line) = lines.next_if(|line| list_item(line).is_some()) {
        items.extend(list_item(&line).map(str::to_owned));
    }
    items
}

fn list_item(line: &str) -> Option<&str> {
    ["- ", "\u{2013} ", "\u{2014} ", "\u{2022} "].into_iter().find_map(|mark| line.strip_prefix(mark))
}

/// Splits `4.2.1. text` into number and text; the dot at the end of a number of several parts may be missing.
fn numbered(line: &str) -> Option<(&str, &str)> {
    let (number, text) = line.split_once(' ')?;
    let bare = number.strip_suffix('.').unwrap_or(number);
    let parts =
        bare.split('.').all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()));
    (parts && (bare.contains('.') || bare.len() < number.len())).then_some((bare, text))
}

fn is_upper_case(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_clauses_lists_and_paragraphs_are_told_apart() {
        let text = "\u{feff}POLICY\n\nCity\t\t  22.11.2026\n1. GENERAL\n1.1. First.\n- one;\n- two.\nMore.\n1.2.3 Deep.\n\
                    A request holds:\n1. the name;\n2. the rest.\n2. Rights and duties\n2.1. Last.\n12 months pass.\n";
        let owned = str::to_owned;
        let expected = vec![
            Block::Title(owned("POLICY")),
            Block::Paragraph(owned("City 22.11.2026")),
            Block::Heading { number: owned("1"), text: owned("GENERAL") },
            Block::Clause { number: owned("1.1"), depth: 2, text: owned("First.") },
            Block::List(vec![owned("one;"), owned("two.")]),
            Block::Paragraph(owned("More.")),
            Block::Clause { number: owned("1.2.3"), depth: 3, text: owned("Deep.") },
            Block::Paragraph(owned("A request holds:")),
            Block::Item { number: owned("1"), text: owned("the name;") },
            Block::Item { number: owned("2"), text: owned("the rest.") },
            Block::Heading { number: owned("2"), text: owned("Rights and duties") },
            Block::Clause { number: owned("2.1"), depth: 2, text: owned("Last.") },
            Block::Paragraph(owned("12 months pass.")),
        ];
        assert_eq!(blocks(text), expected);
    }

    #[test]
    fn an_empty_text_has_no_blocks() {
        assert_eq!(blocks(" \n\t\n"), []);
    }
}
