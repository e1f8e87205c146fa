//! The operator's page of shared links: those that hold, and the form for a new one.

use std::sync::Arc;

use askama::Template;

use super::{
    date,
    share::{SharedLinks, TERMS},
};
use crate::{
    admin::{
        pages::{Frame, Words, rendered},
        sign_in::SignedIn,
    },
    statistics::Calendar,
    timestamp::Timestamp,
    visitor::Language,
};

#[derive(Template)]
#[template(path = "share.html", config = "src/admin/askama.toml")]
struct SharePage {
    frame: Frame,
    sites: Vec<Arc<str>>,
    terms: Vec<(u32, String)>,
    links: Vec<Shown>,
    /// The address of a link that was made just now: it is shown this once.
    made: Option<String>,
    /// Why none was made.
    refusal: Option<&'static str>,
}

struct Shown {
    number: String,
    name: String,
    site: String,
    created: String,
    expires: String,
}

/// What came of a form.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// Nothing was posted.
    None,
    /// A link with this address was made.
    Made(String),
    /// There are too many.
    Full,
    /// The form can't be.
    Wrong,
}

/// The page.
pub(super) fn page(
    words: Words,
    account: &SignedIn,
    links: &SharedLinks,
    sites: &[Arc<str>],
    calendar: &Calendar,
    now: Timestamp,
    outcome: Outcome,
) -> String {
    let language = words.language();
    let mut frame = Frame::of_dashboard(words, account);
    frame.title = words.of_all("Поделиться статистикой", "Статистикамен бөлісу", "Share the statistics");
    let day = |moment| date::day(language, calendar.place(moment).0);
    let shown = links.holding(now).into_iter().map(|link| Shown {
        number: link.number.clone(),
        name: link.name.clone(),
        site: link.site.clone(),
        created: day(link.created()),
        expires: day(link.expires()),
    });
    let refusal = match &outcome {
        Outcome::Full => Some(words.of_all(
            "Ссылок уже пятьдесят. Отзовите ненужные.",
            "Сілтеме саны елуге жетті. Қажет еместерін кері қайтарыңыз.",
            "There are fifty links already. Revoke those that nobody needs.",
        )),
        Outcome::Wrong => Some(words.of_all(
            "Форма заполнена неверно: выберите сайт и срок из предложенных.",
            "Форма дұрыс толтырылмаған: ұсынылған сайт пен мерзімді таңдаңыз.",
            "The form is wrong: choose one of the sites and one of the terms.",
        )),
        Outcome::None | Outcome::Made(_) => None,
    };
    let made = match outcome {
        Outcome::Made(address) => Some(address),
        _ => None,
    };
    let terms = TERMS.map(|days| (days, term(language, days))).to_vec();
    rendered(&SharePage { frame, sites: sites.to_vec(), terms, links: shown.collect(), made, refusal })
}

fn term(language: Language, days: u32) -> String {
    match language {
        Language::Ru => format!("{days} {}", super::number::russian_form(days.into(), ["день", "дня", "дней"])),
        Language::Kk => format!("{days} күн"),
        Language::En => format!("{days} days"),
    }
}
