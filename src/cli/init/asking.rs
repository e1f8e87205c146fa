//! Asking one question: by an option, at a terminal, or by lines of standard input.

use std::{
    io::{self, BufRead, Read as _, Write},
    path::Path,
};

use super::{InitError, answers::Answers, text};
use crate::config;

/// Longest answer, in bytes; longer ones are cut, and refused by what reads them.
const LONGEST_ANSWER: u64 = 4096;

/// Whom to ask, and how.
pub(super) struct Asking<'a> {
    pub(super) input: &'a mut dyn BufRead,
    pub(super) told: &'a mut dyn Write,
    /// Whether somebody sits there, who can answer once more.
    pub(super) is_terminal: bool,
    pub(super) takes_defaults: bool,
    /// Where the configuration will be: paths in it begin here.
    pub(super) folder: &'a Path,
}

/// A question.
pub(super) struct Question<'a> {
    /// What is asked, in a few words.
    pub(super) text: &'static str,
    /// The option that answers it.
    pub(super) option: &'static str,
    /// What the option says.
    pub(super) given: Option<&'a str>,
    /// What counts where the answer is empty.
    pub(super) default: Option<String>,
}

impl Asking<'_> {
    /// Says something between questions.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        if self.is_terminal { writeln!(self.told, "{text}") } else { Ok(()) }
    }

    /// The answer, as `read` understands it and as a configuration may say it.
    pub(super) fn ask(
        &mut self,
        question: &Question<'_>,
        answers: &mut Answers,
        mut read: impl FnMut(&str, &mut Answers) -> Result<(), String>,
    ) -> Result<(), InitError> {
        loop {
            let (answer, asked) = self.answer(question)?;
            let mut tried = answers.clone();
            match read(&answer, &mut tried).and_then(|()| self.check(&tried)) {
                Ok(()) => {
                    *answers = tried;
                    return Ok(());
                }
                Err(fault) if asked && self.is_terminal => writeln!(self.told, "  {fault}")?,
                Err(fault) => return Err(InitError::Wrong { question: question.text, fault }),
            }
        }
    }

    /// What was answered, and whether somebody was asked for it.
    fn answer(&mut self, question: &Question<'_>) -> Result<(String, bool), InitError> {
        if let Some(given) = question.given {
            return Ok((given.trim().to_owned(), false));
        }
        if let (true, Some(default)) = (self.takes_defaults, &question.default) {
            return Ok((default.clone(), false));
        }
        let unanswered = || InitError::Unanswered { question: question.text, option: question.option };
        loop {
            if self.is_terminal {
                let default = question.default.as_ref().map_or_else(String::new, |default| format!(" [{default}]"));
                write!(self.told, "  {}{default}: ", question.text)?;
                self.told.flush()?;
            }
            let mut line = String::new();
            let length = (&mut *self.input).take(LONGEST_ANSWER).read_line(&mut line)?;
            match (line.trim(), &question.default) {
                ("", Some(default)) => return Ok((default.clone(), true)),
                ("", None) if length > 0 && self.is_terminal => writeln!(self.told, "  this has no default")?,
                ("", None) => return Err(unanswered()),
                (answer, _) => return Ok((answer.to_owned(), true)),
            }
        }
    }

    /// Whether the configuration that these answers make has no fault, so far.
    fn check(&self, answers: &Answers) -> Result<(), String> {
        match config::load_text(&text::configuration(answers), self.folder, "kelisim.toml") {
            Ok(_) => Ok(()),
            Err(faults) => {
                let said: Vec<_> = faults.iter().map(|fault| format!("{}; {}", fault.what, fault.remedy)).collect();
                Err(said.join("\n  "))
            }
        }
    }
}
