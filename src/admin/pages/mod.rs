//! The pages, one file each: what a page shows is read there, how it looks is a template beside it. Its languages stand side by side in the
//! template: Russian, Kazakh and English by `frame.say_all`, or Russian and English by `frame.say` where a page has no Kazakh
//! ([`Page::has_kazakh`]): then all of it is Russian to whoever asks for Kazakh, and never half of it.

mod accesses;
mod country;
mod export;
mod inventory;
mod message;
mod overview;
mod persons;
mod retention;
mod sign_in;
mod witnesses;

use askama::Template;
use http::{HeaderMap, header};

use super::{Administration, accounts::Role, dashboard, deadline::Deadline, sign_in::SignedIn};
use crate::{
    consent::Category,
    store::StoreError,
    timestamp::{Term, Timestamp},
    visitor::Language,
};

pub(super) use country::found;
pub(super) use export::events;
pub(super) use inventory::{Choice, choose};
pub(super) use message::{Message, message, saying};
pub(super) use sign_in::{Refusal, sign_in};

/// The style of all pages.
pub(super) const STYLE: &str = include_str!("../templates/style.css");

/// The language of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words(Language);

impl Words {
    /// A language that was asked for by name.
    pub(super) const fn in_language(language: Language) -> Self {
        Self(language)
    }

    /// What the browser asks for; Russian when it asks for none of the three.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|accept| accept.to_str().ok());
        Self(Language::negotiate(accept, &Language::ALL))
    }

    /// For what has no Kazakh text: Russian in its place.
    const fn without_kazakh(self) -> Self {
        match self.0 {
            Language::Kk => Self(Language::Ru),
            Language::Ru | Language::En => self,
        }
    }

    /// One of three texts.
    pub(super) const fn of_all<'a>(self, russian: &'a str, kazakh: &'a str, english: &'a str) -> &'a str {
        match self.0 {
            Language::Ru => russian,
            Language::Kk => kazakh,
            Language::En => english,
        }
    }

    /// One of two texts, where there is no Kazakh one.
    const fn of_both<'a>(self, russian: &'a str, english: &'a str) -> &'a str {
        self.of_all(russian, russian, english)
    }

    pub(super) const fn language(self) -> Language {
        self.0
    }

    pub(super) fn tag(self) -> &'static str {
        self.0.tag()
    }
}

/// A page behind the sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Overview,
    Export,
    Accesses,
    Persons,
    Retention,
    Inventory,
    Country,
}

impl Page {
    const ALL: [Self; 7] =
        [Self::Overview, Self::Export, Self::Accesses, Self::Persons, Self::Retention, Self::Inventory, Self::Country];

    /// The page at a path.
    pub(super) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.path() == path)
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Export => "/export",
            Self::Accesses => "/accesses",
            Self::Persons => "/requests",
            Self::Retention => "/retention",
            Self::Inventory => "/inventory",
            Self::Country => "/country",
        }
    }

    const fn title(self, words: Words) -> &'static str {
        match self {
            Self::Overview => words.of_all("Журнал", "Журнал", "Log"),
            Self::Export => words.of_all("Выгрузка", "Жүктеп алу", "Export"),
            Self::Accesses => words.of_all("Кто читал", "Кім оқыды", "Accesses"),
            Self::Persons => words.of_all("Обращения", "Өтініштер", "Requests"),
            Self::Retention => words.of_all("Сроки хранения", "Сақтау мерзімдері", "Retention"),
            Self::Inventory => words.of_all("Инвентарь", "Тізімдеме", "Inventory"),
            Self::Country => words.of_all("Страна", "Ел", "Country"),
        }
    }

    /// Whether all that the page says has a Kazakh text.
    const fn has_kazakh(self) -> bool {
        match self {
            Self::Overview | Self::Export | Self::Accesses | Self::Persons | Self::Retention => false,
            Self::Inventory | Self::Country => true,
        }
    }

    /// The least that an account must be to see it.
    pub(super) const fn role(self) -> Role {
        match self {
            Self::Overview | Self::Export | Self::Accesses => Role::Auditor,
            Self::Persons | Self::Retention | Self::Inventory | Self::Country => Role::Operator,
        }
    }

    /// Whether a form of the page is posted to its own path.
    pub(super) const fn takes_form(self) -> bool {
        match self {
            Self::Export | Self::Inventory | Self::Country => true,
            Self::Overview | Self::Accesses | Self::Persons | Self::Retention => false,
        }
    }

    /// Makes it. Waits for the disk.
    pub(super) fn make(self, words: Words, account: &SignedIn, admin: &Administration) -> Result<String, StoreError> {
        let words = if self.has_kazakh() { words } else { words.without_kazakh() };
        let frame = Frame::of(words, Some(account), Some(self));
        match self {
            Self::Overview => overview::page(frame, account, admin),
            Self::Export => Ok(export::page(frame)),
            Self::Accesses => accesses::page(frame, admin),
            Self::Persons => persons::page(frame, admin),
            Self::Retention => retention::page(frame, admin),
            Self::Inventory => Ok(inventory::page(frame, admin)),
            Self::Country => Ok(country::page(frame, admin)),
        }
    }
}

