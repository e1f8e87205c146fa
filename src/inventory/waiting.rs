//! What operators have chosen and not yet put into the configuration: lines by site, as the text of `proposed.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Line, LineKind, NamePattern, line::quoted};
use crate::consent::Category;

/// Lines that may wait, of all sites together: as many as the inventory of a site holds. All of the longest texts, they make 3 MB.
const MOST: usize = 1024;
/// Longest text of a line, in bytes. A folded name is at most 64 long, and as an expression nine times that.
const LONGEST_TEXT: usize = 600;

/// What stands above the lines.
const HEAD: &str = "# What was chosen on the page \"Inventory\" of the administration. `kelisim check --apply` puts it into the configuration.\n";

/// The lines that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingLines(BTreeMap<String, BTreeMap<(LineKind, String), Line>>);

/// There is no room for another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A text that holds no such lines.
#[derive(Debug, thiserror::Error)]
pub enum WaitingFault {
    /// It is not TOML, or has other keys.
    #[error("it can't be read: {}", .0.message())]
    Unreadable(#[from] toml::de::Error),
    /// One line says nothing that can be written.
    #[error("the line of {0} about `{1}` has no name, two, or no known category")]
    Line(String, String),
    /// It has more lines than may wait.
    #[error("it has more than {MOST} lines")]
    Full,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    site: Vec<Site>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Site {
    name: String,
    #[serde(default)]
    cookie: Vec<Table>,
    #[serde(default)]
    host: Vec<Table>,
    #[serde(default)]
    storage: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: Option<String>,
    expression: Option<String>,
    category: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    lifetime: String,
    #[serde(default)]
    sees_address: bool,
}

impl WaitingLines {
    /// Reads the text.
    ///
    /// # Errors
    ///
    /// When it holds anything but such lines.
    pub fn read(text: &str) -> Result<Self, WaitingFault> {
        let file: File = toml::from_str(text)?;
        let mut waiting = Self::default();
        for Site { name, cookie, host, storage } in file.site {
            for (kind, tables) in LineKind::ALL.into_iter().zip([cookie, host, storage]) {
                for table in tables {
                    let about = table.name.clone().or(table.expression.clone()).unwrap_or_default();
                    let line = table.line(kind).ok_or_else(|| WaitingFault::Line(name.clone(), about))?;
                    waiting.put(&name, line).map_err(|Full| WaitingFault::Full)?;
                }
            }
        }
        Ok(waiting)
    }

    /// The text: ready lines below a `[[site]]` for each site.
    pub fn write(&self) -> String {
        let mut text = HEAD.to_owned();
        for (site, lines) in &self.0 {
            text.push_str(&format!("\n[[site]]\nname = {}\n", quoted(site)));
            for line in lines.values() {
                text.push_str(&format!("\n{}", line.table()));
            }
        }
        text
    }

    /// Adds a line; it takes the place of an earlier one about the same name.
    ///
    /// # Errors
    ///
    /// When as many wait as may, or a text of it is longer than any that is seen.
    pub fn put(&mut self, site: &str, line: Line) -> Result<(), Full> {
        let key = key(&line);
        let is_new = self.line(site, key.0, &key.1).is_none();
        let texts = [site, &key.1, &line.owner, &line.purpose, &line.lifetime];
        if is_new && self.len() >= MOST || texts.iter().any(|text| text.len() > LONGEST_TEXT) {
            return Err(Full);
        }
        self.0.entry(site.to_owned()).or_default().insert(key, line);
        Ok(())
    }

    /// Takes a line back. Whether there was one.
    pub fn withdraw(&mut self, site: &str, line: &Line) -> bool {
        let Some(lines) = self.0.get_mut(site) else { return false };
        let was = lines.remove(&key(line)).is_some();
        self.0.retain(|_, lines| !lines.is_empty());
        was
    }

    /// The line about a name that this line is about too.
    pub fn about(&self, site: &str, line: &Line) -> Option<&Line> {
        let (kind, name) = key(line);
        self.line(site, kind, &name)
    }

    fn line(&self, site: &str, kind: LineKind, name: &str) -> Option<&Line> {
        self.0.get(site)?.get(&(kind, name.to_owned()))
    }

    /// The lines by site.
    pub fn sites(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &Line>)> {
        self.0.iter().map(|(site, lines)| (site.as_str(), lines.values()))
    }

    /// How many lines wait.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Table {
    fn line(self, kind: LineKind) -> Option<Line> {
        let pattern = match (&self.name, &self.expression) {
            (Some(name), None) => NamePattern::Name(name.clone()),
            (None, Some(expression)) if kind == LineKind::Cookie => NamePattern::Expression(expression.clone()),
            _ => return None,
        };
        let category = Category::parse(&self.category)?;
        let Self { owner, purpose, lifetime, sees_address, .. } = self;
        Some(Line { kind, pattern, category, owner, purpose, lifetime, sees_address })
    }
}

fn key(line: &Line) -> (LineKind, String) {
    (line.kind, line.pattern.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: LineKind, name: &str, category: Category) -> Line {
        let nothing = String::new;
        let pattern = NamePattern::Name(name.to_owned());
        Line { kind, pattern, category, owner: nothing(), purpose: nothing(), lifetime: nothing(), sees_address: false }
    }

    #[test]
    fn what_is_written_is_ready_for_the_configuration_and_is_read_again() {
        let mut waiting = WaitingLines::default();
        let cookie = Line { lifetime: "session".into(), ..line(LineKind::Cookie, "basket", Category::Necessary) };
        let expression = NamePattern::Expression("[0-9A-Fa-f]{32}".into());
        waiting.put("shop.example", cookie).unwrap();
        waiting
            .put("shop.example", Line { pattern: expression, ..line(LineKind::Cookie, "", Category::Functional) })
            .unwrap();
        let host = Line { owner: "A \"B\" C".into(), ..line(LineKind::Host, "*.count.example", Category::Analytical) };
        waiting.put("shop.example", host).unwrap();
        let open = Line { sees_address: true, ..line(LineKind::Host, "ads.example", Category::Marketing) };
        waiting.put("other.example", open).unwrap();
        waiting.put("other.example", line(LineKind::Storage, "draft*", Category::Functional)).unwrap();
        let text = waiting.write();
        let expected = r#"
[[site]]
name = "other.example"

[[site.host]]
name = "ads.example"
category = "marketing"
sees_address = true

[[site.storage]]
name = "draft*"
category = "functional"

[[site]]
name = "shop.example"

[[site.cookie]]
expression = "[0-9A-Fa-f]{32}"
category = "functional"

[[site.cookie]]
name = "basket"
category = "necessary"
lifetime = "session"

[[site.host]]
name = "*.count.example"
category = "analytical"
owner = "A \"B\" C"
# sees_address = true   # it stays refused without this; visitors are then told that it learns their address
"#;
        assert_eq!(text.strip_prefix(HEAD), Some(expected));
        assert_eq!(WaitingLines::read(&text).unwrap(), waiting);
        assert_eq!(WaitingLines::read("").unwrap(), WaitingLines::default());
    }

    #[test]
    fn a_name_has_one_line_and_loses_it_when_that_is_withdrawn() {
        let mut waiting = WaitingLines::default();
        let first = line(LineKind::Cookie, "basket", Category::Necessary);
        let later = line(LineKind::Cookie, "basket", Category::Functional);
        waiting.put("shop.example", first.clone()).unwrap();
        waiting.put("shop.example", later.clone()).unwrap();
        assert_eq!((waiting.len(), waiting.about("shop.example", &first)), (1, Some(&later)));
        assert_eq!(waiting.about("other.example", &first), None);
        let key = line(LineKind::Storage, "basket", Category::Functional);
        assert!(!waiting.withdraw("shop.example", &key), "a key of this name is something else");
        assert!(waiting.withdraw("shop.example", &first) && waiting.is_empty());
        assert!(!waiting.withdraw("shop.example", &first));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut waiting = WaitingLines::default();
        let put = |waiting: &mut WaitingLines, number: usize, category| {
            waiting.put("shop.example", line(LineKind::Cookie, &number.to_string(), category))
        };
        let taken = (0..MOST + 5).filter(|number| put(&mut waiting, *number, Category::Necessary).is_ok()).count();
        assert_eq!((taken, waiting.len()), (MOST, MOST));
        assert_eq!(put(&mut waiting, 7, Category::Functional), Ok(()), "a later choice needs no room");
        let long = line(LineKind::Cookie, &"x".repeat(LONGEST_TEXT + 1), Category::Necessary);
        assert_eq!(WaitingLines::default().put("shop.example", long), Err(Full));
    }

    #[test]
    fn a_text_with_anything_else_in_it_is_told() {
        let check = |text: &str, expected: &str| {
            let fault = WaitingLines::read(text).unwrap_err().to_string();
            assert!(fault.contains(expected), "{text}: {fault}");
        };
        let of = |lines: &str| format!("[[site]]\nname = \"shop.example\"\n{lines}\n");
        check("[[site", "can't be read");
        check(&of("mode = \"strict\""), "unknown field `mode`");
        check(&of("[[site.cookie]]\nname = \"a\"\ncategory = \"needed\""), "shop.example about `a`");
        check(&of("[[site.cookie]]\nname = \"a\"\nexpression = \"a\"\ncategory = \"necessary\""), "about `a`");
        check(&of("[[site.storage]]\nexpression = \"a\"\ncategory = \"necessary\""), "about `a`");
    }
}
