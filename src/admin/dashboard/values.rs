//! The words of rows as people read them: countries and languages by their names, fixed words translated, all else as it is.

use std::borrow::Cow;

use super::number::say;
use crate::{
    statistics::{Channel, Device, Dimension, RobotReason},
    visitor::Language,
};

/// Names by the code of ISO 3166-1, one country a line: the code, then Russian, Kazakh and English.
const COUNTRIES: &str = include_str!("countries.txt");

/// The word that statistics use for what is not known.
const UNKNOWN: &str = "unknown";

/// What common languages call themselves.
const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "العربية"),
    ("az", "Azərbaycanca"),
    ("be", "Беларуская"),
    ("bg", "Български"),
    ("cs", "Čeština"),
    ("da", "Dansk"),
    ("de", "Deutsch"),
    ("el", "Ελληνικά"),
    ("en", "English"),
    ("es", "Español"),
    ("et", "Eesti"),
    ("fa", "فارسی"),
    ("fi", "Suomi"),
    ("fr", "Français"),
    ("he", "עברית"),
    ("hi", "हिन्दी"),
    ("hu", "Magyar"),
    ("hy", "Հայերեն"),
    ("id", "Indonesia"),
    ("it", "Italiano"),
    ("ja", "日本語"),
    ("ka", "ქართული"),
    ("kk", "Қазақша"),
    ("ko", "한국어"),
    ("ky", "Кыргызча"),
    ("lt", "Lietuvių"),
    ("lv", "Latviešu"),
    ("mn", "Монгол"),
    ("nb", "Norsk bokmål"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("pt", "Português"),
    ("ro", "Română"),
    ("ru", "Русский"),
    ("sk", "Slovenčina"),
    ("sr", "Српски"),
    ("sv", "Svenska"),
    ("tg", "Тоҷикӣ"),
    ("th", "ไทย"),
    ("tk", "Türkmen dili"),
    ("tr", "Türkçe"),
    ("tt", "Татарча"),
    ("ug", "ئۇيغۇرچە"),
    ("uk", "Українська"),
    ("uz", "Oʻzbekcha"),
    ("vi", "Tiếng Việt"),
    ("zh", "中文"),
];

/// A row's word in the language of the page.
pub(in crate::admin) fn shown(language: Language, dimension: Dimension, word: &str) -> Cow<'_, str> {
    let fixed = match (dimension, word) {
        (Dimension::Channel, word) => channel(language, word),
        (Dimension::Device, word) => device(language, word),
        (Dimension::RobotReason, word) => reason(language, word),
        (Dimension::Country, code) => country(language, code),
        (Dimension::Language, tag) => LANGUAGES.iter().find(|(known, _)| *known == tag).map(|(_, name)| *name),
        (Dimension::Source, "direct") => Some(say(language, ["напрямую", "тікелей", "direct"])),
        (Dimension::Browser, "in an app") => Some(say(language, ["внутри приложения", "қолданба ішінде", "in an app"])),
        (Dimension::Robot, UNKNOWN) => Some(say(language, ["без имени", "аты жоқ", "no name"])),
        _ => None,
    };
    let unknown = (word == UNKNOWN).then(|| match dimension {
        Dimension::Source | Dimension::Channel => {
            say(language, ["визит начат на сайте", "келу сайтта басталған", "begun within the site"])
        }
        _ => say(language, ["неизвестно", "белгісіз", "unknown"]),
    });
    let is_word = !matches!(
        dimension,
        Dimension::Page
            | Dimension::Entry
            | Dimension::Exit
            | Dimension::Campaign
            | Dimension::NotFound
            | Dimension::Download
            | Dimension::SlowPage
    );
    fixed.or(unknown.filter(|_| is_word)).map_or(Cow::Borrowed(word), Cow::Borrowed)
}

/// A country's name, in one of three languages.
pub(super) fn country(language: Language, code: &str) -> Option<&'static str> {
    let line = COUNTRIES.lines().find(|line| line.split('|').next() == Some(code))?;
    let place = match language {
        Language::Ru => 1,
        Language::Kk => 2,
        Language::En => 3,
    };
    line.split('|').nth(place)
}

