//! What each number means, in Russian, Kazakh and English: one file for the dashboard, the command line, exports and the description of
//! the interface.

use super::number::say;
use crate::visitor::Language;

/// Something that is counted, and what is meant by it.
#[derive(Clone, Copy, Debug)]
pub struct Defined {
    title: [&'static str; 3],
    text: [&'static str; 3],
}

impl Defined {
    pub(super) const fn new(title: [&'static str; 3], text: [&'static str; 3]) -> Self {
        Self { title, text }
    }

    /// Its name.
    pub fn title(&self, language: Language) -> &'static str {
        say(language, self.title)
    }

    /// What is meant by it.
    pub fn text(&self, language: Language) -> &'static str {
        say(language, self.text)
    }
}

/// What a card of the dashboard shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Pageviews of people.
    Views,
    /// Pageviews that came from elsewhere.
    Entries,
    /// Visits of those who accepted `analytical`.
    Visits,
    /// Visitor-days of those who accepted `analytical`.
    Visitors,
    /// The share of visits of one pageview.
    BounceRate,
    /// How long a visit lasted, on the whole.
    Duration,
    /// The share of pageviews whose visitor accepted `analytical`.
    Coverage,
    /// Pages asked for that are not there.
    NotFound,
    /// Files taken.
    Downloads,
    /// Pageviews that waited for the site longer than a second.
    Slow,
    /// Bytes of bodies sent.
    Bytes,
    /// Pages asked for by robots.
    Robots,
}

impl Metric {
    /// Every metric, in the order of the cards.
    pub const ALL: [Self; 12] = [
        Self::Views,
        Self::Entries,
        Self::Visits,
        Self::Visitors,
        Self::BounceRate,
        Self::Duration,
        Self::Coverage,
        Self::NotFound,
        Self::Downloads,
        Self::Slow,
        Self::Bytes,
        Self::Robots,
    ];

