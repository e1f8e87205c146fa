//! How a taking of records is called, wherever people read of it: on a page, in the notice of a breach, after an erasure.

use super::AccessSeen;
use crate::{
    ledger::{AccessKind, Accessor},
    visitor::Language,
};

impl AccessSeen {
    /// Whether the records of one person were shown. Whose is not in the log, and its period is the days that they are from, so that
    /// nothing may be counted by it.
    pub fn is_of_one_person(&self) -> bool {
        is_of_one_person(&self.by, &self.what)
    }
}

/// The same by the words of the leaf: nothing but `kelisim log show` shows records on the command line.
pub fn is_of_one_person(by: &str, what: &str) -> bool {
    by == Accessor::CommandLine.to_string() && what == AccessKind::Read.name()
}

/// Who it was; an account by its number.
pub fn by_in_words(by: &str, language: Language) -> &str {
    if by == Accessor::CommandLine.to_string() {
        say(language, "командная строка", "command line")
    } else {
        by
    }
}

/// What was done.
pub fn what_in_words<'a>(by: &str, what: &'a str, language: Language) -> &'a str {
    match AccessKind::ALL.into_iter().find(|kind| kind.name() == what) {
        Some(AccessKind::Read) if is_of_one_person(by, what) => {
            say(language, "показ записей одного лица", "records of one person shown")
        }
        Some(AccessKind::Read) => say(language, "показ", "shown"),
        Some(AccessKind::Export) => say(language, "выгрузка", "export"),
        Some(AccessKind::Incident) => say(
            language,
            "номера согласия для сведений о нарушении",
            "consent numbers listed for the notice of a breach",
        ),
        None => what,
    }
}

/// In which form.
pub fn form_in_words(form: &str, language: Language) -> &str {
    match form {
        "page" => say(language, "на экране", "on the screen"),
        "backup" => say(language, "резервная копия", "backup"),
        form => form,
    }
}

fn say(language: Language, russian: &'static str, english: &'static str) -> &'static str {
    if language == Language::En { english } else { russian }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_command_line_shows_is_one_persons_and_what_an_account_is_shown_is_not() {
        let en = |by, what| what_in_words(by, what, Language::En);
        assert_eq!(en("command_line", "read"), "records of one person shown");
        assert_eq!(en("010203ff", "read"), "shown");
        assert_eq!(en("command_line", "export"), "export");
        assert_eq!(by_in_words("command_line", Language::Ru), "командная строка");
        assert_eq!(by_in_words("010203ff", Language::Ru), "010203ff");
        let forms = ["page", "csv", "backup"].map(|form| form_in_words(form, Language::Ru));
        assert_eq!(forms, ["на экране", "csv", "резервная копия"]);
    }
}
