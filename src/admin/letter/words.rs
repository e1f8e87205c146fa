//! What a letter says, in three languages.

use crate::{
    admin::dashboard::{Metric, defined_table, shown},
    statistics::{Dimension, report::Measure},
    visitor::Language,
};

/// The words of one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words(pub(super) Language);

impl Words {
    /// One of three texts.
    pub(super) const fn say<'a>(self, russian: &'a str, kazakh: &'a str, english: &'a str) -> &'a str {
        match self.0 {
            Language::Ru => russian,
            Language::Kk => kazakh,
            Language::En => english,
        }
    }

    pub(super) fn tag(self) -> &'static str {
        self.0.tag()
    }

    /// The name of a number, as the dashboard has it.
    pub(super) fn measure(self, measure: Measure) -> &'static str {
        let metric = match measure {
            Measure::Views => Metric::Views,
            Measure::Entries => Metric::Entries,
            Measure::Visits => Metric::Visits,
            Measure::Visitors => Metric::Visitors,
            Measure::BounceRate => Metric::BounceRate,
            Measure::Duration => Metric::Duration,
            Measure::Robots => Metric::Robots,
            Measure::NotFound => Metric::NotFound,
            Measure::Downloads => Metric::Downloads,
            Measure::Slow => Metric::Slow,
            Measure::Bytes => Metric::Bytes,
            Measure::Waited => return self.say("Ответ сайта", "Сайттың жауабы", "Time to answer"),
            Measure::Requests => return self.say("Запросы", "Сұраныстар", "Requests"),
        };
        metric.defined().title(self.0)
    }

    pub(super) fn table(self, dimension: Dimension) -> &'static str {
        defined_table(dimension).title(self.0)
    }

    /// A word of a table.
    pub(super) fn word(self, dimension: Dimension, word: &str) -> String {
        shown(self.0, dimension, word).into_owned()
    }

    /// Of how many pageviews visits and visitor-days are.
    pub(super) fn coverage(self, percent: i64) -> String {
        match self.0 {
            Language::Ru => {
                format!("Визиты и посетители по дням: только тех, кто принял статистику, {percent}\u{a0}% просмотров.")
            }
            Language::Kk => {
                format!("Келулер мен күндік келушілер: статистикаға келіскендер ғана, қаралымның {percent}\u{a0}%-ы.")
            }
            Language::En => format!(
                "Visits and visitor-days: of those alone who accepted statistics, {percent}\u{a0}% of pageviews."
            ),
        }
    }

    pub(super) const fn others(self) -> &'static str {
        self.say("остальное", "қалғандары", "others")
    }

    pub(super) const fn states(self) -> [&'static str; 4] {
        [
            self.say("приняли статистику", "статистикаға келіскен", "accepted statistics"),
            self.say("ответили иначе", "басқаша жауап берген", "answered otherwise"),
            self.say("браузер шлёт сигнал отказа", "браузер бас тарту белгісін жібереді", "browser sends a signal"),
            self.say("не ответили", "жауап бермеген", "have not answered"),
        ]
    }

    pub(super) const fn banners(self) -> [&'static str; 4] {
        [
            self.say("принять всё", "бәрін қабылдау", "accepted"),
            self.say("часть", "бір бөлігі", "accepted in part"),
            self.say("отказ", "бас тарту", "refused"),
            self.say("без ответа", "жауапсыз", "not answered"),
        ]
    }

    /// What a mark of a day means for its numbers.
    pub(super) fn mark(self, mark: &str) -> &'static str {
        match mark {
            "crash" => self.say(
                "шлюз остановился без предупреждения: последних секунд нет, открытые визиты посчитаны дважды",
                "шлюз ескертусіз тоқтады: соңғы секундтар жоқ, ашық келулер екі рет саналды",
                "the gateway ended without a word: its last seconds are missing, and open visits count as two",
            ),
            "restart" => self.say(
                "шлюз запускали заново: открытые визиты посчитаны дважды",
                "шлюз қайта іске қосылды: ашық келулер екі рет саналды",
                "the gateway was started anew: open visits count as two",
            ),
            _ => self.say(
                "прочитано из журналов сервера: просмотры без визитов",
                "сервер журналынан оқылды: келулерсіз қаралымдар",
                "read in from logs: views of everybody, and no visits",
            ),
        }
    }

    pub(super) const fn lost(self) -> &'static str {
        self.say(
            "не посчитано из-за переполнения",
            "толып кеткендіктен саналмады",
            "not counted, since more came at once than fits",
        )
    }
}
