//! A file that is complete or not there, and never one that somebody has already.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::super::log::LogError;

/// Refuses where something is there already.
pub(super) fn check_absent(out: &Path) -> Result<(), LogError> {
    match fs::symlink_metadata(out) {
        Ok(_) => Err(LogError::Exists { path: out.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// Writes beside the destination and renames when all is written, so that nobody takes half of it for all.
pub(super) fn write_whole(
    out: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<u64, LogError>,
) -> Result<u64, LogError> {
    let mut name = OsString::from(".");
    name.push(out.file_name().unwrap_or("export".as_ref()));
    name.push(format!(".{}.part", std::process::id()));
    let part = out.with_file_name(name);
    let written = write_and_rename(&part, out, write);
    if written.is_err() {
        // What failed is reported; a part that can't be removed changes nothing about it.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_and_rename(
    part: &Path,
    out: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<u64, LogError>,
) -> Result<u64, LogError> {
    let failed = |path: &Path, doing| {
        let path = path.to_owned();
        move |source| LogError::File { path, doing, source }
    };
    // Records of persons: for the one who exports, until that one decides otherwise.
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part);
    let mut output = BufWriter::new(created.map_err(failed(part, "make this file"))?);
    let written = write(&mut output)?;
    let file = output.into_inner().map_err(|error| failed(part, "write this file")(error.into_error()))?;
    file.sync_all().map_err(failed(part, "write this file"))?;
    check_absent(out)?;
    fs::rename(part, out).map_err(failed(out, "put the export here"))?;
    sync_directory(out).map_err(failed(out, "keep the new name"))?;
    Ok(written)
}

fn sync_directory(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
