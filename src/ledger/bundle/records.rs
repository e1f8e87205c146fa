//! The first records of a bundle in plain words, for a person: who did what, when, what they were offered and allowed, and until when.

use std::fmt::Write as _;

use super::page::{KINDS, anchor, escaped};
use crate::{
    consent::CategorySet,
    ledger::{Act, Ending, Event, LeafIndex},
    timestamp::Timestamp,
};

/// How many records the page shows: enough to see what they are. A program reads the others.
pub const MOST_SHOWN: usize = 100;

/// A record that the page shows.
#[derive(Clone, Debug)]
pub struct ShownRecord {
    /// Its place in the log.
    pub index: LeafIndex,
    /// What it says.
    pub event: Event,
    /// The later answer that ended it.
    pub ending: Option<Ending>,
}

/// The words of one language.
pub(super) struct Words {
    /// Which of the words of a list: 0 is English, 1 Russian.
    place: usize,
    nothing: &'static str,
    once: &'static str,
    ended: fn(&str, u64) -> String,
}

pub(super) const ENGLISH: Words =
    Words { place: 0, nothing: "nothing", once: "once", ended: |on, by| format!("ended on {on} by record {by}") };

pub(super) const RUSSIAN: Words =
    Words {
        place: 1, nothing: "ничего", once: "однократно", ended: |on, by| format!("прекращено {on} записью {by}")
    };

/// A word of the records, in English, in Russian.
type Translated = (&'static str, [&'static str; 2]);

const CATEGORIES: [Translated; 4] = [
    ("necessary", ["necessary", "необходимые"]),
    ("functional", ["functional", "функциональные"]),
    ("analytical", ["analytical", "аналитические"]),
    ("marketing", ["marketing", "маркетинговые"]),
];

const METHODS: [Translated; 6] = [
    ("banner_form", ["a button of the banner", "кнопка баннера"]),
    ("settings_form", ["a button of the settings page", "кнопка страницы настроек"]),
    ("receipt_form", ["a button of the receipt page", "кнопка страницы о записях"]),
    ("script", ["the page's script", "скрипт страницы"]),
    ("navigation", ["going on to another page", "переход на другую страницу"]),
    ("frame_form", ["the button in place of a frame", "кнопка на месте встроенного блока"]),
];

const LANGUAGES: [Translated; 3] =
    [("ru", ["Russian", "русский"]), ("kk", ["Kazakh", "казахский"]), ("en", ["English", "английский"])];

impl Words {
    /// The word in this language; a word that has no translation stands for itself.
    fn of<'a>(&self, list: &[Translated], word: &'a str) -> &'a str {
        list.iter().find(|(known, _)| *known == word).map_or(word, |(_, words)| words[self.place])
    }

    fn categories(&self, set: CategorySet) -> String {
        let names: Vec<_> = set.iter().map(|category| self.of(&CATEGORIES, category.name())).collect();
        if names.is_empty() { self.nothing.to_owned() } else { names.join(", ") }
    }

    fn answer(&self, event: &Event) -> String {
        let act = Act::of(event, None);
        let (asked, allowed) = (self.categories(act.asked), self.categories(act.allowed));
        match &event.frame {
            Some(frame) => format!("{asked} → {allowed}, {}: {}", self.once, escaped(&frame.host)),
            None => format!("{asked} → <strong>{allowed}</strong>"),
        }
    }

    fn until(&self, record: &ShownRecord) -> String {
        let until = to_the_second(record.event.valid_until);
        let Some(ending) = record.ending else { return until };
        let on = ending.time.map_or_else(|| ending.day.date(), to_the_second);
        let on = format!("<span class=\"day\">{on}</span>");
        format!("<s>{until}</s><br>{}", (self.ended)(&on, ending.by.0))
    }

    /// The lines of the table. `site` is not repeated in each; another one is named.
    pub(super) fn rows(&self, records: &[ShownRecord], site: &str) -> String {
        let mut rows = String::new();
        for record in records {
            let event = &record.event;
            let notice = event.notice.to_string();
            let kind = KINDS.iter().find(|kind| kind.0 == event.kind.name());
            let kind = kind.map_or(event.kind.name(), |kind| [kind.1, kind.2][self.place]);
            let other = Some(&*event.site).filter(|other| *other != site).map(escaped);
            write!(
                rows,
                "<tr><td class=\"n\">{}</td><td>{}{}</td><td>{kind}<br><small>{}</small></td><td>{}</td><td>{}</td><td>{}</td>\
                 <td><code>{}</code></td><td><a href=\"#{}\"><code>{}…</code></a></td></tr>",
                record.index.0,
                to_the_second(event.time),
                other.map_or_else(String::new, |site| format!("<br><small>{site}</small>")),
                self.of(&METHODS, event.method.name()),
                self.answer(event),
                self.until(record),
                self.of(&LANGUAGES, event.language.tag()),
                event.consent_id,
                anchor(event.notice),
                &notice[..8],
            )
            .expect("a string takes every write");
        }
        rows
    }
}

/// In UTC, which the text above the table says once.
fn to_the_second(moment: Timestamp) -> String {
    let text = moment.to_string();
    format!("{} {}", &text[..10], &text[11..19])
}
