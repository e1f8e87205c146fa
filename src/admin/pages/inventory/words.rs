//! The words of the inventory's page.

use super::Treatment;
use crate::{
    admin::pages::{Words, of_number},
    inventory::{Attributes, Item, Lifetime, LifetimeUnit, LineKind, LoadKind, Reason, Seen, StorageKind, Topic, What},
};

pub(super) fn kind(words: Words, item: &Item) -> &'static str {
    match item.what {
        What::Cookie(_) => "cookie",
        What::Host(_) => words.of_all("узел", "түйін", "host"),
        What::Key(StorageKind::Local) => "localStorage",
        What::Key(StorageKind::Session) => "sessionStorage",
        What::Key(StorageKind::Database) => "IndexedDB",
        What::Key(StorageKind::Cache) => "CacheStorage",
    }
}

pub(super) fn listed(words: Words) -> &'static str {
    words.of_all("в настройках", "баптауларда", "in the configuration")
}

pub(super) fn by_us(words: Words) -> &'static str {
    words.of_all("в каталоге", "каталогта", "in the catalogue")
}

/// Who sets it, or what it is wanted for.
pub(super) fn facts(words: Words, item: &Item) -> String {
    match &item.what {
        What::Cookie(Some(attributes)) => {
            let said = attributes_in_words(words, attributes).join(", ");
            format!("{}: {said}", words.of_all("ставит сайт", "сайт қояды", "set by the site"))
        }
        What::Cookie(None) => words
            .of_all(
                "сайт не ставит, приходит из браузеров",
                "сайт қоймайды, браузерлерден келеді",
                "never set by the site, comes from browsers",
            )
            .to_owned(),
        What::Host(entry) => {
            let kinds: Vec<_> = entry.kinds.iter().map(|kind| load_kind(words, *kind)).collect();
            let example = words.of_all("например, на", "мысалы, мына бетте:", "for example on");
            format!("{}; {example} {}", kinds.join(", "), entry.page.as_str())
        }
        What::Key(_) => words
            .of_all("скрипт хранит в браузере", "скрипт браузерде сақтайды", "kept in the browser by a script")
            .to_owned(),
    }
}

fn attributes_in_words(words: Words, attributes: &Attributes) -> Vec<String> {
    let mut said = Vec::new();
    let flags = [
        (attributes.http_only, "HttpOnly"),
        (attributes.secure, "Secure"),
        (attributes.partitioned, "Partitioned"),
        (attributes.same_site_none, "SameSite=None"),
    ];
    said.extend(flags.into_iter().filter(|(is_said, _)| *is_said).map(|(_, flag)| flag.to_owned()));
    said.extend(
        attributes
            .session
            .then(|| words.of_all("до закрытия браузера", "браузер жабылғанша", "until the browser closes").to_owned()),
    );
    said.extend(attributes.persistent.map(|lifetime| self::lifetime(words, lifetime)));
    said
}

fn lifetime(words: Words, lifetime: Lifetime) -> String {
    let (count, unit) = lifetime.counted();
    let (russian, kazakh) = match unit {
        LifetimeUnit::Hours => (["час", "часа", "часов"], "сағатқа"),
        LifetimeUnit::Days => (["день", "дня", "дней"], "күнге"),
        LifetimeUnit::Years => (["год", "года", "лет"], "жылға"),
    };
    let russian = format!("срок: {count} {}", of_number(count, russian));
    let kazakh = format!("{count} {kazakh} дейін");
    words.of_all(&russian, &kazakh, &format!("up to {lifetime}")).to_owned()
}

fn load_kind(words: Words, kind: LoadKind) -> &'static str {
    match kind {
        LoadKind::Script => words.of_all("скрипты", "скрипттер", "scripts"),
        LoadKind::Style => words.of_all("стили", "стильдер", "styles"),
        LoadKind::Image => words.of_all("изображения", "суреттер", "images"),
        LoadKind::Font => words.of_all("шрифты", "қаріптер", "fonts"),
        LoadKind::Media => words.of_all("аудио и видео", "аудио және видео", "media"),
        LoadKind::Connection => words.of_all("соединения", "қосылымдар", "connections"),
        LoadKind::Frame => words.of_all("фреймы", "фреймдер", "frames"),
        LoadKind::Other => words.of_all("другое", "басқа", "other"),
    }
}

/// When, by the hour.
pub(super) fn seen(words: Words, seen: Seen) -> String {
    let (first, last) = (seen.first, seen.last);
    let when = if first == last { first.to_string() } else { format!("{first} – {last}") };
    match words.of_all("ru", "kk", "en") {
        "ru" => format!("{when} UTC, часов: {}", seen.hours),
        "kk" => format!("{when} UTC, сағат саны: {}", seen.hours),
        _ => format!("{when} UTC, hours: {}", seen.hours),
    }
}

