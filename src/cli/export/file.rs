//! A file that is complete or not there, and never one that somebody has already.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::super::{interrupted::Unfinished, log::LogError};
use crate::durable;

/// Refuses where something is there already.
pub(in crate::cli) fn check_absent(out: &Path) -> Result<(), LogError> {
    match fs::symlink_metadata(out) {
        Ok(_) => Err(LogError::Exists { path: out.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// Writes beside the destination, which gets its name when all is written, so that nobody takes half of it for all.
pub(in crate::cli) fn write_whole<T>(
    out: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let mut name = OsString::from(".");
    name.push(out.file_name().unwrap_or("export".as_ref()));
    name.push(format!(".{}.part", std::process::id()));
    let part = out.with_file_name(name);
    let _unfinished = Unfinished::at(&part);
    let written = write_and_name(&part, out, write);
    if written.is_err() {
        // What failed is reported; a part that can't be removed changes nothing about it.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_and_name<T>(
    part: &Path,
    out: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let failed = |path: &Path, doing| {
        let path = path.to_owned();
        move |source| LogError::File { path, doing, source }
    };
    // Records of persons: for the one who exports, until that one decides otherwise.
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part);
    let mut output = BufWriter::new(created.map_err(failed(out, "make this file"))?);
    let written = write(&mut output)?;
    let file = output.into_inner().map_err(|error| failed(out, "write this file")(error.into_error()))?;
    file.sync_all().map_err(failed(out, "write this file"))?;
    take_name(part, out, |part, out| fs::hard_link(part, out)).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => LogError::Exists { path: out.to_owned() },
        _ => failed(out, "put the export here")(error),
    })?;
    durable::sync_folder_of(out).map_err(failed(out, "keep the new name"))?;
    Ok(written)
}

/// Gives the file its name, unless somebody has taken that since: renaming would replace what is there.
fn take_name(part: &Path, out: &Path, link: impl FnOnce(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    match link(part, out) {
        Ok(()) => fs::remove_file(part),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links, such as that of a memory stick: what is replaced then was made here.
        Err(_) => {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(out)?;
            fs::rename(part, out).inspect_err(|_| drop(fs::remove_file(out)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_name_that_somebody_takes_while_the_export_is_written_stays_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("november.csv");
        let refused = write_whole(&out, |output| {
            output.write_all(b"ours").unwrap();
            fs::write(&out, "theirs").unwrap();
            Ok(1)
        });
        assert!(matches!(refused, Err(LogError::Exists { .. })), "{refused:?}");
        assert_eq!(fs::read_to_string(&out).unwrap(), "theirs");
        assert_eq!(names(folder.path()), ["november.csv"], "no part is left");
    }

    #[test]
    fn where_there_are_no_hard_links_the_name_is_taken_all_the_same_and_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let (part, out) = (folder.path().join("part"), folder.path().join("november.csv"));
        let no_links = |_: &Path, _: &Path| Err(io::Error::from(io::ErrorKind::PermissionDenied));
        for taken in [false, true] {
            fs::write(&part, if taken { "another" } else { "ours" }).unwrap();
            let named = take_name(&part, &out, no_links).map_err(|error| error.kind());
            assert_eq!(named, if taken { Err(io::ErrorKind::AlreadyExists) } else { Ok(()) });
            assert_eq!(fs::read_to_string(&out).unwrap(), "ours");
        }
        assert!(part.exists(), "whoever made it takes it away");
    }
}
