//! The page in a bundle, for a person who has never seen one: what this is, what each file is, how to check it, and what that proves.
//! English and Russian on one page, without scripts, without anything from elsewhere.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    BundleManifest, NoticeId, ShownNotice, ShownRecord, VerifierKey,
    records::{ENGLISH, RUSSIAN},
};
use crate::{ledger::audit::Follows, timestamp::Timestamp};

const TEMPLATE: &str = include_str!("page.html");

/// What the page tells of this bundle.
#[derive(Clone, Debug)]
pub struct BundlePage {
    /// What the manifest says.
    pub manifest: BundleManifest,
    /// The log's key.
    pub key: VerifierKey,
    /// The keys of its witnesses, each with whether it has signed any checkpoint in the bundle.
    pub witnesses: Vec<(VerifierKey, bool)>,
    /// The logs that this one goes on from, the oldest first.
    pub follows: Vec<Follows>,
    /// How many checkpoints are in the bundle.
    pub checkpoints: u64,
    /// How many events of each kind.
    pub events: BTreeMap<&'static str, u64>,
    /// How many records were deleted, so that only their leaves are left.
    pub removed: u64,
    /// How many events lie before or after the leaves of the period and were not deleted.
    pub outside: u64,
    /// The first records, at most [`super::MOST_SHOWN`].
    pub first: Vec<ShownRecord>,
    /// The notices that events name.
    pub notices: Vec<ShownNotice>,
}

/// The words for kinds of events: as in the log, in English, in Russian.
pub(super) const KINDS: [(&str, &str, &str); 6] = [
    ("expressed", "agreed to something, for the first time", "согласие дано впервые"),
    ("renewed", "chose again, and agreed to something", "выбор сделан заново, согласие дано"),
    ("refused", "agreed to nothing", "отказ: не разрешено ничего"),
    (
        "withdrawn",
        "took back an earlier consent, or a part of it",
        "ранее данное согласие отозвано полностью или частично",
    ),
    (
        "implied",
        "went on to another page after the banner was shown",
        "переход на другую страницу после показа баннера",
    ),
    (
        "frame",
        "opened one embedded frame once (no lasting consent)",
        "однократно открыт один встроенный блок (без длящегося согласия)",
    ),
];

impl BundlePage {
    /// The page.
    pub fn html(&self) -> String {
        let manifest = &self.manifest;
        let total: u64 = self.events.values().sum();
        let site = manifest.origin.split('/').next().unwrap_or_default();
        let bound = |moment: Option<Timestamp>, none: &str| moment.map_or_else(|| none.to_owned(), readable);
        let values: [(&str, String); 26] = [
            ("site", escaped(site)),
            ("origin", escaped(&manifest.origin)),
            ("created", readable(manifest.created)),
            ("program", escaped(&manifest.program)),
            ("from_en", bound(manifest.from, "the beginning of the log")),
            ("from_ru", bound(manifest.from, "начало журнала")),
            ("to_en", bound(manifest.to, "the moment it was written")),
            ("to_ru", bound(manifest.to, "момент записи этого файла")),
            ("size", manifest.size.to_string()),
            ("first", manifest.leaves.0.to_string()),
            ("last", manifest.leaves.1.saturating_sub(1).to_string()),
            ("total", total.to_string()),
            ("removed", self.removed.to_string()),
            ("outside", self.outside.to_string()),
            ("checkpoints", self.checkpoints.to_string()),
            ("events_en", self.kinds(|kind| kind.1)),
            ("events_ru", self.kinds(|kind| kind.2)),
            ("key", escaped(&self.key.to_string())),
            ("follows_en", self.follows("Restored", |day, log, size| {
                format!("on {day} a backup was restored: of the log <code>{log}</code> the first {size} leaves are kept here; what was written into it after that is not")
            })),
            ("follows_ru", self.follows("Восстановлен", |day, log, size| {
                format!("{day} журнал восстановлен из резервной копии: здесь сохранены первые листья журнала <code>{log}</code>, числом {size}; того, что было записано в него потом, здесь нет")
            })),
            ("witnesses_en", self.witnesses(
                "No witness is configured: nobody but the operator has signed this log.",
                ["its name stands under checkpoints in this file", "has signed nothing in this file"],
            )),
            ("witnesses_ru", self.witnesses(
                "Свидетели не настроены: журнал подписан только самим оператором.",
                ["его имя стоит под контрольными точками в этом файле", "в этом файле ничего не подписал"],
            )),
            ("shown", self.first.len().to_string()),
            ("records_en", ENGLISH.rows(&self.first, site)),
            ("records_ru", RUSSIAN.rows(&self.first, site)),
            ("notices", self.notices.iter().map(ShownNotice::html).collect()),
        ];
        filled(TEMPLATE, &values)
    }

    fn kinds(&self, words: impl Fn(&(&'static str, &'static str, &'static str)) -> &'static str) -> String {
        let mut rows = String::new();
        for kind in &KINDS {
            let count = self.events.get(kind.0).copied().unwrap_or_default();
            let none = if count == 0 { " class=\"none\"" } else { "" };
            let (name, words) = (kind.0, words(kind));
            write!(rows, "<tr{none}><td class=\"n\">{count}</td><td>{words}</td><td><code>{name}</code></td></tr>")
                .expect("a string takes every write");
        }
        rows
    }

    /// A line for each restore; nothing where there was none.
    fn follows(&self, term: &str, words: impl Fn(&str, &str, u64) -> String) -> String {
        let line = |follows: &Follows| {
            let words = words(&follows.day.date(), &follows.log.to_string(), follows.size);
            format!("<dt>{term}</dt><dd>{words}</dd>\n")
        };
        self.follows.iter().map(line).collect()
    }

    fn witnesses(&self, none: &str, [signed, silent]: [&str; 2]) -> String {
        if self.witnesses.is_empty() {
            return format!("<p class=\"warning\">{none}</p>");
        }
        let item = |(key, has_signed): &(VerifierKey, bool)| {
            let words = if *has_signed { signed } else { silent };
            format!("<li><code>{}</code>: {words}</li>", escaped(&key.to_string()))
        };
        let items = self.witnesses.iter().map(item);
        format!("<ul>{}</ul>", items.collect::<String>())
    }
}

/// The place of a notice on the page.
pub(super) fn anchor(notice: NoticeId) -> String {
    format!("notice-{notice}")
}

/// To the second, in UTC.
fn readable(moment: Timestamp) -> String {
    let text = moment.to_string();
    format!("{} {} UTC", &text[..10], &text[11..19])
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Puts values in the places of `{{name}}`, once: what a value says is never read as a place.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut pieces = template.split("{{");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").expect("each place in the template ends");
        let value = values.iter().find(|(known, _)| *known == name);
        text.push_str(&value.expect("each place in the template has a value").1);
        text.push_str(rest);
    }
    text
}
