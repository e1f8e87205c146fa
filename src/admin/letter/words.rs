//! What a letter says, in three languages.

use crate::{
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

    pub(super) const fn measure(self, measure: Measure) -> &'static str {
        match measure {
            Measure::Views => self.say("Просмотры", "Қаралым", "Pageviews"),
            Measure::Entries => self.say("Заходы извне", "Сырттан келу", "Entries"),
            Measure::Visits => self.say("Визиты", "Сапар", "Visits"),
            Measure::Visitors => self.say("Посетителе-дни", "Келуші-күн", "Visitor-days"),
            Measure::BounceRate => self.say("Отказы, %", "Бас тарту, %", "Bounce rate, %"),
            Measure::Duration => self.say("Длительность визита, с", "Сапар ұзақтығы, с", "Length of a visit, s"),
            Measure::Robots => self.say("Страницы для роботов", "Роботтарға беттер", "Pages for robots"),
            Measure::NotFound => self.say("Не найдено", "Табылмады", "Not found"),
            Measure::Downloads => self.say("Загрузки файлов", "Файл жүктеу", "Downloads"),
            Measure::Slow => self.say("Медленные просмотры", "Баяу қаралым", "Slow pageviews"),
            Measure::Waited => self.say("Время ответа, мс", "Жауап уақыты, мс", "Time to answer, ms"),
            Measure::Requests => self.say("Запросы", "Сұраныс", "Requests"),
            Measure::Bytes => self.say("Байты", "Байт", "Bytes"),
        }
    }

    pub(super) const fn table(self, dimension: Dimension) -> &'static str {
        match dimension {
            Dimension::Page => self.say("Страницы", "Беттер", "Pages"),
            Dimension::Source => self.say("Откуда приходят", "Қайдан келеді", "Sources"),
            Dimension::Campaign => self.say("Кампании", "Науқандар", "Campaigns"),
            Dimension::Country => self.say("Страны", "Елдер", "Countries"),
            Dimension::NotFound => self.say("Не найдено", "Табылмады", "Not found"),
            other => other.name(),
        }
    }

    /// A word of a table, where it is one of ours.
    pub(super) fn word(self, dimension: Dimension, word: &str) -> String {
        match (dimension, word) {
            (Dimension::Source, "direct") => self.say("напрямую", "тікелей", "direct").to_owned(),
            (Dimension::Country | Dimension::Source, "unknown") => {
                self.say("неизвестно", "белгісіз", "unknown").to_owned()
            }
            (_, word) => word.to_owned(),
        }
    }

    /// Of how many pageviews visits and visitor-days are.
    pub(super) fn coverage(self, percent: i64) -> String {
        match self.0 {
            Language::Ru => {
                format!("Визиты и посетителе-дни: только тех, кто принял статистику, {percent}\u{a0}% просмотров.")
            }
            Language::Kk => {
                format!("Сапар мен келуші-күн: статистикаға келіскендер ғана, қаралымның {percent}\u{a0}%-ы.")
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
                "шлюз ескертусіз тоқтады: соңғы секундтар жоқ, ашық сапарлар екі рет саналды",
                "the gateway ended without a word: its last seconds are missing, and open visits count as two",
            ),
            "restart" => self.say(
                "шлюз запускали заново: открытые визиты посчитаны дважды",
                "шлюз қайта іске қосылды: ашық сапарлар екі рет саналды",
                "the gateway was started anew: open visits count as two",
            ),
            _ => self.say(
                "прочитано из журналов сервера: просмотры без визитов",
                "сервер журналынан оқылды: сапарсыз қаралымдар",
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
