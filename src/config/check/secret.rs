//! Files that hold a secret in their first line. It is read when it is needed, and is no part of what the log keeps a hash of: from that it
//! could be guessed.

use std::{fs, os::unix::fs::PermissionsExt as _};

use toml::Spanned;

use crate::config::context::Context;

/// The bits of a file's mode that let others read.
const READABLE_BY_OTHERS: u32 = 0o004;

/// The first line of the file; `None` where that is a fault. `secret` is what it is called, such as "password of the mail server". What the
/// line says is never repeated.
pub(super) fn first_line(context: &Context, path: &Spanned<String>, secret: &str) -> Option<String> {
    let file = context.resolve(path.get_ref());
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            let what = format!("can't read the {secret}, {}: {error}", file.display());
            let remedy = "put it there, in one line, readable for the user that runs Kelisim";
            context.unread(path.span(), what, remedy, &error);
            return None;
        }
    };
    let Some(line) = text.lines().next().filter(|line| !line.is_empty()) else {
        let remedy = format!("write the {secret} into its first line");
        context.fault(path.span(), format!("{} is empty", file.display()), remedy);
        return None;
    };
    let mode = fs::metadata(&file).map(|metadata| metadata.permissions().mode());
    if mode.is_ok_and(|mode| mode & READABLE_BY_OTHERS != 0) {
        let remedy = format!("`chmod 640 {}`, with the group of the user that runs Kelisim", file.display());
        context.warning(path.span(), format!("everyone on this machine can read the {secret}"), remedy);
    }
    Some(line.to_owned())
}
