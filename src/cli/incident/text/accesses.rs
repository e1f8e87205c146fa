//! The part of the text that says who took records out.

use super::{
    super::accesses::{Accesses, Taken, Taker},
    Text, moment,
};

impl Text {
    pub(super) fn accesses(&mut self, accesses: &Accesses) {
        self.title("5. Кто получал записи за период, по журналу", "5. Who took records out in the period, by the log");
        if accesses.by.is_empty() {
            self.line("Никто из тех, чьё чтение вносится в журнал.", "Nobody whose reading is noted in the log.");
        }
        for (by, taker) in &accesses.by {
            let line = self.taker(by, taker);
            self.plain(&line);
        }
        if !accesses.listed.is_empty() {
            self.line("По отдельности, сначала последние:", "One by one, the last first:");
        }
        for taken in &accesses.listed {
            let line = self.taken(taken);
            self.plain(&line);
        }
        if accesses.not_listed > 0 {
            let count = accesses.not_listed.to_string();
            self.fact(
                "Более ранние обращения, которые учтены выше и здесь не перечислены",
                "Earlier ones that are counted above and not listed here",
                &count,
            );
        }
        self.line(
            "Чтение файлов журнала в обход программы здесь не видно.",
            "Reading of the log's files past the program does not show here.",
        );
    }

    fn taker(&self, by: &str, taker: &Taker) -> String {
        let who = match (by, &taker.name, &taker.role) {
            ("command_line", ..) => self.say("командная строка сервера", "the server's command line").to_owned(),
            (number, Some(name), Some(role)) => {
                let role = match *role {
                    "auditor" => self.say("аудитор", "auditor"),
                    "operator" => self.say("оператор", "operator"),
                    other => other,
                };
                format!("{} {number} ({name}, {role})", self.say("учётная запись", "account"))
            }
            (number, ..) => format!(
                "{} {number} ({})",
                self.say("учётная запись", "account"),
                self.say("её уже нет", "it exists no more")
            ),
        };
        let times: Vec<_> = taker.times.iter().map(|(what, times)| format!("{}: {times}", self.what(what))).collect();
        format!("- {who}: {}; {} – {} (UTC)", times.join(", "), moment(&taker.first), moment(&taker.last))
    }

    fn taken(&self, taken: &Taken) -> String {
        let by = if taken.by == "command_line" {
            self.say("командная строка", "command line")
        } else {
            &taken.by
        };
        let end = |time: &Option<String>, open: &str| time.as_deref().map_or_else(|| open.to_owned(), moment);
        format!(
            "- {}, {by}, {} ({}), {}: {} – {}, {}: {}",
            moment(&taken.time),
            self.what(&taken.what),
            if taken.form == "page" { self.say("на экран", "on the screen") } else { &taken.form },
            self.say("за период", "of the period"),
            end(&taken.from, self.say("с начала", "the beginning")),
            end(&taken.to, self.say("до конца", "the end")),
            self.say("из сохранившихся записей", "of the records still there"),
            taken.records,
        )
    }

    fn what<'a>(&self, word: &'a str) -> &'a str {
        match word {
            "read" => self.say("показ", "shown"),
            "export" => self.say("выгрузка", "export"),
            "incident" => self.say("сведения о нарушении", "notice of a breach"),
            other => other,
        }
    }
}
