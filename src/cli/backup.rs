//! `kelisim backup` and `kelisim restore`: the state directory in one file, and back.

use std::{
    error::Error,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    check::counted,
    configuration_alone, control,
    export::{access, file},
    interrupted::Unfinished,
    log::LogError,
    print,
    running::log_settings,
};
use crate::{
    clock::Clock,
    durable,
    ledger::AccessKind,
    store::{self, Losing, Reader},
    timestamp::Timestamp,
};

/// `kelisim backup`.
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The file to write, which must not be there; or a folder, in which it gets a name with the time. Neither lies in the state directory.
    #[arg(value_name = "FILE|FOLDER")]
    to: PathBuf,
    /// The configuration file; its `state_dir` is what is copied.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// `kelisim restore`.
#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The backup.
    #[arg(value_name = "FILE")]
    from: PathBuf,
    /// Replace a state that holds what the backup does not, or that can't be read.
    #[arg(long)]
    replace: bool,
    /// The configuration file; its `state_dir` is where the backup is put.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// Runs `kelisim backup`.
pub(super) fn back_up(arguments: &BackupArguments) -> Result<(), Box<dyn Error>> {
    let settings = log_settings(&configuration_alone(&arguments.config)?);
    let state_dir = &settings.state_dir;
    let now = Clock::system().now();
    store::refuse_within(state_dir, &arguments.to)?;
    let out = destination(&arguments.to, now)?;
    file::check_absent(&out)?;
    // What can't be read leaves no leaf that says it was.
    drop(Reader::open(state_dir)?);
    let place = store::Place::beside(&out, state_dir)?;
    for (left, removed) in place.removed() {
        match removed {
            Ok(()) => eprintln!("{}: removed, since a backup left it that was interrupted", left.display()),
            Err(error) => eprintln!(
                "{}: a backup left this that was interrupted; it holds what was recorded, and can't be removed ({error}): remove it",
                left.display()
            ),
        }
    }
    let whole_log = (Timestamp::default(), Timestamp::from_milliseconds(i64::MAX));
    if !access::note(&settings, AccessKind::Export, "backup", whole_log)? {
        eprintln!("{}: on a read-only medium, so no leaf says that a copy was taken from here", state_dir.display());
    }
    // What a gateway has in memory. Where none runs there is nothing.
    _ = control::ask_for_statistics(state_dir);
    _ = control::ask_for_inventory(state_dir);
    let _unfinished = Unfinished::at(place.copies());
    let manifest = file::write_whole(&out, |output| Ok(store::write_backup(state_dir, &place, output, now)?))?;
    let told = format!(
        "{}: {} leaves, {} files, {} bytes\n\
         it holds the keys that sign choices and everything recorded of visitors: keep it as you would keep a password\n",
        out.display(),
        manifest.leaves,
        manifest.files(),
        manifest.bytes()
    );
    print(told.as_bytes())?;
    Ok(())
}

/// In a folder a file with the time in its name, so that the newest comes last in a list. What ends with a slash is a folder, and made for
/// this user alone where it is missing.
fn destination(to: &Path, now: Timestamp) -> Result<PathBuf, LogError> {
    if to.as_os_str().as_encoded_bytes().ends_with(b"/") {
        durable::make_folder(to).map_err(|source| LogError::File {
            path: to.to_owned(),
            doing: "make this folder",
            source,
        })?;
    }
    if !to.is_dir() {
        return Ok(to.to_owned());
    }
    let time = now.to_string();
    let time: String =
        time.chars().take_while(|character| *character != '.').filter(|it| !"-:".contains(*it)).collect();
    Ok(to.join(format!("kelisim-{time}Z.zip")))
}

/// Runs `kelisim restore`.
pub(super) fn restore(arguments: &RestoreArguments) -> Result<(), Box<dyn Error>> {
    let state_dir = configuration_alone(&arguments.config)?.state_dir;
    let from = &arguments.from;
    let file =
        File::open(from).map_err(|source| LogError::File { path: from.clone(), doing: "read the backup", source })?;
    let losing = if arguments.replace { Losing::Allowed } else { Losing::Refused };
    let back = store::put_back(&state_dir, BufReader::new(file), losing)?;
    let (made, leaves) = (&back.manifest.made, back.manifest.leaves);
    let erased = if back.knows_erased {
        "whoever was erased since is erased again at the start, by the list in outside-backup"
    } else {
        "nobody knows here who was erased since, nor which keys were retired; erase them again after the start: kelisim log erase NUMBER, and \
         where a key was retired: kelisim key rotate --retire before it"
    };
    let retired = match back.retired_keys {
        0 => String::new(),
        count => format!(
            "- {}, and go again at the start: what they signed counts no more\n",
            counted(count, "of its keys was retired since", "of its keys were retired since")
        ),
    };
    let told = format!(
        "{}: {leaves} leaves of {made} are back, every one of them checked\n\
         start the gateway: a new log goes on after them, since the old one may have gone on after the backup was made\n\
         - choices after {made} are lost, and those visitors are asked again\n\
         - withdrawals after it can't be known, so what they ended counts again until it is withdrawn once more\n\
         - {erased}\n{retired}\
         - accounts, shared links, waiting requests and certificates are those of {made} too: remove again whoever may not sign in any more \
         (kelisim user list)\n",
        state_dir.display()
    );
    print(told.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gets_a_file_with_the_time_and_a_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-11-22T10:30:05Z").unwrap();
        let name = "kelisim-20261122T103005Z.zip";
        assert_eq!(destination(folder.path(), now).unwrap(), folder.path().join(name));
        let (file, new) = (folder.path().join("today.zip"), folder.path().join("new/"));
        assert_eq!(destination(&file, now).unwrap(), file);
        assert_eq!(destination(&new, now).unwrap(), new.join(name));
        assert!(new.is_dir() && !file.exists());
    }
}
