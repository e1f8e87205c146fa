//! `[access_log]`: a line for each request, without personal data.

use toml::Spanned;

use crate::{
    config::{file::Table, keys, value},
    telemetry::{AccessLogFormat, AccessLogSettings},
};

/// The section, checked; `None` where there is none, and where it has a fault.
pub(super) fn check(top: &mut Table<'_>) -> Option<AccessLogSettings> {
    let mut table = top.table("access_log", &keys::ACCESS_LOG)?;
    let context = table.context;
    table.require(&["file"]);
    let formats = [("text", AccessLogFormat::Text), ("json", AccessLogFormat::Json)];
    let format = table.parsed("format", value::word(&formats)).map(Spanned::into_inner).unwrap_or_default();
    let forms = [("none", false), ("truncated", true)];
    let networks = table.parsed("client_address", value::word(&forms)).is_some_and(Spanned::into_inner);
    let path = table.text("file")?;
    let file = context.resolve(path.get_ref());
    if file.is_dir() {
        let what = format!("{} is a folder", file.display());
        context.fault(path.span(), what, format!("write a file in it, `{}`", file.join("access.log").display()));
        return None;
    }
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        // Lines are lost until there is one; the site is served all the same.
        let remedy = format!("`install -d -o kelisim -g adm -m 750 {}`", folder.display());
        context.warning(path.span(), format!("there is no folder {}", folder.display()), remedy);
    }
    Some(AccessLogSettings { file, format, networks })
}
