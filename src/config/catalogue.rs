//! The cookies known without a word from the operator, and the operator's own catalogue.

use super::{
    context::Context,
    fault::{Document, Fault},
    file::Table,
};
use crate::cookies::{CATALOGUE, CatalogueFault, Rule, parse_catalogue};

/// The built-in rules, and those of `cookie_catalogue`.
pub(super) fn read(context: &Context, top: &mut Table<'_>) -> Vec<Rule> {
    let mut rules = base_rules();
    let Some(path) = top.text("cookie_catalogue") else { return rules };
    let file = context.resolve(path.get_ref());
    let Some(bytes) = context.read(path.span(), &file, "cookie catalogue") else { return rules };
    let name = file.display().to_string();
    let Ok(text) = String::from_utf8(bytes) else {
        context.add(Fault::about_file(&name, "not UTF-8", "save the catalogue in UTF-8"));
        return rules;
    };
    match parse_catalogue(&text) {
        Ok(own) => rules.extend(own),
        Err(faults) => {
            let document = Document { name, text };
            for CatalogueFault { line, message } in faults {
                let remedy = "write it as the built-in catalogue is written";
                context.add(Fault::at_line(&document, line, message, remedy.to_owned()));
            }
        }
    }
    rules
}

/// The built-in rules.
fn base_rules() -> Vec<Rule> {
    parse_catalogue(CATALOGUE).expect("a test reads the built-in catalogue")
}
