//! Tables added to a site in the text of a configuration: behind its last line, with every byte of the text left as it is.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Lines of a text shown around what is added.
const CONTEXT: usize = 3;

/// A text with tables added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The whole text.
    pub text: String,
    /// The difference to the text before, in the unified form without its first two lines.
    pub difference: String,
}

/// Why tables can't be added to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// The text is not TOML.
    #[error("the configuration is not TOML any more")]
    Unreadable,
    /// There is no such site.
    #[error("the configuration has no such site any more")]
    NoSite,
    /// The site is written in braces, where no table can follow.
    #[error("the sites are written in braces, not as [[site]]: add the lines by hand")]
    InBraces,
}

/// Adds tables to sites, which are named by their number in the file. Each text holds whole tables, one after the other.
///
/// # Errors
///
/// When a site can't be found or takes no table.
pub fn insert(text: &str, tables: &[(usize, String)]) -> Result<Insertion, NoPlace> {
    let root = DeTable::parse(text).map_err(|_| NoPlace::Unreadable)?;
    let sites = root.get_ref().get("site").and_then(|sites| sites.get_ref().as_array()).ok_or(NoPlace::NoSite)?;
    let mut places = Vec::new();
    for (number, tables) in tables {
        let site = sites.get(*number).ok_or(NoPlace::NoSite)?;
        if !text[site.span().start..].starts_with('[') {
            return Err(NoPlace::InBraces);
        }
        let end = end(site);
        let line_end = text[end..].find('\n').map_or(text.len(), |newline| end + newline + 1);
        places.push((line_end, tables.as_str()));
    }
    places.sort_by_key(|(place, _)| *place);
    Ok(inserted(text, &places))
}

/// Where the last that belongs to a value ends.
fn end(value: &Spanned<DeValue<'_>>) -> usize {
    let within = match value.get_ref() {
        DeValue::Table(entries) => entries.iter().map(|(key, value)| key.span().end.max(end(value))).max(),
        DeValue::Array(values) => values.iter().map(end).max(),
        _ => None,
    };
    value.span().end.max(within.unwrap_or(0))
}

/// Adds texts at the beginnings of lines, in their order.
fn inserted(text: &str, places: &[(usize, &str)]) -> Insertion {
    let ending =
        if text.lines().next().is_some_and(|line| text[line.len()..].starts_with("\r\n")) { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.lines().collect();
    let (mut whole, mut difference, mut copied, mut added_before) = (String::new(), String::new(), 0, 0);
    for (place, tables) in places {
        whole.push_str(&text[copied..*place]);
        copied = *place;
        let at = text[..*place].lines().count();
        let mut added: Vec<&str> = vec![""];
        added.extend(tables.lines());
        if lines.get(at).is_some_and(|next| !next.trim().is_empty()) {
            added.push("");
        }
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push_str(ending);
        }
        added.iter().for_each(|line| whole.extend([line, ending]));
        let (before, after) = (at.saturating_sub(CONTEXT), (at + CONTEXT).min(lines.len()));
        let (old, new) = (after - before, after - before + added.len());
        difference.push_str(&format!("@@ -{},{old} +{},{new} @@\n", before + 1, before + 1 + added_before));
        let context = |lines: &[&str]| lines.iter().map(|line| format!(" {line}\n")).collect::<String>();
        difference.push_str(&context(&lines[before..at]));
        added.iter().for_each(|line| difference.extend(["+", line, "\n"]));
        difference.push_str(&context(&lines[at..after]));
        added_before += added.len();
    }
    whole.push_str(&text[copied..]);
    Insertion { text: whole, difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE: &str = "[[site.cookie]]\nname = \"basket\"\ncategory = \"necessary\"\n";

    #[test]
    fn tables_stand_behind_the_last_line_of_their_site_and_nothing_else_changes() {
        let text = "# the shop\n[[site]]  # first\nhosts = [\n  \"a\",   # one\n]\n[site.notice]\ndata = [\"cookies\"]  # said\n\n# the other\n[[site]]\nhosts = [\"b\"]\n[[site.cookie]]\nname = \"x\" # last of b\n[geo]\ndatabase = \"c\"\n# the end\n";
        let first = insert(text, &[(0, COOKIE.to_owned())]).unwrap();
        let expected = text.replace("# said\n", &format!("# said\n\n{COOKIE}"));
        assert_eq!(first.text, expected);
        let both = insert(text, &[(1, COOKIE.to_owned()), (0, COOKIE.to_owned())]).unwrap();
        let expected = expected.replace("# last of b\n", &format!("# last of b\n\n{COOKIE}\n"));
        assert_eq!(both.text, expected);
        let difference = "@@ -5,6 +5,10 @@\n ]\n [site.notice]\n data = [\"cookies\"]  # said\n+\n+[[site.cookie]]\n+name = \"basket\"\n+category = \"necessary\"\n \n # the other\n [[site]]\n@@ -11,6 +15,11 @@\n";
        assert!(both.difference.starts_with(difference), "{}", both.difference);
        assert!(
            both.difference.ends_with("+category = \"necessary\"\n+\n [geo]\n database = \"c\"\n # the end\n"),
            "{}",
            both.difference
        );
    }

    #[test]
    fn tables_of_one_site_apart_from_each_other_are_followed_to_the_last() {
        let text = "[[site]]\nhosts = [\"a\"]\n[geo]\ndatabase = \"c\"\n[site.consent]\nmodel = \"opt-in\"";
        let inserted = insert(text, &[(0, COOKIE.to_owned())]).unwrap();
        assert_eq!(inserted.text, format!("{text}\n\n{COOKIE}"));
        assert!(inserted.text.parse::<toml::Table>().unwrap()["site"][0]["cookie"][0]["name"].is_str());
    }

    #[test]
    fn lines_end_as_the_file_has_them() {
        let text = "[[site]]\r\nhosts = [\"a\"]\r\n\r\n[geo]\r\n";
        let inserted = insert(text, &[(0, COOKIE.to_owned())]).unwrap();
        assert_eq!(
            inserted.text,
            format!("[[site]]\r\nhosts = [\"a\"]\r\n\r\n{}\r\n[geo]\r\n", COOKIE.replace('\n', "\r\n"))
        );
    }

    #[test]
    fn where_nothing_can_be_added_that_is_told() {
        let check = |text: &str, number: usize, expected: NoPlace| {
            assert_eq!(insert(text, &[(number, COOKIE.to_owned())]), Err(expected), "{text}");
        };
        check("[[site", 0, NoPlace::Unreadable);
        check("[geo]", 0, NoPlace::NoSite);
        check("[[site]]\nhosts = []", 1, NoPlace::NoSite);
        check("site = [{ hosts = [\"a\"] }]", 0, NoPlace::InBraces);
    }
}
