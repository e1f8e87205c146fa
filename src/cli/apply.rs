//! `kelisim check --apply`: what operators chose on the inventory's page is put into the file of the configuration, shown and checked first.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead as _, IsTerminal as _, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use super::check::counted;
use crate::{
    admin::{forget_lines, waiting_lines},
    config::{self, Configuration, Insertion},
    cookies::Catalogue,
    durable,
    gateway::SiteSettings,
    inventory::{Line, LineKind, WaitingLines},
    routing::ForeignHosts,
};

/// How a change is agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// It was, on the command line.
    Given,
    /// Whoever sits at the terminal is asked.
    Asked,
    /// There is nobody to ask.
    Missing,
}

impl Agreement {
    /// By `--yes`, or by whoever sits there.
    pub(super) fn of(yes: bool) -> Self {
        match (yes, io::stdin().is_terminal()) {
            (true, _) => Self::Given,
            (false, true) => Self::Asked,
            (false, false) => Self::Missing,
        }
    }
}

/// Applies what waits. The difference goes to `out`, all else to `err`. The answer is whether everything was right: also where nothing waits.
///
/// # Errors
///
/// When a file can't be read or written, or `out` and `err` can't.
pub(super) fn apply(path: &Path, agreement: Agreement, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<bool> {
    // What a link leads to is changed, not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let configuration = match config::load(path) {
        Ok((configuration, _)) => configuration,
        Err(faults) => {
            write!(err, "{faults}")?;
            writeln!(err, "{} is not right; mend it first", path.display())?;
            return Ok(false);
        }
    };
    let waiting = waiting_lines(&configuration.state_dir).map_err(io::Error::other)?;
    if waiting.is_empty() {
        writeln!(err, "nothing waits: choose categories on the page \"Inventory\" of the administration")?;
        return Ok(true);
    }
    let tables = fitting(&waiting, &configuration, err)?;
    if tables.is_empty() {
        forget_lines(&configuration.state_dir, &waiting).map_err(io::Error::other)?;
        writeln!(err, "nothing is left to be added")?;
        return Ok(true);
    }
    let before = fs::read_to_string(path)?;
    let Insertion { text, difference } = config::insert(&before, &tables).map_err(io::Error::other)?;
    let name = path.display().to_string();
    writeln!(out, "--- {name}\n+++ {name}")?;
    write!(out, "{difference}")?;
    out.flush()?;
    let base = path.parent().unwrap_or(Path::new(""));
    match config::load_text(&text, base, &name) {
        Ok((_, warnings)) => warnings.iter().try_for_each(|warning| writeln!(err, "{warning}"))?,
        Err(faults) => {
            write!(err, "{faults}")?;
            writeln!(
                err,
                "{name} would not be right, so nothing was written; take back what does not fit on the page \"Inventory\", or choose otherwise"
            )?;
            return Ok(false);
        }
    }
    if !is_agreed(agreement, &name, err)? {
        writeln!(err, "nothing was written")?;
        return Ok(false);
    }
    if fs::read_to_string(path)? != before {
        writeln!(err, "{name} was changed meanwhile, so nothing was written; try again")?;
        return Ok(false);
    }
    let kept = replace(path, &before, &text)?;
    writeln!(err, "{name} was written; what it was is kept as {}", kept.display())?;
    writeln!(err, "`systemctl reload kelisim` puts it in force")?;
    let forgotten = forget_lines(&configuration.state_dir, &waiting);
    if let Err(error) = &forgotten {
        writeln!(err, "the lines still wait, and will be skipped when they are applied again: {error}")?;
    }
    Ok(forgotten.is_ok())
}

/// The tables to add, by the number of their site; what fits no more is told.
fn fitting(
    waiting: &WaitingLines,
    configuration: &Configuration,
    err: &mut dyn Write,
) -> io::Result<Vec<(usize, String)>> {
    let mut tables = Vec::new();
    for (name, lines) in waiting.sites() {
        let Some(number) = configuration.sites.iter().position(|site| site.name == name) else {
            writeln!(err, "{name}: skipped: the configuration has no such site any more")?;
            continue;
        };
        let listed = Listed::of(&configuration.sites[number], configuration);
        let (mut added, mut skipped) = (Vec::new(), 0);
        for line in lines {
            if listed.has(line) {
                let (kind, text) = (line.kind.name(), line.pattern.as_str());
                writeln!(err, "{name}: skipped: the {kind} `{text}` is named by now")?;
                skipped += 1;
            } else {
                added.push(line.table());
            }
        }
        writeln!(
            err,
            "{name}: {} to add, {} skipped",
            counted(added.len(), "table", "tables"),
            counted(skipped, "line", "lines")
        )?;
        if !added.is_empty() {
            tables.push((number, added.join("\n")));
        }
    }
    Ok(tables)
}

/// What a site's configuration names.
struct Listed {
    cookies: Catalogue,
    storage: Catalogue,
    hosts: ForeignHosts,
}

impl Listed {
    fn of(site: &SiteSettings, configuration: &Configuration) -> Self {
        Self {
            cookies: Catalogue::new(configuration.catalogue.clone(), site.cookies.clone()),
            storage: Catalogue::new(Vec::new(), site.storage.clone()),
            hosts: ForeignHosts::new(site.hosts.clone(), site.foreign_hosts.clone()),
        }
    }

    fn has(&self, line: &Line) -> bool {
        match line.kind {
            LineKind::Cookie => line.is_covered(&self.cookies),
            LineKind::Storage => line.is_covered(&self.storage),
            LineKind::Host => {
                let name = line.pattern.as_str();
                let (host, port) = name.rsplit_once(':').map_or((name, None), |(host, port)| (host, port.parse().ok()));
                // A label that no line names stands for the subdomains.
                let host = host.strip_prefix("*.").map_or_else(|| host.to_owned(), |host| format!("-.{host}"));
                self.hosts.find(&host, port).is_some()
            }
        }
    }
}

fn is_agreed(agreement: Agreement, name: &str, err: &mut dyn Write) -> io::Result<bool> {
    match agreement {
        Agreement::Given => return Ok(true),
        Agreement::Missing => {
            writeln!(err, "nobody can be asked here: add --yes to write {name}")?;
            return Ok(false);
        }
        Agreement::Asked => {}
    }
    write!(err, "write this to {name}? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Keeps the text as it was beside the file, and puts the new one in its place as a whole, with the owner and the rights of the old one.
fn replace(path: &Path, before: &str, text: &str) -> io::Result<PathBuf> {
    let kept = path.with_added_extension("before");
    write_beside(path, &kept, before)?;
    write_beside(path, path, text)?;
    durable::sync_folder_of(path)?;
    Ok(kept)
}

/// Writes a file in the folder of `like` as a whole, for those who may read and write that one.
fn write_beside(like: &Path, path: &Path, text: &str) -> io::Result<()> {
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let rights = fs::metadata(like).map_err(told)?;
    let part = path.with_added_extension("part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(told(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(told)?;
    let written = (|| {
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (rights.uid(), rights.gid()) {
            fchown(&file, Some(rights.uid()), Some(rights.gid()))?;
        }
        file.set_permissions(fs::Permissions::from_mode(rights.mode() & 0o7777))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    })();
    if written.is_err() {
        // What is half written is of no use to anybody.
        _ = fs::remove_file(&part);
    }
    written.map_err(told)
}
