//! What operators choose on the inventory's page, until `kelisim check --apply` puts it into the configuration.

use std::path::Path;

use crate::{
    inventory::{Full, Line, WaitingFault, WaitingLines},
    store::{StoreError, change_kept_text, read_kept_text},
};

/// The file of the state directory that holds the lines that wait.
const FILE: &str = "proposed.toml";

/// Why lines can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum WaitingError {
    /// The file can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file holds something else.
    #[error("{FILE} in the state directory: {0}; mend it, or remove it and choose again")]
    Fault(#[from] WaitingFault),
    /// As many lines wait as may.
    #[error("as many lines wait as may: apply them first")]
    Full,
}

/// The lines that wait. Waits for the disk.
///
/// # Errors
///
/// When the file can't be read, or holds something else.
pub fn waiting_lines(state_dir: &Path) -> Result<WaitingLines, WaitingError> {
    Ok(WaitingLines::read(&read_kept_text(state_dir, FILE)?)?)
}

/// Takes away the lines that were applied. One that was chosen otherwise meanwhile stays. Waits for the disk.
///
/// # Errors
///
/// When the file can't be changed.
pub fn forget_lines(state_dir: &Path, applied: &WaitingLines) -> Result<(), WaitingError> {
    change(state_dir, |waiting| {
        for (site, lines) in applied.sites() {
            for line in lines {
                if waiting.about(site, line) == Some(line) {
                    waiting.withdraw(site, line);
                }
            }
        }
        Ok(())
    })
}

/// Adds a line, in place of an earlier one about the same name. Waits for the disk.
pub(super) fn choose_line(state_dir: &Path, site: &str, line: Line) -> Result<(), WaitingError> {
    change(state_dir, |lines| lines.put(site, line).map_err(|Full| WaitingError::Full))
}

/// Takes the line about a name back, if there is one. Waits for the disk.
pub(super) fn take_line_back(state_dir: &Path, site: &str, line: &Line) -> Result<(), WaitingError> {
    change(state_dir, |lines| {
        lines.withdraw(site, line);
        Ok(())
    })
}

fn change(
    state_dir: &Path,
    change: impl FnOnce(&mut WaitingLines) -> Result<(), WaitingError>,
) -> Result<(), WaitingError> {
    change_kept_text(state_dir, FILE, |text| {
        let mut lines = WaitingLines::read(text)?;
        change(&mut lines)?;
        *text = if lines.is_empty() { String::new() } else { lines.write() };
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consent::Category,
        inventory::{LineKind, NamePattern},
    };

    fn line(name: &str, category: Category) -> Line {
        let nothing = String::new;
        let pattern = NamePattern::Name(name.to_owned());
        let kind = LineKind::Cookie;
        Line { kind, pattern, category, owner: nothing(), purpose: nothing(), lifetime: nothing(), sees_address: false }
    }

    #[test]
    fn what_was_applied_is_forgotten_and_what_was_chosen_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        choose_line(state, "shop.example", line("a", Category::Necessary)).unwrap();
        choose_line(state, "shop.example", line("b", Category::Necessary)).unwrap();
        let applied = waiting_lines(state).unwrap();
        choose_line(state, "shop.example", line("b", Category::Functional)).unwrap();
        choose_line(state, "other.example", line("a", Category::Necessary)).unwrap();
        forget_lines(state, &applied).unwrap();
        let left = waiting_lines(state).unwrap();
        let about = |site, name| left.about(site, &line(name, Category::Necessary)).map(|line| line.category);
        assert_eq!(about("shop.example", "a"), None);
        assert_eq!(about("shop.example", "b"), Some(Category::Functional));
        assert_eq!(about("other.example", "a"), Some(Category::Necessary));
        forget_lines(state, &left).unwrap();
        assert!(!state.join(FILE).exists());
        choose_line(state, "shop.example", line("a", Category::Necessary)).unwrap();
        take_line_back(state, "shop.example", &line("a", Category::Marketing)).unwrap();
        assert!(!state.join(FILE).exists());
    }

    #[test]
    fn a_file_that_holds_something_else_is_told_and_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        std::fs::write(&file, "[[site]]\nmode = \"strict\"\n").unwrap();
        let error = choose_line(folder.path(), "shop.example", line("a", Category::Necessary)).unwrap_err();
        assert!(error.to_string().starts_with("proposed.toml in the state directory: "), "{error}");
        assert!(std::fs::read_to_string(&file).unwrap().contains("strict"));
    }
}
