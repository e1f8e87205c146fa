//! `kelisim reload`: has the running gateway read its configuration again, and says what came of it.

use std::{io::Write, path::Path};

use super::{check::counted, control};
use crate::config;

/// Asks the gateway whose state directory the file names. What it advises and what came of it goes to `out`; the error says why nothing has
/// changed.
pub(super) fn run(path: &Path, out: &mut dyn Write) -> Result<(), Box<dyn std::error::Error>> {
    // A file that is not right is not right for the gateway either, and it might not say where that is.
    let (configuration, _) = config::load(path).map_err(|faults| {
        let count = counted(faults.iter().len(), "fault", "faults");
        format!("{faults}{} is not right: {count}; a gateway that runs goes on as it was", path.display())
    })?;
    let reloaded = control::ask_to_reload(&configuration.state_dir)?;
    for warning in reloaded.warnings {
        writeln!(out, "{warning}")?;
    }
    let file = reloaded.file;
    if reloaded.is_new {
        writeln!(out, "the gateway goes by {file} from now on")?;
    } else {
        writeln!(out, "nothing in {file} has changed, nor in the files that it names")?;
    }
    Ok(())
}