fn channel(language: Language, word: &str) -> Option<&'static str> {
    let channel = Channel::ALL.into_iter().find(|channel| channel.name() == word)?;
    Some(say(
        language,
        match channel {
            Channel::Direct => ["напрямую", "тікелей", "direct"],
            Channel::Search => ["поиск", "іздеу", "search"],
            Channel::Advertising => ["реклама", "жарнама", "advertising"],
            Channel::Social => ["социальные сети", "әлеуметтік желілер", "social networks"],
            Channel::Video => ["видео", "бейне", "video"],
            Channel::Messenger => ["мессенджеры", "мессенджерлер", "messengers"],
            Channel::Assistant => ["ИИ-помощники", "ЖИ көмекшілері", "AI assistants"],
            Channel::Directory => ["карты и справочники", "карталар мен анықтамалықтар", "maps and directories"],
            Channel::Mail => ["почта", "пошта", "mail"],
            Channel::Referral => ["другие сайты", "басқа сайттар", "other sites"],
        },
    ))
}

fn device(language: Language, word: &str) -> Option<&'static str> {
    let all = [Device::Desktop, Device::Phone, Device::Tablet, Device::Other];
    let device = all.into_iter().find(|device| device.name() == word)?;
    Some(say(
        language,
        match device {
            Device::Desktop => ["компьютер", "компьютер", "desktop"],
            Device::Phone => ["телефон", "телефон", "phone"],
            Device::Tablet => ["планшет", "планшет", "tablet"],
            Device::Other => ["другое", "басқа", "other"],
        },
    ))
}

fn reason(language: Language, word: &str) -> Option<&'static str> {
    let reason = RobotReason::ALL.into_iter().find(|reason| reason.name() == word)?;
    Some(say(
        language,
        match reason {
            RobotReason::NoAgent => ["не называет программу", "бағдарламасын атамайды", "names no program"],
            RobotReason::NoLanguage => ["не называет язык", "тілін атамайды", "names no language"],
            RobotReason::Contradiction => {
                ["выдаёт себя за браузер", "өзін браузер етіп көрсетеді", "only pretends to be a browser"]
            }
            RobotReason::SaysSo => ["называет себя роботом", "өзін робот деп атайды", "says that it is a robot"],
            RobotReason::Program => {
                ["программа для загрузки страниц", "бет жүктейтін бағдарлама", "a program that fetches pages"]
            }
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_names_where_there_are_any() {
        let check = |dimension, word: &str, expected: [&str; 3]| {
            let said = [Language::Ru, Language::Kk, Language::En].map(|language| shown(language, dimension, word));
            assert_eq!(said.each_ref().map(|said| &**said), expected, "{word}");
        };
        check(Dimension::Country, "KZ", ["Казахстан", "Қазақстан", "Kazakhstan"]);
        check(Dimension::Country, "QQ", ["QQ"; 3]);
        check(Dimension::Country, "unknown", ["неизвестно", "белгісіз", "unknown"]);
        check(Dimension::Language, "kk", ["Қазақша"; 3]);
        check(Dimension::Language, "fil", ["fil"; 3]);
        check(Dimension::Channel, "search", ["поиск", "іздеу", "search"]);
        check(
            Dimension::Channel,
            "unknown",
            ["визит начат на сайте", "келу сайтта басталған", "begun within the site"],
        );
        check(Dimension::Page, "unknown", ["unknown"; 3]);
        check(Dimension::Page, "search", ["search"; 3]);
        check(Dimension::Device, "phone", ["телефон", "телефон", "phone"]);
        check(
            Dimension::RobotReason,
            "no_agent",
            ["не называет программу", "бағдарламасын атамайды", "names no program"],
        );
    }

    #[test]
    fn every_country_has_three_names() {
        let mut codes: Vec<_> = Vec::new();
        for line in COUNTRIES.lines() {
            let parts: Vec<_> = line.split('|').collect();
            assert!(parts.len() == 4 && parts.iter().all(|part| !part.trim().is_empty()), "{line}");
            assert!(parts[0].len() == 2 && parts[0].bytes().all(|letter| letter.is_ascii_uppercase()), "{line}");
            codes.push(parts[0]);
        }
        assert!(codes.is_sorted_by(|one, next| one < next) && codes.len() >= 249, "{}", codes.len());
    }
}