/// What is done with it now.
pub(super) fn treatment(words: Words, treatment: Treatment, kind: LineKind) -> &'static str {
    let of_host = kind == LineKind::Host;
    match treatment {
        Treatment::Passes if of_host => words.of_all("загружается", "жүктеледі", "loads"),
        Treatment::Passes => words.of_all("проходит", "өтеді", "passes"),
        Treatment::WithConsent => words.of_all("после согласия", "келісімнен кейін", "after consent"),
        Treatment::NotOffered => words.of_all(
            "никогда: эта категория не предлагается",
            "ешқашан: бұл санат ұсынылмайды",
            "never: this category is not offered",
        ),
        Treatment::HidesAddress => {
            words.of_all("никогда: нет sees_address", "ешқашан: sees_address жоқ", "never: without sees_address")
        }
        Treatment::Refused if of_host => words.of_all("не загружается", "жүктелмейді", "is blocked"),
        Treatment::Refused => words.of_all("не проходит", "өтпейді", "is refused"),
        Treatment::Stays => words.of_all("остаётся", "қалады", "stays"),
    }
}

/// Why a category is proposed, or why none is.
pub(super) fn reason(words: Words, reason: &Reason) -> String {
    let said = match reason {
        Reason::Catalogue { owner, is_of_key } => {
            let russian = if *is_of_key {
                "каталог знает cookie с таким именем"
            } else {
                "каталог знает такой cookie"
            };
            let kazakh = if *is_of_key {
                "каталог осы атаулы cookie-ді біледі"
            } else {
                "каталог мұндай cookie-ді біледі"
            };
            let whose = if owner.is_empty() { String::new() } else { format!(" ({owner})") };
            let english = reason.to_string();
            return words.of_all(&format!("{russian}{whose}"), &format!("{kazakh}{whose}"), &english).to_owned();
        }
        Reason::Word { word, topic } => {
            let (russian, kazakh) = match topic {
                Topic::Advertising => ("рекламе", "жарнама"),
                Topic::Measuring => ("подсчёте посещений", "қаралымды санау"),
                Topic::Forms => ("защите форм", "формаларды қорғау"),
                Topic::Setting => ("запоминании настройки", "баптауды есте сақтау"),
            };
            let russian = format!("«{word}» в имени говорит о {russian}; подтвердите");
            let kazakh = format!("атаудағы «{word}» сөзі: {kazakh}; растаңыз");
            return words.of_all(&russian, &kazakh, &reason.to_string()).to_owned();
        }
        Reason::KnownHost { purpose } => {
            let russian = format!("есть в списке известных узлов: {purpose}");
            let kazakh = format!("белгілі түйіндер тізімінде бар: {purpose}");
            return words.of_all(&russian, &kazakh, &reason.to_string()).to_owned();
        }
        Reason::KeptForSession => (
            "сайт ставит его сам, скрывает от скриптов и удаляет с закрытием браузера, как вход или корзину: вероятно, необходим; подтвердите",
            "сайт оны өзі қояды, скрипттерден жасырады және браузер жабылғанда жояды, кіру немесе себет сияқты: қажетті болуы ықтимал; растаңыз",
        ),
        Reason::KeptForLonger => (
            "сайт ставит его сам и скрывает от скриптов дольше сеанса: запомненный вход — функциональный, номер для узнавания посетителя — аналитический",
            "сайт оны өзі қояды және сеанстан ұзақ скрипттерден жасырады: есте сақталған кіру — функционалдық, қонақты тану нөмірі — аналитикалық",
        ),
        Reason::ReadByScripts => (
            "сайт ставит его сам, и скрипты могут его читать: спросите разработчика сайта, для чего он",
            "сайт оны өзі қояды, скрипттер оқи алады: не үшін керегін сайт әзірлеушісінен сұраңыз",
        ),
        Reason::NeverSet => (
            "сайт его не ставит: его ставит скрипт или выдумал посетитель; найдите скрипт и возьмите категорию того, чему он служит",
            "сайт оны қоймайды: скрипт қояды немесе қонақ ойдан шығарған; скриптті тауып, ол неге қызмет етсе, соның санатын алыңыз",
        ),
        Reason::KeptByScript => (
            "скрипт хранит его в браузере: найдите скрипт и возьмите категорию того, чему он служит",
            "скрипт оны браузерде сақтайды: скриптті тауып, ол неге қызмет етсе, соның санатын алыңыз",
        ),
        Reason::UnknownHost => (
            "этот узел никому не известен: узнайте, чей он и зачем нужен страницам",
            "бұл түйін ешкімге белгісіз: оның кімдікі екенін және беттерге не үшін керегін біліңіз",
        ),
    };
    words.of_all(said.0, said.1, &reason.to_string()).to_owned()
}
