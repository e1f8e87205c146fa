//! The part of the text that says who took records out.

use super::{
    super::accesses::{Accesses, Taken, Taker},
    Text, moment,
};
use crate::admin::{by_in_words, form_in_words, what_in_words};

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
            ("command_line", ..) => by_in_words(by, self.language).to_owned(),
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
        let times =
            taker.times.iter().map(|(what, times)| format!("{}: {times}", what_in_words(by, what, self.language)));
        let times: Vec<_> = times.collect();
        format!("- {who}: {}; {} – {} (UTC)", times.join(", "), moment(&taker.first), moment(&taker.last))
    }

    fn taken(&self, taken: &Taken) -> String {
        let by = by_in_words(&taken.by, self.language);
        let what = what_in_words(&taken.by, &taken.what, self.language);
        let form = form_in_words(&taken.form, self.language);
        let period = self.period(taken.from.as_deref(), taken.to.as_deref());
        let records = match taken.records {
            None => self.say(
                "номер этого лица и число его записей не хранятся; период — дни, за которые эти записи",
                "whose they were and how many is not kept; the period is the days that they are from",
            ),
            Some(records) => {
                &format!("{}: {records}", self.say("из сохранившихся записей", "of the records still there"))
            }
        };
        format!("- {}, {by}, {what} ({form}), {period}; {records}", moment(&taken.time))
    }
}