/// What stands around every page.
pub(super) struct Frame {
    pub(super) words: Words,
    pub(super) title: &'static str,
    pub(super) account: Option<Named>,
    pub(super) links: Vec<Link>,
}

/// Who is signed in, as the page says it.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) role: &'static str,
}

pub(super) struct Link {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) current: bool,
}

impl Frame {
    fn of(words: Words, account: Option<&SignedIn>, current: Option<Page>) -> Self {
        let role = account.map(|account| account.role);
        let links = Page::ALL.into_iter().filter(|page| role.is_some_and(|role| role >= page.role()));
        let links =
            links.map(|page| Link { path: page.path(), title: page.title(words), current: Some(page) == current });
        let dashboard = role.filter(|role| *role >= dashboard::ROLE).map(|_| Link {
            path: dashboard::PATH,
            title: dashboard::title(words.language()),
            current: false,
        });
        Self {
            words,
            title: current.map_or("Kelisim", |page| page.title(words)),
            account: account.map(|account| Named {
                name: account.name.clone(),
                role: match account.role {
                    Role::Auditor => words.of_all("аудитор", "аудитор", "auditor"),
                    Role::Operator => words.of_all("оператор", "оператор", "operator"),
                },
            }),
            links: dashboard.into_iter().chain(links).collect(),
        }
    }

    /// Around the dashboard and what belongs to it.
    pub(super) fn of_dashboard(words: Words, account: &SignedIn) -> Self {
        let mut frame = Self::of(words, Some(account), None);
        frame.title = dashboard::title(words.language());
        frame.links.iter_mut().for_each(|link| link.current = link.path == dashboard::PATH);
        frame
    }

    /// Around a page for somebody without an account.
    pub(super) fn of_nobody(words: Words, title: &'static str) -> Self {
        Self { title, ..Self::of(words, None, None) }
    }

    /// In the language of the page, on a page that has no Kazakh.
    fn say<'a>(&self, russian: &'a str, english: &'a str) -> &'a str {
        self.words.of_both(russian, english)
    }

    /// In the language of the page.
    pub(super) fn say_all<'a>(&self, russian: &'a str, kazakh: &'a str, english: &'a str) -> &'a str {
        self.words.of_all(russian, kazakh, english)
    }
}

pub(super) fn rendered(page: &impl Template) -> String {
    page.render().expect("templates that write into memory do not fail")
}

/// What is in a category, as people call it.
const fn category_name(words: Words, category: Category) -> &'static str {
    match category {
        Category::Necessary => words.of_all("необходимые", "қажетті", "necessary"),
        Category::Functional => words.of_all("функциональные", "функционалдық", "functional"),
        Category::Analytical => words.of_all("аналитические", "аналитикалық", "analytical"),
        Category::Marketing => words.of_all("маркетинговые", "жарнамалық", "marketing"),
    }
}

/// A moment to the second, in UTC.
fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {}", &text[..10], &text[11..19])
}

