//! The findings as a text that can be pasted into the notice, and as JSON. What only a person knows is left open in brackets.

use std::fmt::Write as _;

use serde_json::json;

use super::{Notice, findings::Count};
use crate::{pages::Controller, visitor::Language};

/// As JSON.
pub(super) fn json(notice: &Notice<'_>) -> serde_json::Result<String> {
    let controllers: Vec<_> = notice
        .controllers
        .iter()
        .map(|controller| {
            json!({ "name": controller.name, "bin": controller.bin, "iin": controller.iin,
                    "address": controller.address, "email": controller.email })
        })
        .collect();
    serde_json::to_string_pretty(&json!({
        "format": "kelisim-incident/v1",
        "controllers": controllers,
        "sites": notice.sites,
        "detected": notice.detected.map(|detected| detected.to_string()),
        "term": notice.term.to_string(),
        "due": notice.due.map(|due| due.to_string()),
        "findings": notice.findings,
    }))
}

/// As a text.
pub(super) fn plain(notice: &Notice<'_>, language: Language) -> String {
    let say = |russian, english| if language == Language::En { english } else { russian };
    let mut text = String::new();
    let mut line = |words: &str| _ = writeln!(text, "{words}");
    let found = &notice.findings;

    line(say("СВЕДЕНИЯ О НАРУШЕНИИ БЕЗОПАСНОСТИ ПЕРСОНАЛЬНЫХ ДАННЫХ", "BREACH OF PERSONAL DATA: WHAT IS KNOWN"));
    line("");
    line(say("1. Оператор", "1. Controller"));
    notice.controllers.iter().for_each(|controller| line(&contact(controller, language)));
    line(&format!("{}: {}", say("Сайты", "Sites"), notice.sites.join(", ")));
    line(say("Ответственное лицо, телефон: [впишите]", "Person responsible, telephone: [fill in]"));
    line("");
    line(say("2. Когда", "2. When"));
    line(&format!("{}: {} – {} (UTC)", say("Период", "Period"), found.from, found.to));
    match (notice.detected, notice.due) {
        (Some(detected), Some(due)) => {
            line(&format!("{}: {detected} (UTC)", say("Обнаружено", "Noticed")));
            line(&format!(
                "{} {due} ({})",
                say("Уведомить уполномоченный орган: до конца дня", "Tell the ministry: by the end of"),
                say(
                    "по времени Астаны; рабочие дни — с понедельника по пятницу, праздники не учтены",
                    "by the time of Astana; working days are Monday to Friday, holidays are not known"
                ),
            ));
        }
        _ => line(say(
            "Обнаружено: [впишите; срок считается от этого момента, укажите его в --detected]",
            "Noticed: [fill in; the term is counted from then, give it with --detected]",
        )),
    }
    line(say("Что произошло: [впишите]", "What happened: [fill in]"));
    line("");
    line(say("3. Какие данные", "3. Which data"));
    line(say(
        "Журнал согласий посетителей. Имени, ИИН, телефона и адреса электронной почты в нём нет; посетитель известен по случайному номеру согласия.",
        "The log of visitors' consents. It holds no name, IIN, telephone number or e-mail address; a visitor is known by a random consent number.",
    ));
    line(say(
        "В каждой записи: номер согласия, время, сайт и страница, что предложено и что разрешено, редакция политики, язык, семейство браузера, сигналы GPC и DNT.",
        "In each record: consent number, time, site and page, what was offered and allowed, edition of the policy, language, family of browser, the signals GPC and DNT.",
    ));
    let data: Vec<_> = found.data.iter().map(|word| data_word(word, language)).collect();
    let data =
        if data.is_empty() { say("[нет записей]", "[no records]").to_owned() } else { data.join(", ") };
    line(&format!(
        "{}: {data}",
        say("Перечень данных по уведомлению посетителей", "Data, as the notices to visitors list them")
    ));
    line("");
    line(say("4. Сколько", "4. How many"));
    let count = |Count { records, numbers }| {
        format!("{records}, {}: {numbers}", say("разных номеров согласия", "consent numbers"))
    };
    line(&format!(
        "{}: {}",
        say("Записей, которые можно было прочитать в этот период", "Records that could be read in the period"),
        count(found.readable)
    ));
    line(&format!(
        "{}: {}",
        say(
            "Кроме них — удалённых с тех пор (номера уже не известны)",
            "Besides, records deleted since, whose numbers are gone"
        ),
        found.readable_and_deleted_since
    ));
    line(&format!("{}: {}", say("Записано за период", "Written in the period"), count(found.written)));
    line("");
    line(say("5. Кто получал записи за период, по журналу", "5. Who took records out in the period, by the log"));
    if found.accesses.is_empty() {
        line(say("Никто из тех, чьё чтение журналируется.", "Nobody whose reading is logged."));
    }
    for taken in &found.accesses {
        line(&format!(
            "- {} {}, {} ({}): {} – {}, {} {}",
            taken.time,
            if taken.by == "command_line" { say("командная строка", "command line") } else { &taken.by },
            what(&taken.what, language),
            taken.form,
            taken.from,
            taken.to,
            taken.records,
            say("зап.", "records")
        ));
    }
    line(say(
        "Чтение файлов в обход программы журнал не показывает.",
        "The log does not show reading of its files past the program.",
    ));
    line("");
    line(say("6. Меры", "6. Measures"));
    line(&format!(
        "{}: {}",
        say("Удалено по требованию за период, записей", "Records erased on request in the period"),
        found.erased
    ));
    line(&format!(
        "{}: {}",
        say("Удалено по сроку хранения за период, записей", "Records deleted by retention in the period"),
        found.retired
    ));
    line(say("Принятые меры: [впишите]", "Measures taken: [fill in]"));
    line("");
    line(say("7. Состояние журнала (подписанные контрольные точки)", "7. State of the log (signed checkpoints)"));
    for (title, note) in [
        (say("До начала периода", "Before the period"), &found.checkpoint_before),
        (say("К концу периода", "At its end"), &found.checkpoint_at_end),
    ] {
        line(&format!("{title}:"));
        line(note.as_deref().map_or(say("нет", "none"), str::trim_end));
    }
    if let Some(numbers) = &found.numbers {
        line("");
        line(say("8. Номера согласия", "8. Consent numbers"));
        numbers.iter().for_each(|number| line(number));
    }
    text
}

fn what(word: &str, language: Language) -> &str {
    match word {
        "read" if language != Language::En => "показ",
        "export" if language != Language::En => "выгрузка",
        "incident" if language != Language::En => "сведения о нарушении",
        other => other,
    }
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
