//! `kelisim check --from-inventory`: the lines to add for what real traffic showed; and how the inventory outlives the process.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use super::{check::counted, control};
use crate::{
    config::{self, Configuration},
    cookies::Catalogue,
    gateway::{self, Mode, SiteSettings},
    inventory::{self, Block, Configured, SiteInventory},
    routing::{ForeignHosts, known_hosts},
    store,
};

/// Keeps the inventory of a running gateway in its file.
#[derive(Default)]
pub(super) struct Keeper {
    /// The revision that the file holds; 0 is that of the start.
    written: u64,
}

impl Keeper {
    /// Writes the file if something changed. What can't be written now is written with the next change.
    pub(super) fn keep(&mut self, gateway: &gateway::Current, state_dir: &Path) {
        let revision = gateway.inventory_revision();
        if revision == self.written {
            return;
        }
        match store::write_inventory(state_dir, &gateway.present().inventory()) {
            Ok(()) => self.written = revision,
            Err(error) => tracing::warn!(%error, "the inventory can't be written; trying again later"),
        }
    }
}

/// The text of the file for a gateway that starts. A file that can't be read keeps nobody from starting.
pub(super) fn kept(state_dir: &Path) -> Option<String> {
    store::read_inventory(state_dir).unwrap_or_else(|error| {
        set_aside(state_dir, &error.to_string());
        None
    })
}

/// Makes room for a new file where the old one is no inventory.
pub(super) fn set_aside(state_dir: &Path, reason: &str) {
    match store::set_inventory_aside(state_dir) {
        Ok(path) => {
            tracing::warn!(reason, path = %path.display(), "the inventory can't be read; it was set aside, and begins anew")
        }
        Err(error) => tracing::warn!(reason, %error, "the inventory can't be read nor set aside; it begins anew"),
    }
}