    /// The word used in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Views => "views",
            Self::Entries => "entries",
            Self::Visits => "visits",
            Self::Visitors => "visitors",
            Self::BounceRate => "bounce_rate",
            Self::Duration => "visit_duration",
            Self::Coverage => "consent",
            Self::NotFound => "not_found",
            Self::Downloads => "downloads",
            Self::Slow => "slow",
            Self::Bytes => "bytes",
            Self::Robots => "robots",
        }
    }

    /// Reads the word.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// What is meant by it.
    pub const fn defined(self) -> Defined {
        match self {
            Self::Views => Defined::new(
                ["Просмотры", "Қаралымдар", "Pageviews"],
                [
                    "Страницы, показанные людям: ответ 2xx или 304 с HTML на переход во всей вкладке. Считаются у всех; о посетителе при этом ничего не хранится.",
                    "Адамдарға көрсетілген беттер: бүкіл қойындыдағы өтуге HTML түрінде берілген 2xx немесе 304 жауабы. Барлығы бойынша саналады; келуші туралы ештеңе сақталмайды.",
                    "Pages shown to people: an answer 2xx or 304 in HTML to a navigation of the whole tab. Counted of everybody, and nothing is kept of the visitor.",
                ],
            ),
            Self::Entries => Defined::new(
                ["Входы", "Кірулер", "Entries"],
                [
                    "Просмотры, начатые не с этого сайта: из поиска, по ссылке с другого сайта, из закладки или адресной строки. Считаются у всех.",
                    "Осы сайттан басталмаған қаралымдар: іздеуден, басқа сайттағы сілтемеден, бетбелгіден немесе мекенжай жолағынан. Барлығы бойынша саналады.",
                    "Pageviews that came from elsewhere: a search, a link on another site, a bookmark, or an address that was typed. Counted of everybody.",
                ],
            ),
            Self::Visits => Defined::new(
                ["Визиты", "Келулер", "Visits"],
                [
                    "Просмотры и загрузки одного посетителя с перерывами не больше получаса. Визит считается в день, когда начался. Только принявшие аналитические cookie.",
                    "Бір келушінің арасы жарты сағаттан аспайтын қаралымдары мен жүктеп алулары. Келу басталған күніне жазылады. Тек аналитикалық cookie файлдарын қабылдағандар.",
                    "Pageviews and downloads of one visitor with no more than half an hour between them. A visit is counted on the day that it began. Only of those who accepted analytical cookies.",
                ],
            ),
            Self::Visitors => Defined::new(
                ["Посетители по дням", "Күндік келушілер", "Visitor-days"],
                [
                    "Разные посетители каждого дня, сложенные вместе: кто приходил пять дней, посчитан пять раз. Узнать его на другой день нельзя: ключ дня стирается. Только принявшие аналитические cookie.",
                    "Әр күннің әртүрлі келушілері қосылған: бес күн келген адам бес рет саналады. Оны келесі күні тану мүмкін емес: күннің кілті өшіріледі. Тек аналитикалық cookie файлдарын қабылдағандар.",
                    "Different visitors of each day, added up: who came on five days is counted five times. Nobody is known again on another day, since the key of the day is erased. Only of those who accepted analytical cookies.",
                ],
            ),
            Self::BounceRate => Defined::new(
                ["Одна страница", "Бір беттік келулер", "Bounce rate"],
                [
                    "Доля визитов из одного просмотра или одной загрузки. Только принявшие аналитические cookie.",
                    "Бір қаралымнан немесе бір жүктеп алудан тұратын келулердің үлесі. Тек аналитикалық cookie файлдарын қабылдағандар.",
                    "The share of visits of one pageview or one download. Only of those who accepted analytical cookies.",
                ],
            ),
            Self::Duration => Defined::new(
                ["Длительность визита", "Келу ұзақтығы", "Visit duration"],
                [
                    "От первого просмотра визита до последнего, в среднем. Визиты в одну страницу не входят: когда её закрыли, неизвестно. Только принявшие аналитические cookie.",
                    "Келудің бірінші қаралымынан соңғысына дейін, орта есеппен. Бір беттік келулер есепке кірмейді: беттің қашан жабылғаны белгісіз. Тек аналитикалық cookie файлдарын қабылдағандар.",
                    "From the first pageview of a visit to its last, on average. Visits of one page are left out, since nobody knows when it was closed. Only of those who accepted analytical cookies.",
                ],
            ),
            Self::Coverage => Defined::new(
                ["Доля принявших", "Қабылдағандар үлесі", "Consent coverage"],
                [
                    "Доля просмотров, сделанных принявшими аналитические cookie. О такой части и говорят визиты, посетители, длительность.",
                    "Аналитикалық cookie файлдарын қабылдағандар жасаған қаралымдардың үлесі. Келулер, келушілер, ұзақтық — осы бөлік туралы.",
                    "The share of pageviews by those who accepted analytical cookies. Visits, visitors and duration tell of this part.",
                ],
            ),
            Self::NotFound => Defined::new(
                ["Не найдено (404)", "Табылмады (404)", "Not found (404)"],
                [
                    "Переходы людей на страницы, которых нет: ответы 404 и 410.",
                    "Адамдардың жоқ беттерге өтуі: 404 және 410 жауаптары.",
                    "People's navigations to pages that are not there: answers 404 and 410.",
                ],
            ),
            Self::Downloads => Defined::new(
                ["Загрузки", "Жүктеп алулар", "Downloads"],
                [
                    "Файлы, которые забирают, а не смотрят: документы, архивы, таблицы.",
                    "Қаралмай, жүктеп алынатын файлдар: құжаттар, мұрағаттар, кестелер.",
                    "Files that are taken rather than looked at: documents, archives, tables.",
                ],
            ),
            Self::Slow => Defined::new(
                ["Медленные просмотры", "Баяу қаралымдар", "Slow pageviews"],
                [
                    "Просмотры, в которых начала ответа сайта ждали дольше секунды.",
                    "Сайт жауабының басын бір секундтан ұзақ күткен қаралымдар.",
                    "Pageviews that waited longer than a second for the site's answer to begin.",
                ],
            ),
            Self::Bytes => Defined::new(
                ["Объём", "Көлем", "Bandwidth"],
                [
                    "Байты тел всех ответов, всем и на всё, роботам тоже.",
                    "Барлық жауап денелерінің байттары: баршаға және бәріне, роботтарға да.",
                    "Bytes of the bodies of all answers, to everybody and of everything, robots included.",
                ],
            ),
            Self::Robots => Defined::new(
                ["Роботы", "Роботтар", "Robots"],
                [
                    "Страницы, запрошенные программами. В просмотры не входят.",
                    "Бағдарламалар сұраған беттер. Қаралымдарға кірмейді.",
                    "Pages asked for by programs. They are no pageviews.",
                ],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::table_words::table, *};
    use crate::statistics::Dimension;

    #[test]
    fn everything_that_is_counted_is_defined_in_three_languages() {
        let metrics = Metric::ALL.map(Metric::defined).to_vec();
        let tables = Dimension::ALL.map(table).to_vec();
        for defined in metrics.into_iter().chain(tables) {
            let texts: Vec<_> = Language::ALL.iter().map(|language| defined.text(*language)).collect();
            assert!(texts.iter().all(|text| text.ends_with('.') || text.ends_with("*.")), "{texts:?}");
            assert!(texts[0] != texts[1] && texts[1] != texts[2], "{texts:?}");
        }
        for metric in Metric::ALL {
            assert_eq!(Metric::parse(metric.name()), Some(metric));
        }
        assert_eq!(Metric::parse("petr"), None);
    }
}
