//! What is recorded about a person as a text to send: who answers for it, each record in words, what was shown, and how to have it erased.

use std::fmt::Write as _;

use super::standing::standing;
use crate::{
    consent::CategorySet,
    gateway::SiteSettings,
    ledger::{Act, Content, Event, LeafIndex, NoticeFacts, Retention, Row},
    pages::{Controller, texts::Texts},
    store::{Reader, StoreError},
    timestamp::Timestamp,
    visitor::Language,
};

/// What an answer is made from, besides the records.
pub(super) struct Answer<'a> {
    pub(super) reader: &'a Reader,
    /// The sites that are configured now.
    pub(super) sites: &'a [SiteSettings],
    pub(super) retention: Retention,
    pub(super) now: Timestamp,
    pub(super) language: Language,
}

/// A text that grows line by line.
struct Lines {
    words: &'static Texts,
    written: String,
    /// What was shown with records that are written, and at which leaf that stands: it is mostly the same with each.
    shown: Vec<(Vec<String>, LeafIndex)>,
}

impl Answer<'_> {
    /// The whole text, one part for each site.
    pub(super) fn write(&self, rows: &[Row]) -> Result<String, StoreError> {
        let mut lines = Lines { words: Texts::of(self.language), written: String::new(), shown: Vec::new() };
        let kept = kept(rows);
        let mut sites: Vec<&str> = kept.iter().map(|(_, event)| &*event.site).collect();
        sites.sort_unstable();
        sites.dedup();
        for site in sites {
            let of_site: Vec<_> = kept.iter().copied().filter(|(_, event)| &*event.site == site).collect();
            self.site(&mut lines, site, &of_site)?;
        }
        Ok(lines.written)
    }

    fn site(&self, lines: &mut Lines, name: &str, records: &[(LeafIndex, &Event)]) -> Result<(), StoreError> {
        let words = lines.words;
        let site = self.sites.iter().find(|site| site.name == name);
        let notice = match records.last() {
            Some((_, newest)) => self.notice(newest)?,
            None => None,
        };
        if !lines.written.is_empty() {
            lines.line("");
        }
        lines.line(&words.receipt.title);
        lines.line(&words.receipt.introduction.replace("{host}", name));
        lines.line("");
        let email = match (site, &notice) {
            (Some(site), _) => lines.controller(&site.pages.controller),
            (None, Some(notice)) => lines.controller_of_notice(notice),
            (None, None) => String::new(),
        };
        if let Some((_, first)) = records.first() {
            lines.fact(&words.settings.consent_id, &first.consent_id.to_string());
        }
        lines.grounds(records);
        for (index, event) in records {
            lines.line("");
            self.record(lines, site, *index, event, records)?;
        }
        lines.title(&words.receipt.measures);
        lines.line(&words.receipt.not_recorded);
        words.receipt.measures_list.iter().for_each(|measure| lines.line(&format!("- {measure}")));
        lines.rights(&email, notice.as_ref().map_or("", |notice| &notice.withdrawal));
        Ok(())
    }

    fn record(
        &self,
        lines: &mut Lines,
        site: Option<&SiteSettings>,
        index: LeafIndex,
        event: &Event,
        records: &[(LeafIndex, &Event)],
    ) -> Result<(), StoreError> {
        let (words, act) = (lines.words, Act::of(event, self.reader.allowed_before(event)?));
        let notice = self.notice(event)?;
        let (receipt, settings) = (&words.receipt, &words.settings);
        let unknown = || settings.unknown.clone();
        lines.fact(&receipt.when, &moment(event.time));
        lines.fact(&receipt.event, words.event(event.kind));
        let ending =
            self.reader.endings(index, 1)?.first().filter(|(ended, _)| *ended == index).map(|(_, ending)| *ending);
        lines.fact(&receipt.state, &standing(words, site, self.now, event, ending, records));
        lines.fact(&receipt.offered, &set(words, act.asked));
        let host = event.frame.as_ref().map(|frame| format!(" ({})", frame.host)).unwrap_or_default();
        lines.fact(&settings.allowed, &(set(words, act.allowed) + &host));
        // Where there is none the line is left out: `refused: none` below `allowed: none` would read as a contradiction.
        let of_acts =
            [(capitalised(&receipt.events.withdrawn), act.withdrawn), (settings.refused.clone(), act.refused)];
        for (name, categories) in of_acts.iter().filter(|(_, categories)| *categories != Some(CategorySet::EMPTY)) {
            lines.fact(name, &categories.map_or_else(unknown, |categories| set(words, categories)));
        }
        lines.fact(&settings.valid_until, &moment(event.valid_until));
        lines.fact(&words.facts.record_term, &self.retention.kept_until(event).date());
        lines.fact(&receipt.method, words.method(event.method));
        lines.fact(&receipt.page, &event.page.as_ref().map_or_else(unknown, |page| page.as_str().to_owned()));
        lines.fact(&receipt.language, event.language.own_name());
        lines.fact(&receipt.agent, words.agent(event.agent));
        lines.fact(&receipt.signals, &words.signals(event.signals));
        lines.fact(&receipt.record_id, &event.id.to_string());
        lines.fact(&receipt.leaf, &index.0.to_string());
        lines.shown(index, event, notice.as_ref());
        Ok(())
    }

    fn notice(&self, event: &Event) -> Result<Option<NoticeFacts>, StoreError> {
        Ok(self.reader.notice(event.notice)?.and_then(|document| NoticeFacts::parse(&document)))
    }
}