/// A term in words.
fn term(words: Words, term: Term) -> String {
    let (years, months) = term.years_and_months();
    let counted = |number: u32, english: &str, russian| match (number, words.0) {
        (1, Language::En) => format!("1 {english}"),
        (_, Language::En) => format!("{number} {english}s"),
        _ => format!("{number} {}", of_number(number, russian)),
    };
    let parts = [
        (years, counted(years, "year", ["год", "года", "лет"])),
        (months, counted(months, "month", ["месяц", "месяца", "месяцев"])),
        (term.days, counted(term.days, "day", ["день", "дня", "дней"])),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect();
    parts.join(", ")
}

/// A deadline in words.
fn deadline(words: Words, deadline: Deadline) -> String {
    match deadline {
        deadline if words.tag() == "en" => deadline.to_string(),
        Deadline::Days(days) => format!("{days} {}", of_number(days.into(), ["день", "дня", "дней"])),
        Deadline::WorkingDays(days) => {
            format!("{days} {}", of_number(days.into(), ["рабочий день", "рабочих дня", "рабочих дней"]))
        }
    }
}

/// The form of a Russian word after a number: 1 день, 2 дня, 5 дней.
fn of_number(number: u32, [one, few, many]: [&'static str; 3]) -> &'static str {
    match (number % 10, number % 100) {
        (1, rest) if rest != 11 => one,
        (2..=4, rest) if !(12..=14).contains(&rest) => few,
        _ => many,
    }
}

/// A period from one moment up to another, by its days where it has whole ones.
fn period(words: Words, from: Timestamp, to: Timestamp) -> String {
    let is_day = |time: Timestamp| time.milliseconds() % 86_400_000 == 0;
    let begin = match from {
        from if from == Timestamp::default() => words.of_both("с начала", "from the beginning").to_owned(),
        from if is_day(from) => from.date(),
        from => moment(from),
    };
    let end = match to {
        to if to == Timestamp::from_milliseconds(i64::MAX) => words.of_both("до конца", "to the end").to_owned(),
        to if is_day(to) => Timestamp::from_milliseconds(to.milliseconds() - 1).date(),
        to => moment(to),
    };
    format!("{begin} – {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_as_they_were_asked_for() {
        let check = |from: &str, to: &str, expected: &str| {
            let parse = |text: &str| Timestamp::parse(text).unwrap();
            assert_eq!(period(Words(Language::En), parse(from), parse(to)), expected);
        };
        check("2026-11-01", "2026-12-01", "2026-11-01 – 2026-11-30");
        check("2026-11-01T10:00:00Z", "2026-11-02T11:00:00Z", "2026-11-01 10:00:00 – 2026-11-02 11:00:00");
        check("1970-01-01", "9999-12-30T22:00:00Z", "from the beginning – to the end");
    }

    #[test]
    fn terms_read_as_words() {
        let check = |language, months, days, expected: &str| {
            assert_eq!(term(Words(language), Term { months, days }), expected);
        };
        check(Language::Ru, 36, 0, "3 года");
        check(Language::Ru, 1, 2, "1 месяц, 2 дня");
        check(Language::En, 6, 1, "6 months, 1 day");
        assert_eq!(deadline(Words(Language::Ru), Deadline::Days(11)), "11 дней");
        assert_eq!(deadline(Words(Language::Ru), Deadline::WorkingDays(3)), "3 рабочих дня");
        assert_eq!(deadline(Words(Language::Ru), Deadline::WorkingDays(1)), "1 рабочий день");
    }

    #[test]
    fn a_browser_is_answered_in_the_language_that_it_asks_for_and_no_page_is_half_kazakh() {
        let check = |accept: &'static str, expected: [&str; 3]| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, http::HeaderValue::from_static(accept))]);
            let words = Words::of(&headers);
            assert_eq!([words.tag(), words.of_all("р", "қ", "e"), words.without_kazakh().tag()], expected, "{accept}");
        };
        check("kk-KZ, ru;q=0.5", ["kk", "қ", "ru"]);
        check("en, kk;q=0.9", ["en", "e", "en"]);
        check("de", ["ru", "р", "ru"]);
        assert_eq!(Words(Language::Kk).of_both("р", "e"), "р");
    }

    #[test]
    fn an_auditor_is_shown_no_way_to_the_operators_pages() {
        let account = |role| SignedIn { name: "a".to_owned(), number: crate::ledger::AccountNumber([0; 4]), role };
        let links = |role| {
            let frame = Frame::of(Words(Language::Ru), Some(&account(role)), None);
            frame.links.iter().map(|link| link.path).collect::<Vec<_>>()
        };
        assert_eq!(links(Role::Auditor), ["/", "/export", "/accesses"]);
        assert_eq!(links(Role::Operator).len(), 1 + Page::ALL.len());
    }
}
