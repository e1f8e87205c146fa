//! `kelisim check`: is this configuration right? Every fault, with its place.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{
    descriptors,
    readable::{Obstacle, User},
};
use crate::{
    config::{self, Configuration},
    geo::Countries,
};

/// Checks a configuration, for a process that may have so many descriptors. Faults go to `err` with their count at the end; warnings, and one
/// line where all is right, to `out`.
/// The answer is whether it is right: exit code 0, otherwise 1.
///
/// # Errors
///
/// When `out` or `err` can't be written.
pub(super) fn check(path: &Path, most_descriptors: u64, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<bool> {
    match config::load(path) {
        Ok((configuration, warnings)) => {
            let of_system = descriptors::warning(&configuration.server.limits, most_descriptors);
            let of_system = of_system.map(|warning| format!("warning: {warning}"));
            let warnings: Vec<_> = warnings.iter().map(ToString::to_string).chain(of_system).collect();
            for warning in &warnings {
                writeln!(out, "{warning}")?;
            }
            let unread = unreadable(&configuration);
            for obstacle in &unread {
                let (name, what, remedy) = (path.display(), obstacle.what(), obstacle.remedy());
                writeln!(out, "{name}: warning: {what}, so that the next start fails; {remedy}")?;
            }
            if let Some(described) = countries(&configuration) {
                writeln!(out, "{described}")?;
            }
            let sites = counted(configuration.sites.len(), "site", "sites");
            let warned = counted(warnings.len() + unread.len(), "warning", "warnings");
            writeln!(out, "{} is right: {sites}, {warned}", path.display())?;
            Ok(true)
        }
        Err(faults) => {
            write!(err, "{faults}")?;
            writeln!(err, "{} is not right: {}", path.display(), counted(faults.iter().len(), "fault", "faults"))?;
            Ok(false)
        }
    }
}

/// What whoever checks can read, and the user that runs the gateway can't.
fn unreadable(configuration: &Configuration) -> Vec<Obstacle> {
    let user = User::of_state(&configuration.state_dir).filter(|user| !user.is_here());
    user.map_or_else(Vec::new, |user| user.obstacles(configuration))
}

/// Which database of countries is configured, and how old it is. That it can be read was checked.
fn countries(configuration: &Configuration) -> Option<String> {
    let described = Countries::open(&configuration.geo).ok()?.described()?;
    Some(format!("countries: {} of {}, {}", described.kind, described.built.date(), described.file))
}

pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a file with this text; the answer is what was printed.
    fn check_text(text: &str) -> (bool, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kelisim.toml");
        std::fs::write(&path, text).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let right = check(&path, u64::MAX, &mut out, &mut err).unwrap();
        let plain = |bytes| String::from_utf8(bytes).unwrap().replace(&format!("{}/", folder.path().display()), "");
        (right, plain(out), plain(err))
    }

    #[test]
    fn a_right_file_is_called_right() {
        let text = include_str!("../../config/observe.toml").replace("Example LLP", "Shop LLP");
        let (right, out, err) = check_text(&text.replace("[server]", "[server]\nstate_dir = \"state\""));
        assert!(right);
        assert_eq!(out, "kelisim.toml is right: 1 site, no warnings\n");
        assert_eq!(err, "");
    }

    #[test]
    fn every_fault_is_printed_and_counted() {
        let (right, out, err) = check_text("[server]\nhtp = []\n");
        assert!(!right);
        assert_eq!(out, "");
        assert!(err.starts_with("kelisim.toml: no site; add [[site]]"), "{err}");
        assert!(err.contains("kelisim.toml:2:1: unknown key `htp` in [server]; did you mean `http`?\n"), "{err}");
        assert!(err.ends_with("kelisim.toml is not right: 3 faults\n"), "{err}");
    }
}