impl Lines {
    fn line(&mut self, text: &str) {
        _ = writeln!(self.written, "{text}");
    }

    fn title(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    fn fact(&mut self, name: &str, value: &str) {
        self.line(&format!("{name}: {value}"));
    }

    /// Who answers for it, and the address to write to.
    fn controller(&mut self, controller: &Controller) -> String {
        let facts = &self.words.facts;
        self.fact(&facts.controller, &controller.name);
        for (name, number) in [(&facts.bin, &controller.bin), (&facts.iin, &controller.iin)] {
            number.iter().for_each(|number| self.fact(name, number));
        }
        self.fact(&facts.address, &controller.address);
        self.fact(&facts.email, &controller.email);
        controller.email.clone()
    }

    /// The same of a site that is configured no more, as its visitors read it.
    fn controller_of_notice(&mut self, notice: &NoticeFacts) -> String {
        let (facts, controller) = (&self.words.facts, &notice.controller);
        self.fact(&facts.controller, &format!("{}, {}", controller.name, controller.identification));
        self.fact(&facts.address, &controller.address);
        self.fact(&facts.email, &controller.email);
        controller.email.clone()
    }

    /// For which purposes data is processed, and on which ground.
    fn grounds(&mut self, records: &[(LeafIndex, &Event)]) {
        let words = self.words;
        self.title(&words.receipt.purposes);
        let choice = records.iter().rev().find(|(_, event)| event.frame.is_none());
        let allowed = choice.map_or(CategorySet::EMPTY, |(_, event)| event.allowed);
        for category in allowed.iter() {
            let category = words.category(category);
            self.fact(&category.name, &category.text);
        }
        self.line(if allowed.is_empty() { &words.receipt.nothing_allowed } else { &words.receipt.ground });
        self.line(&words.receipt.ground_of_record);
    }

    /// Which texts the visitor had before them.
    fn shown(&mut self, index: LeafIndex, event: &Event, notice: Option<&NoticeFacts>) {
        let words = self.words;
        self.fact(&words.settings.answered_edition, &event.edition.to_string());
        if let Some(notice) = notice {
            notice.policy_address().iter().for_each(|address| self.fact(&words.policy.title, address));
            for text in &notice.policy {
                self.fact(&format!("{} ({})", words.policy.hash, text.language), &text.sha256);
            }
        }
        self.fact(&words.receipt.notice, &event.notice.to_string());
        let shown = notice.map(|notice| notice.shown(event)).unwrap_or_default();
        if let Some((_, place)) = self.shown.iter().find(|(known, _)| *known == shown) {
            self.line(&format!("  | … {}: {}", words.receipt.leaf, place.0));
            return;
        }
        shown.iter().for_each(|line| self.line(&format!("  | {line}")));
        if !shown.is_empty() {
            self.shown.push((shown, index));
        }
    }

    /// What the person can do, the erasure first: on the page where the site shows what is recorded, or by a letter.
    fn rights(&mut self, email: &str, settings_address: &str) {
        let words = self.words;
        self.title(&words.receipt.rights);
        self.line(&words.receipt.erase_text);
        if let Some(pages) = settings_address.strip_suffix("settings") {
            self.fact(&words.receipt.erase, &format!("{pages}receipt"));
            self.line(&words.receipt.withdraw_text);
            self.line(settings_address);
        }
        self.title(&words.settings.rights);
        self.line(&words.settings.rights_text);
        words.settings.rights_list.iter().for_each(|right| self.line(&format!("- {right}")));
        self.line(&words.settings.request.replace("{email}", email));
    }
}

fn kept(rows: &[Row]) -> Vec<(LeafIndex, &Event)> {
    let kept = rows.iter().filter_map(|row| match &row.content {
        Content::Kept(event, _) => Some((row.index, &**event)),
        Content::Removed { .. } => None,
    });
    kept.collect()
}

/// Categories in a row; a word for none.
fn set(words: &Texts, set: CategorySet) -> String {
    let listed: Vec<_> = set.iter().map(|category| words.category(category).listed.as_str()).collect();
    if listed.is_empty() { words.receipt.no_signals.clone() } else { listed.join(", ") }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A moment to the second.
pub(super) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {} UTC", &text[..10], &text[11..19])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        ledger::samples::event,
        store::{Settings, Store},
        timestamp::Term,
    };

    #[tokio::test]
    async fn an_answer_that_a_later_one_ended_without_naming_it_is_told_as_ended() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { state_dir: directory.path().join("state"), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        store.append(event(1)).await.unwrap();
        let later = store.append(event(1)).await.unwrap().index;
        let reader = store.reader().unwrap();
        let term = Term { months: 36, days: 0 };
        let answer = Answer {
            reader: &reader,
            sites: &[],
            retention: Retention { choices: term, frames: term },
            now: event(1).time,
            language: Language::Ru,
        };
        let text = answer.write(&reader.records_of(event(1).consent_id).unwrap()).unwrap();
        let states: Vec<_> = text.lines().filter(|line| line.starts_with("Состояние: ")).collect();
        let ended_by = format!("Место в журнале: {})", later.0);
        assert!(states.len() == 2 && states[0].ends_with(&ended_by) && !states[1].contains(&ended_by), "{text}");
    }
}
