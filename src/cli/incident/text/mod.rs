//! The findings as a text that can be pasted into the notice. What only a person knows is left open in brackets.
//!
//! Moments are in UTC, as they are in the log.

mod accesses;

use std::fmt::Write as _;

use super::{
    Notice,
    findings::{Count, Findings},
};
use crate::{pages::Controller, timestamp::Timestamp, visitor::Language};

/// As a text.
pub(super) fn plain(notice: &Notice<'_>, language: Language) -> String {
    let mut text = Text { language, written: String::new() };
    text.line("СВЕДЕНИЯ О НАРУШЕНИИ БЕЗОПАСНОСТИ ПЕРСОНАЛЬНЫХ ДАННЫХ", "BREACH OF PERSONAL DATA: WHAT IS KNOWN");
    text.line(
        "Составлено по журналу согласий. Заполните места в квадратных скобках.",
        "Made from the log of consents. Fill in what stands in brackets.",
    );
    text.controller(notice);
    text.when(notice);
    text.data(notice);
    text.numbers(&notice.findings);
    text.accesses(&notice.findings.accesses);
    text.measures(&notice.findings);
    text.checkpoints(&notice.findings);
    if let Some(numbers) = &notice.findings.numbers {
        text.title("8. Номера согласия", "8. Consent numbers");
        numbers.iter().for_each(|number| text.plain(number));
    }
    text.written
}

/// The text as far as it is written.
struct Text {
    language: Language,
    written: String,
}

impl Text {
    fn say<'a>(&self, russian: &'a str, english: &'a str) -> &'a str {
        if self.language == Language::En { english } else { russian }
    }

    fn plain(&mut self, words: &str) {
        _ = writeln!(self.written, "{words}");
    }

    fn line(&mut self, russian: &str, english: &str) {
        self.plain(self.say(russian, english).to_owned().as_str());
    }

    fn title(&mut self, russian: &str, english: &str) {
        self.plain("");
        self.line(russian, english);
    }

    /// What is asked, a colon, and the answer.
    fn fact(&mut self, russian: &str, english: &str, answer: &str) {
        let asked = self.say(russian, english).to_owned();
        self.plain(&format!("{asked}: {answer}"));
    }

    /// A period in words: days where it is made of whole ones, as it was asked for, with the last one.
    fn period(&self, from: Option<&str>, to: Option<&str>) -> String {
        let from = from.map_or_else(
            || self.say("с начала журнала", "from the beginning of the log").to_owned(),
            |from| format!("{} {}", self.say("с", "from"), day(from).map_or_else(|| moment(from), |day| day.date())),
        );
        let to = match to.map(|to| (to, day(to))) {
            None => self.say("до конца", "to the end").to_owned(),
            Some((_, Some(day))) => {
                let last = Timestamp::from_milliseconds(day.milliseconds() - 1).date();
                format!("{} {last} {}", self.say("по", "to"), self.say("включительно", "inclusive"))
            }
            Some((to, None)) => format!("{} {}", self.say("до", "until"), moment(to)),
        };
        format!("{from} {to}")
    }

    fn open(&mut self, russian: &str, english: &str) {
        let answer = self.say("[впишите]", "[fill in]").to_owned();
        self.fact(russian, english, &answer);
    }

    fn controller(&mut self, notice: &Notice<'_>) {
        self.title("1. Оператор", "1. Controller");
        notice.controllers.iter().for_each(|controller| self.plain(&contact(controller, self.language)));
        self.fact("Сайты", "Sites", &notice.sites.join(", "));
        self.open(
            "Лицо, ответственное за организацию обработки персональных данных (имя, должность, телефон, эл. почта)",
            "Person responsible for the processing of personal data (name, position, telephone, e-mail)",
        );
    }

    fn when(&mut self, notice: &Notice<'_>) {
        let found = &notice.findings;
        self.title("2. Когда", "2. When");
        let zone = self.say("UTC; время Астаны на 5 часов больше", "UTC; Astana is 5 hours ahead").to_owned();
        let period = format!("{} ({zone})", self.period(Some(&found.from), Some(&found.to)));
        self.fact("Период нарушения", "Period of the breach", &period);
        match (notice.detected, notice.due) {
            (Some(detected), Some(due)) => {
                self.fact("Обнаружено", "Noticed", &format!("{} (UTC)", moment(&detected.to_string())));
                let counted = self.say(
                    "по времени Астаны; рабочие дни — с понедельника по пятницу, праздники не учтены",
                    "by the time of Astana; working days are Monday to Friday, holidays are not known",
                );
                let due = format!("{due} ({counted})");
                self.fact(
                    "Уведомить уполномоченный орган не позднее конца дня",
                    "Tell the ministry by the end of this day",
                    &due,
                );
            }
            _ => self.line(
                "Обнаружено: [впишите; срок уведомления считается от этого момента, укажите его в --detected]",
                "Noticed: [fill in; the term for the notice is counted from then, give it with --detected]",
            ),
        }
        self.open(
            "Что произошло и как это обнаружено (утечка, изменение, уничтожение; кто получил доступ)",
            "What happened and how it was noticed (disclosure, change, destruction; who had access)",
        );
    }

