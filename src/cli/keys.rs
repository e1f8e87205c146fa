//! `kelisim key`: the keys that sign visitors' records.

use std::{error::Error, io, path::PathBuf};

use clap::{Args, Subcommand};

use super::{check::counted, configuration_alone, control, print};
use crate::store::{OldKeys, retire_log_key, rotate_record_keys};

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Sign with a new key from now on, also in a running gateway. Old ones still verify, so that every choice stays.
    Rotate(RotateArguments),
}

#[derive(Debug, Args)]
pub(super) struct RotateArguments {
    /// Let no old key verify, such as after a backup was stolen: everybody is asked again. The gateway must not run.
    #[arg(long)]
    retire: bool,
    /// With --retire: the key of the log too, so that a new log goes on under another key from the next start.
    #[arg(long, requires = "retire")]
    log: bool,
    /// The configuration file; its `state_dir` says where the keys are.
    #[arg(long, value_name = "FILE", default_value = "/etc/kelisim/kelisim.toml")]
    config: PathBuf,
}

/// Runs `kelisim key …`.
pub(super) fn run(command: &KeyCommand) -> Result<(), Box<dyn Error>> {
    let KeyCommand::Rotate(RotateArguments { retire, log, config }) = command;
    let state_dir = configuration_alone(config)?.state_dir;
    let old = if *retire { OldKeys::Retire } else { OldKeys::Verify };
    let rotated = rotate_record_keys(&state_dir, old)?;
    let verifying = counted(rotated.verifying, "key verifies", "keys verify");
    print(format!("a new key signs records; {verifying}\n").as_bytes())?;
    if rotated.gone > 0 {
        let gone = counted(rotated.gone, "old key is gone", "old keys are gone");
        print(format!("{gone}: whoever chose under one is asked again\n").as_bytes())?;
    }
    if *log {
        retire_log_key(&state_dir)?;
        print(
            b"the key of the log is gone: the next start makes another one, and a new log goes on under it; give its log.pub to whoever has \
              the old one, such as a witness\n",
        )?;
    }
    if *retire {
        print(
            b"no backup brings an old key back, as long as the folder outside-backup of the state directory stays\n",
        )?;
    }
    match control::ask_to_read_record_keys(&state_dir) {
        Ok(()) => print(b"the running gateway signs with it\n")?,
        // Nobody runs, or somebody who was killed left the socket.
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused].contains(&error.kind()) => {}
        Err(error) => return Err(format!("the running gateway did not take it: {error}; restart it").into()),
    }
    Ok(())
}
