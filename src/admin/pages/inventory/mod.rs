//! What was seen of each site, what is done with it now, and a choice of a category for what nobody has named.

mod words;

use std::path::Path;

use askama::Template;

use super::{Frame, Words, category_name, rendered};
use crate::{
    admin::{
        Administration,
        answer::Form,
        waiting_lines::{WaitingError, choose_line, take_line_back, waiting_lines},
    },
    consent::{Category, CategorySet},
    gateway::{Mode, SiteSeen},
    inventory::{Item, Line, LineKind, Standing, WaitingLines, What},
};

#[derive(Template)]
#[template(path = "inventory.html", config = "src/admin/askama.toml")]
struct InventoryPage {
    frame: Frame,
    sites: Vec<Shown>,
    /// The lines that wait, of all sites.
    waiting: usize,
    lines: String,
    command: String,
    /// Why they can't be read.
    fault: Option<String>,
}

/// One site.
struct Shown {
    name: String,
    mode: &'static str,
    unknown: Vec<Row>,
    known: Vec<Row>,
}

/// One name.
struct Row {
    /// Where on the page, so that a browser comes back to it.
    place: String,
    kind: LineKind,
    kind_name: &'static str,
    name: String,
    /// Who sets it, or what it is wanted for.
    facts: String,
    seen: String,
    /// What is done with it now.
    treatment: &'static str,
    /// Of what is named: its category, and where that stands.
    named: Option<(&'static str, &'static str)>,
    reason: String,
    buttons: Vec<Button>,
    /// The category that was chosen and waits.
    chosen: Option<&'static str>,
    /// Of a host: that it was said to be allowed to learn addresses.
    sees_address: bool,
}

struct Button {
    value: &'static str,
    title: &'static str,
    is_proposed: bool,
    is_chosen: bool,
}

/// The page.
pub(super) fn page(frame: Frame, admin: &Administration) -> String {
    let words = frame.words;
    let (waiting, fault) = match waiting_lines(admin.gateway.store().state_dir()) {
        Ok(waiting) => (waiting, None),
        Err(error) => (WaitingLines::default(), Some(error.to_string())),
    };
    let present = admin.gateway.present();
    let seen = present.seen().into_iter().enumerate();
    rendered(&InventoryPage {
        sites: seen.map(|(number, site)| Shown::of(words, number, site, &waiting)).collect(),
        waiting: waiting.len(),
        lines: if waiting.is_empty() { String::new() } else { waiting.write() },
        command: command(admin.settings().configuration.as_deref()),
        fault,
        frame,
    })
}

/// How what waits is put into the configuration.
fn command(configuration: Option<&Path>) -> String {
    let file = configuration.map_or_else(|| "FILE".to_owned(), |file| file.display().to_string());
    let quoted = if file.contains(|character: char| !(character.is_ascii_alphanumeric() || "/._-".contains(character)))
    {
        format!("'{}'", file.replace('\'', r"'\''"))
    } else {
        file
    };
    format!("kelisim check --apply --config {quoted}")
}

impl Shown {
    fn of(words: Words, number: usize, site: SiteSeen<'_>, waiting: &WaitingLines) -> Self {
        let row = |(at, item): (usize, &Item)| Row::of(words, format!("s{number}-{at}"), &site, item, waiting);
        let rows = site.items.iter().enumerate().map(row);
        let (known, unknown) = rows.partition(|row| row.named.is_some());
        let mode = match site.mode {
            Mode::Strict => "strict",
            Mode::Observe => "observe",
            Mode::Compatible => "compatible",
        };
        Self { name: site.site.to_owned(), mode, unknown, known }
    }
}

impl Row {
    fn of(words: Words, place: String, site: &SiteSeen<'_>, item: &Item, waiting: &WaitingLines) -> Self {
        // Any category will do to find what waits for the name.
        let line = item.line(Category::Necessary);
        let waits = line.as_ref().and_then(|line| waiting.about(site.site, line));
        let chosen = waits.map(|line| line.category);
        let (named, reason, best) = match &item.standing {
            Standing::Known { category, is_listed, .. } => {
                let by = if *is_listed { words::listed(words) } else { words::by_us(words) };
                (Some((category_name(words, *category), by)), String::new(), None)
            }
            Standing::Unknown { proposal, .. } => {
                (None, sentence(&words::reason(words, &proposal.reason)), proposal.category)
            }
        };
        let button = |category: Category| Button {
            value: category.name(),
            title: category_name(words, category),
            is_proposed: best == Some(category),
            is_chosen: chosen == Some(category),
        };
        Self {
            place,
            kind: item.kind(),
            kind_name: words::kind(words, item),
            name: item.name.clone(),
            facts: sentence(&words::facts(words, item)),
            seen: words::seen(words, item.seen),
            treatment: words::treatment(words, Treatment::of(site.mode, site.offer, item), item.kind()),
            named,
            reason,
            buttons: if line.is_some() { Category::ALL.into_iter().map(button).collect() } else { Vec::new() },
            chosen: chosen.map(|category| category_name(words, category)),
            sees_address: waits.is_some_and(|line| line.sees_address),
        }
    }
}

/// A text that begins as a sentence does.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// What is done with a name now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    /// It passes, for everybody.
    Passes,
    /// It passes for visitors who accepted its category.
    WithConsent,
    /// It never passes: its category is not offered.
    NotOffered,
    /// It never passes: it would learn addresses, and the operator has not said that it may.
    HidesAddress,
    /// It never passes: nobody has named it.
    Refused,
    /// It stays where a script put it: nobody has named it.
    Stays,
}

