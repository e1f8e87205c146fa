//! The letter for programs that show text alone.

use std::fmt::Write as _;

use super::{Page, Row};

/// The same as the page, without its bars.
pub(super) fn text(page: &Page<'_>) -> String {
    let words = page.words;
    let mut text = format!("{}\n{}, {}\n", page.site, page.period, page.zone);
    if let Some(compared) = &page.compared {
        let _ = writeln!(text, "{} {compared}", words.say("в сравнении с", "салыстырылған кезең:", "compared with"));
    }
    if page.is_empty {
        let _ = writeln!(text, "\n{}", page.nothing());
        return text;
    }
    text.push('\n');
    for card in &page.cards {
        let change = if card.change.is_empty() { String::new() } else { format!(" ({})", card.change) };
        let _ = writeln!(text, "{}: {}{change}", card.name, card.number);
    }
    if let Some(coverage) = &page.coverage {
        let _ = writeln!(text, "{coverage}");
    }
    for table in &page.tables {
        section(&mut text, table.title, &table.rows);
        if let Some(others) = &table.others {
            let _ = writeln!(text, "  {others}");
        }
    }
    section(&mut text, page.states_title(), &page.states);
    section(&mut text, page.banners_title(), &page.banners);
    if !page.notes.is_empty() {
        let _ = writeln!(text, "\n{}", page.notes_title());
        for note in &page.notes {
            let _ = writeln!(text, "  {note}");
        }
    }
    let _ = writeln!(text, "\n{}", page.footer());
    text
}

fn section(text: &mut String, title: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for Row { word, number, share, .. } in rows {
        let _ = writeln!(text, "  {word}: {number} ({share})");
    }
}

impl Page<'_> {
    pub(super) fn nothing(&self) -> &'static str {
        self.words.say(
            "За эти дни ничего не посчитано.",
            "Бұл күндері ештеңе саналмады.",
            "Nothing was counted on these days.",
        )
    }

    pub(super) fn states_title(&self) -> &'static str {
        self.words.say(
            "Просмотры по ответу посетителя",
            "Келушінің жауабы бойынша қаралым",
            "Pageviews by how their visitors stand",
        )
    }

    pub(super) fn banners_title(&self) -> &'static str {
        self.words.say("Как отвечают баннеру", "Баннерге жауаптар", "How banners are answered")
    }

    pub(super) fn notes_title(&self) -> &'static str {
        self.words.say("Что надо знать об этих днях", "Бұл күндер туралы білу керек", "To be known of these days")
    }

    pub(super) fn footer(&self) -> &'static str {
        self.words.say(
            "Считает Kelisim на самом сервере: без cookie и без адресов посетителей. Визиты и посетителе-дни известны только о тех, кто принял статистику. Письмо ничего не загружает и не сообщает о прочтении.",
            "Kelisim сервердің өзінде санайды: cookie және келушілердің адресінсіз. Келулер мен күндік келушілер статистикаға келіскендер туралы ғана белгілі. Хат ештеңе жүктемейді және оқылғанын хабарламайды.",
            "Counted by Kelisim at the server itself, without cookies and without visitors' addresses. Visits and visitor-days are known of those alone who accepted statistics. This letter loads nothing and tells nobody that it was read.",
        )
    }
}
