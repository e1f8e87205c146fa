//! The text of a page of ours as a visitor reads it: headings, paragraphs, facts, buttons, in their order.
//!
//! It is taken out of the finished HTML, so that it can't say anything else than the page. It reads what our own templates write and no
//! HTML of others: every tag is closed, and every `<` in a text is escaped.

/// What a tag does to the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Ends a line before and after.
    Block,
    /// A name, with its value behind a colon.
    Label,
    /// A cell of a table, apart from the next one.
    Cell,
    /// A button, in square brackets.
    Button,
    /// Goes on in the line.
    Inline,
}

/// Elements of which a visitor sees nothing.
const UNSEEN: [&str; 4] = ["head", "template", "script", "style"];

/// The lines. A button stands in square brackets, a box to tick as `[ ]` or `[x]` before its name, cells of a table are apart by ` | `.
///
/// What the banner's style hides until something was chosen (slots `status` and `link`) is left out, and what is only for the eye
/// (`aria-hidden`).
pub(super) fn visible_text(html: &str) -> Vec<String> {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        page.text(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = tag(&rest[1..]);
        page.tag(tag);
        rest = after;
    }
    page.text(rest);
    page.end_line();
    page.lines
}

#[derive(Default)]
struct Page {
    lines: Vec<String>,
    line: String,
    /// What has to be written before the next word: a space, or what separates cells.
    pending: &'static str,
    /// The element that is not seen, and how many of its name are open.
    unseen: Option<(String, usize)>,
    /// Labels that are written as other elements.
    labels: Vec<String>,
}

impl Page {
    fn text(&mut self, raw: &str) {
        if self.unseen.is_some() {
            return;
        }
        let text = decode(raw);
        if text.starts_with(char::is_whitespace) {
            self.space();
        }
        for (at, word) in text.split_whitespace().enumerate() {
            if at > 0 {
                self.space();
            }
            self.line.push_str(self.pending);
            self.line.push_str(word);
            self.pending = "";
        }
        if text.ends_with(char::is_whitespace) {
            self.space();
        }
    }

    fn space(&mut self) {
        if self.pending.is_empty() && !self.line.is_empty() {
            self.pending = " ";
        }
    }

    fn tag(&mut self, tag: &str) {
        let (closes, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let name = tag.split(char::is_whitespace).next().unwrap_or_default();
        if let Some((unseen, open)) = &mut self.unseen {
            match (unseen == name, closes) {
                (true, true) if *open == 1 => self.unseen = None,
                (true, true) => *open -= 1,
                (true, false) => *open += 1,
                (false, _) => {}
            }
            return;
        }
        if !closes && (UNSEEN.contains(&name) || is_hidden(tag)) {
            self.unseen = Some((name.to_owned(), 1));
            return;
        }
        if name == "input" {
            self.check_box(tag);
            return;
        }
        match (kind(name, tag), closes) {
            (Kind::Inline, _) => {}
            (Kind::Cell, true) => self.pending = " | ",
            (Kind::Cell, false) => {}
            (Kind::Label, false) => {
                self.end_line();
                self.labels.push(name.to_owned());
            }
            (Kind::Button, false) => {
                self.end_line();
                self.line.push('[');
            }
            (Kind::Button, true) => {
                self.line.push(']');
                self.end_line();
            }
            (Kind::Block | Kind::Label, true) if self.labels.last().is_some_and(|label| label == name) => {
                self.labels.pop();
                self.pending = ": ";
            }
            // A value goes on in the line of its name.
            (Kind::Block, false) if self.pending == ": " => {}
            (Kind::Block | Kind::Label, _) => self.end_line(),
        }
    }

    fn check_box(&mut self, tag: &str) {
        if tag.contains("type=\"checkbox\"") {
            self.end_line();
            self.line.push_str(if tag.contains(" checked") { "[x]" } else { "[ ]" });
            self.pending = " ";
        }
    }

    fn end_line(&mut self) {
        self.pending = "";
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() && line != "[]" {
            self.lines.push(line);
        }
    }
}

fn kind(name: &str, tag: &str) -> Kind {
    match name {
        "dt" => Kind::Label,
        _ if tag.contains(" data-kelisim-label") => Kind::Label,
        "td" | "th" => Kind::Cell,
        "button" => Kind::Button,
        "a" if tag.contains(" slot=") => Kind::Block,
        "a" | "b" | "code" | "em" | "small" | "span" | "strong" | "time" | "slot" | "link" | "meta" => Kind::Inline,
        _ => Kind::Block,
    }
}

fn is_hidden(tag: &str) -> bool {
    ["aria-hidden=\"true\"", "slot=\"status\"", "slot=\"link\""].iter().any(|attribute| tag.contains(attribute))
}

/// What stands between `<` and its `>`, and what comes after. A `>` in a quoted value does not end it.
fn tag(text: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (None, '>') => return (&text[..at], &text[at + 1..]),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    (text, "")
}

/// A text without the references that our templates write.
fn decode(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        match reference {
            Some((character, after)) => {
                text.push(character);
                rest = after;
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_a_visitor_reads_it() {
        let check = |html: &str, expected: &[&str]| assert_eq!(visible_text(html), expected, "{html}");
        check("<h1>One &#38; two</h1><p>three\n <code>four</code>, five</p>", &["One & two", "three four, five"]);
        check("<head><title>no</title></head><p>yes</p><!-- <p>no</p> -->", &["yes"]);
        check("<p title=\"a > b\">x &lt; &#x431;</p>", &["x < б"]);
        check(
            "<dl><div><dt>Who</dt><dd>the <b>shop</b></dd></div><div><dt>What</dt><dd>all</dd></div></dl>",
            &["Who: the shop", "What: all"],
        );
        check("<table><tr><th>a</th><td>b</td></tr><tr><th>c</th><td></td></tr></table>", &["a | b", "c"]);
        check("<button type=\"submit\">Go</button><a slot=\"language\" href=\"/\">kk</a>", &["[Go]", "kk"]);
        check(
            "<label><input type=\"checkbox\" checked disabled><span>on</span> <small>always</small></label>",
            &["[x] on always"],
        );
        check(
            "<label><input type=\"checkbox\" name=\"a\"><span>off</span></label><input type=\"hidden\">",
            &["[ ] off"],
        );
        check("<div slot=\"fact\" data-kelisim-label>Term</div><div slot=\"fact\">a year</div>", &["Term: a year"]);
        check("<div slot=\"status\">no</div><a slot=\"link\">no</a><span aria-hidden=\"true\">no</span>yes", &["yes"]);
        check("<template><div><template></template></div>no</template>yes", &["yes"]);
    }
}