impl Treatment {
    fn of(mode: Mode, offer: CategorySet, item: &Item) -> Self {
        if mode == Mode::Observe {
            return Self::Passes;
        }
        match (&item.standing, &item.what) {
            (Standing::Known { category: Category::Necessary, .. }, _) => Self::Passes,
            (Standing::Known { category, .. }, _) if !offer.permits(*category) => Self::NotOffered,
            (
                Standing::Known { category: Category::Analytical | Category::Marketing, sees_address: false, .. },
                What::Host(_),
            ) => Self::HidesAddress,
            (Standing::Known { .. }, _) => Self::WithConsent,
            (Standing::Unknown { .. }, What::Key(_)) => Self::Stays,
            (Standing::Unknown { .. }, _) if mode == Mode::Compatible => Self::Passes,
            (Standing::Unknown { .. }, _) => Self::Refused,
        }
    }
}

/// What an operator chose.
pub(in crate::admin) struct Choice {
    site: String,
    kind: Option<LineKind>,
    name: String,
    category: Option<Category>,
    sees_address: bool,
    is_withdrawal: bool,
}

impl Choice {
    /// The fields of a row's form.
    pub(in crate::admin) fn of(form: &Form) -> Self {
        let category = form.field("category");
        Self {
            site: form.field("site").to_owned(),
            kind: LineKind::parse(form.field("kind")),
            name: form.field("name").to_owned(),
            category: Category::parse(category),
            sees_address: form.field("sees_address") == "on",
            is_withdrawal: category == "none",
        }
    }
}

/// Keeps a choice, or takes an earlier one back. `Ok(false)` where there is no such name to choose for. Waits for the disk.
pub(in crate::admin) fn choose(admin: &Administration, choice: &Choice) -> Result<bool, WaitingError> {
    let state_dir = admin.gateway.store().state_dir();
    let present = admin.gateway.present();
    let sites = present.seen();
    let site = sites.iter().find(|site| site.site == choice.site);
    let is_meant = |item: &&Item| Some(item.kind()) == choice.kind && item.name == choice.name;
    let category = choice.category.or(choice.is_withdrawal.then_some(Category::Necessary));
    let line = site.zip(category).and_then(|(site, category)| site.items.iter().find(is_meant)?.line(category));
    let Some(line) = line else { return Ok(false) };
    if choice.is_withdrawal {
        take_line_back(state_dir, &choice.site, &line)?;
    } else {
        let sees_address = choice.sees_address && line.kind == LineKind::Host;
        choose_line(state_dir, &choice.site, Line { sees_address, ..line })?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use Category::{Analytical, Functional, Marketing, Necessary};

    use super::*;
    use crate::inventory::{HostEntry, StorageKind};

    #[test]
    fn the_command_names_the_file_as_a_shell_takes_it() {
        let check = |file: Option<&str>, expected: &str| assert_eq!(command(file.map(Path::new)), expected);
        check(Some("/etc/kelisim/kelisim.toml"), "kelisim check --apply --config /etc/kelisim/kelisim.toml");
        check(Some("/a b/it's"), r"kelisim check --apply --config '/a b/it'\''s'");
        check(None, "kelisim check --apply --config FILE");
    }

    fn item(what: What, standing: Standing) -> Item {
        let seen = serde_json::from_str(r#"{"first":1,"last":2,"hours":2}"#).unwrap();
        Item { what, name: "a".into(), seen, standing }
    }

    fn host() -> What {
        What::Host(
            serde_json::from_str::<HostEntry>(
                r#"{"kinds":["script"],"page":"/","blocked":true,"seen":{"first":1,"last":2,"hours":2}}"#,
            )
            .unwrap(),
        )
    }

    #[test]
    fn what_is_done_follows_from_the_mode_the_offer_and_what_is_known() {
        let known =
            |category, sees_address| Standing::Known { category, owner: String::new(), is_listed: true, sees_address };
        let unknown = || {
            let proposal =
                crate::inventory::propose_host(&crate::inventory::HostAndPort::parse("a.example").unwrap(), &[]);
            Standing::Unknown { proposal, pattern: None }
        };
        let offer: CategorySet = [Functional, Analytical].into_iter().collect();
        let check = |mode, what: What, standing: Standing, expected| {
            assert_eq!(
                Treatment::of(mode, offer, &item(what.clone(), standing.clone())),
                expected,
                "{mode:?} {what:?} {standing:?}"
            );
        };
        check(Mode::Observe, What::Cookie(None), unknown(), Treatment::Passes);
        check(Mode::Observe, What::Cookie(None), known(Marketing, false), Treatment::Passes);
        check(Mode::Strict, What::Cookie(None), known(Necessary, false), Treatment::Passes);
        check(Mode::Strict, What::Cookie(None), known(Functional, false), Treatment::WithConsent);
        check(Mode::Strict, What::Cookie(None), known(Marketing, false), Treatment::NotOffered);
        check(Mode::Strict, What::Cookie(None), unknown(), Treatment::Refused);
        check(Mode::Strict, host(), known(Analytical, false), Treatment::HidesAddress);
        check(Mode::Strict, host(), known(Analytical, true), Treatment::WithConsent);
        check(Mode::Strict, host(), known(Functional, false), Treatment::WithConsent);
        check(Mode::Strict, host(), unknown(), Treatment::Refused);
        check(Mode::Compatible, host(), unknown(), Treatment::Passes);
        check(Mode::Compatible, What::Cookie(None), unknown(), Treatment::Passes);
        check(Mode::Strict, What::Key(StorageKind::Local), unknown(), Treatment::Stays);
    }
}