/// Prints the lines to add to `out`, and a summary to `err`. The answer is whether the configuration and the inventory could be read.
///
/// # Errors
///
/// When `out` or `err` can't be written.
pub(super) fn propose(path: &Path, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<bool> {
    let configuration = match config::load(path) {
        Ok((configuration, _)) => configuration,
        Err(faults) => {
            write!(err, "{faults}")?;
            writeln!(err, "{} is not right; mend it first", path.display())?;
            return Ok(false);
        }
    };
    let file = store::inventory_path(&configuration.state_dir);
    // A gateway that runs has seen more than its file says; without one the file is all there is.
    if let Err(error) = control::ask_for_inventory(&configuration.state_dir)
        && !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
    {
        writeln!(err, "the running gateway was not asked, so the last minute may be missing: {error}")?;
    }
    let text = match store::read_inventory(&configuration.state_dir) {
        Ok(text) => text,
        Err(error) => {
            writeln!(err, "{}: {error}", file.display())?;
            return Ok(false);
        }
    };
    let sites: Vec<_> = configuration.sites.iter().map(|site| Observed::new(site, &configuration)).collect();
    let catalogue = |name: &str| sites.iter().find(|site| site.name == name).map(|site| &site.catalogue);
    let seen = match text.map(|text| inventory::read(&text, catalogue)) {
        None => Default::default(),
        Some(Ok(seen)) => seen,
        Some(Err(fault)) => {
            writeln!(err, "{}: {fault}", file.display())?;
            return Ok(false);
        }
    };
    let mut written = fs::read_to_string(path)?;
    let last = sites.len() - 1;
    for (number, site) in sites.iter().enumerate() {
        let nothing = SiteInventory::default();
        site.propose(seen.get(&site.name).unwrap_or(&nothing), number == last, &mut written, path, out, err)?;
    }
    Ok(true)
}

/// A site of the configuration, ready to be compared with what was seen.
struct Observed {
    name: String,
    mode: Mode,
    catalogue: Catalogue,
    storage: Catalogue,
    hosts: ForeignHosts,
}

impl Observed {
    fn new(site: &SiteSettings, configuration: &Configuration) -> Self {
        Self {
            name: site.name.clone(),
            mode: site.mode,
            catalogue: Catalogue::new(configuration.catalogue.clone(), site.cookies.clone()),
            storage: Catalogue::new(Vec::new(), site.storage.clone()),
            hosts: ForeignHosts::new(site.hosts.clone(), site.foreign_hosts.clone()),
        }
    }

    /// `written` is the file with everything that was proposed as active so far.
    fn propose(
        &self,
        seen: &SiteInventory,
        last: bool,
        written: &mut String,
        path: &Path,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> io::Result<()> {
        let name = &self.name;
        if seen.is_empty() {
            let remedy = match self.mode {
                Mode::Observe => {
                    "let people use the site for some days, with every form and every login, then ask again"
                }
                Mode::Strict | Mode::Compatible => {
                    "nothing unknown came; to see everything, run it with `mode = \"observe\"` for some days"
                }
            };
            return writeln!(err, "{name}: nothing was seen yet: {remedy}");
        }
        let known = known_hosts();
        let configured =
            Configured { catalogue: &self.catalogue, storage: &self.storage, hosts: &self.hosts, known: &known };
        let blocks = inventory::blocks(seen, configured);
        writeln!(
            out,
            "\n# {name}: what was seen and is not configured yet. Nothing here is certain: read each line before you keep it."
        )?;
        if !last {
            writeln!(
                out,
                "# Put these lines below the [[site]] of {name}, before the next [[site]], and take the first `# ` of each line away there."
            )?;
        }
        writeln!(out)?;
        let (mut active, mut open) = (0, 0);
        for (block, fits) in blocks.iter().zip(fitting(&blocks, last, written, path)) {
            write!(out, "{}", if fits { block.active() } else { block.commented() })?;
            active += usize::from(fits);
            open += usize::from(!fits);
        }
        let named = inventory::named_by_catalogue(seen, &self.catalogue);
        if !named.is_empty() {
            writeln!(
                out,
                "# The catalogue names these cookies already, and they are treated so. The settings page shows visitors the lines of this file\n\
                 # alone: to have them there, take the first `# ` of each line away, and say in `purpose` what they do here.\n"
            )?;
        }
        for block in named {
            write!(out, "{}", block.commented())?;
        }
        writeln!(
            err,
            "{name}: {}, {} and {} of storage were seen; {} proposed, {} commented out for you to decide",
            counted(seen.cookies().count(), "cookie", "cookies"),
            counted(seen.hosts().count(), "host", "hosts"),
            counted(seen.keys().count(), "key", "keys"),
            counted(active, "table", "tables"),
            counted(open, "table", "tables"),
        )
    }
}

/// Which blocks can be added as they are, so that the file stays right with them: what comes after the last table belongs to the last site.
fn fitting(blocks: &[Block], last: bool, written: &mut String, path: &Path) -> Vec<bool> {
    let base = path.parent().unwrap_or(Path::new(""));
    let name = path.display().to_string();
    let is_right = |text: &str| config::load_text(text, base, &name).is_ok();
    let mut fits: Vec<bool> = blocks.iter().map(|block| last && !block.undecided).collect();
    let with = |fits: &[bool]| -> String {
        let chosen = blocks.iter().zip(fits).filter(|(_, fits)| **fits).map(|(block, _)| block.active());
        std::iter::once(format!("{written}\n")).chain(chosen).collect()
    };
    if !is_right(&with(&fits)) {
        // Rare, so each is asked alone; those that are right alone and not together all wait for the operator.
        for at in 0..fits.len() {
            let alone: Vec<bool> = (0..fits.len()).map(|other| other == at && fits[at]).collect();
            fits[at] = fits[at] && is_right(&with(&alone));
        }
        if !is_right(&with(&fits)) {
            fits.fill(false);
        }
    }
    *written = with(&fits);
    fits
}