    fn data(&mut self, notice: &Notice<'_>) {
        self.title("3. Какие данные", "3. Which data");
        self.line(
            "Журнал согласий посетителей сайтов. Имя, ИИН, телефон и адрес электронной почты не спрашиваются, IP-адреса в нём нет; посетитель обозначен случайным номером согласия, который хранится в его браузере. Адрес страницы записан без длинных номеров и адресов почты, но слова в нём остаются, и среди них может быть имя.",
            "The log of consents of the sites' visitors. Name, IIN, telephone number and e-mail address are not asked for, and it holds no IP address; a visitor is known by a random consent number that the browser keeps. The address of a page is kept without long numbers and e-mail addresses, but its words stay, and a name may be among them.",
        );
        self.line(
            "В каждой записи: номер согласия, дата и время, сайт и страница, что предложено и что разрешено, каким способом и на какой срок, редакция политики и показанный текст, язык, семейство браузера, сигналы GPC и DNT; при разовом открытии стороннего содержимого — его узел.",
            "In each record: consent number, date and time, site and page, what was offered and allowed, by which means and for how long, edition of the policy and the text shown, language, family of browser, the signals GPC and DNT; for a frame that was opened once, its host.",
        );
        let data: Vec<_> = notice.findings.data.iter().map(|word| data_word(word, self.language)).collect();
        let data = if data.is_empty() {
            self.say("[нет записей]", "[no records]").to_owned()
        } else {
            data.join(", ")
        };
        self.fact(
            "О каких данных уведомлены посетители (что собирают сами сайты; в журнале — только перечисленное выше)",
            "What visitors were told is collected (by the sites themselves; the log holds only what stands above)",
            &data,
        );
        let files = format!(
            "{} {}. {}",
            self.say(
                "Если прочитаны и другие файлы каталога состояния: в них ключи подписи, имена и хеши паролей учётных записей. Учётных записей:",
                "If other files of the state directory were read too: they hold the signing keys, and names and password hashes of accounts. Accounts:",
            ),
            notice.accounts,
            self.say("[оставьте, если это так]", "[keep this if it is so]"),
        );
        self.plain(&files);
    }

    fn numbers(&mut self, found: &Findings) {
        self.title("4. Сколько записей и лиц", "4. How many records and persons");
        self.count(
            "Можно было прочитать в этот период, записей",
            "Records that could be read in the period",
            found.readable,
        );
        if let Some(range) = &found.readable_range {
            let times = format!("{} – {} (UTC)", moment(&range.first_time), moment(&range.last_time));
            self.fact("Время этих записей", "Times of these records", &times);
            self.fact(
                "Номера листьев в журнале",
                "Numbers of their leaves in the log",
                &format!("{} – {}", range.first_leaf, range.last_leaf),
            );
        }
        for (site, records) in &found.readable_by_site {
            self.fact("- сайт", "- site", &format!("{site}, {records}"));
        }
        self.line(
            "Номер согласия принадлежит одному браузеру, поэтому число затронутых лиц известно лишь приблизительно: у одного человека номеров может быть несколько.",
            "A consent number belongs to one browser, so the number of persons is known only approximately: one person may have several.",
        );
        self.count("Из них записано за сам период, записей", "Of these, written in the period itself", found.written);
        self.fact(
            "Кроме них, записей, удалённых с тех пор (номера согласия в них уже не известны)",
            "Besides, records deleted since, whose consent numbers are gone",
            &found.readable_and_deleted_since.to_string(),
        );
        self.open(
            "Имена, ИИН и телефоны для оповещения субъектов (журнал их не спрашивает; приложите, если они известны вам иначе)",
            "Names, IINs and telephone numbers for telling the persons (the log has none; add them if you know them otherwise)",
        );
    }

    fn count(&mut self, russian: &str, english: &str, Count { records, numbers }: Count) {
        let of = self.say("разных номеров согласия", "consent numbers").to_owned();
        self.fact(russian, english, &format!("{records}; {of}: {numbers}"));
    }

    fn measures(&mut self, found: &Findings) {
        self.title("6. Меры", "6. Measures");
        let (erased, retired) = (found.erased.to_string(), found.retired.to_string());
        self.fact("Удалено по требованию за период, записей", "Records erased on request in the period", &erased);
        self.fact(
            "Удалено по сроку хранения за период, записей",
            "Records deleted by retention in the period",
            &retired,
        );
        self.open("Принятые меры", "Measures taken");
    }

    fn checkpoints(&mut self, found: &Findings) {
        self.title("7. Состояние журнала (подписанные контрольные точки)", "7. State of the log (signed checkpoints)");
        for (russian, english, note) in [
            ("До начала периода", "Before the period", &found.checkpoint_before),
            ("К концу периода", "At its end", &found.checkpoint_at_end),
        ] {
            let none = self.say("нет", "none").to_owned();
            let title = format!("{}:", self.say(russian, english));
            self.plain(&title);
            self.plain(note.as_deref().map_or(&none, str::trim_end));
        }
    }
}

/// A moment to the second, for people.
fn moment(time: &str) -> String {
    format!("{} {}", time.get(..10).unwrap_or(time), time.get(11..19).unwrap_or_default())
}

/// The first moment of a day; `None` where it is another one.
fn day(time: &str) -> Option<Timestamp> {
    Timestamp::parse(time).filter(|time| Timestamp::parse(&time.date()) == Some(*time))
}

fn contact(controller: &Controller, language: Language) -> String {
    let number = |name: &str, number: &Option<String>| {
        number.as_ref().map(|number| format!(", {name} {number}")).unwrap_or_default()
    };
    let (bin, iin) = if language == Language::En { ("BIN", "IIN") } else { ("БИН", "ИИН") };
    let numbers = number(bin, &controller.bin) + &number(iin, &controller.iin);
    format!("{}{numbers}, {}, {}", controller.name, controller.address, controller.email)
}

/// The words that Kelisim's own notices translate too; others are as the operator wrote them.
fn data_word(word: &str, language: Language) -> String {
    let russian = match word {
        "cookies" => "файлы cookie",
        "truncated address" => "усечённый IP-адрес",
        "browser and device family" => "тип браузера и устройства",
        "time" => "дата и время",
        "page" => "адрес страницы",
        other => other,
    };
    if language == Language::En { word } else { russian }.to_owned()
}
