//! What was found out, as values. A fact that could not be found out is missing, and stands in [`Facts::not_seen`]; nothing is judged here.

use crate::{
    cli::{describing::Description, readable::Obstacle},
    timestamp::Timestamp,
};

/// Everything that the rules judge.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The machine's clock.
    pub(super) now: Timestamp,
    /// How commands name the file.
    pub(super) configuration: String,
    pub(super) state_dir: String,
    /// Whether what is said of `systemctl` means nothing here, as in a container.
    pub(super) is_without_systemd: bool,
    /// What is wrong with the file: the first line of each fault.
    pub(super) faults: Vec<String>,
    /// How many warnings there are of a file without faults. They are no findings: an operator may know them well, and mean it so.
    pub(super) warnings: usize,
    /// What the file names and the gateway's user can't read.
    pub(super) unreadable: Vec<Obstacle>,
    /// What the file and all that it names come to; nothing where there are faults.
    pub(super) fingerprint: Option<String>,
    /// Files that changed since the gateway goes by them, but for those that it looks after itself; nothing where it does not say since when.
    pub(super) changed_files: Option<Vec<String>>,
    pub(super) gateway: Gateway,
    pub(super) metrics: Metrics,
    pub(super) certificates: Vec<Certificate>,
    pub(super) clock: Clock,
    pub(super) disk: Option<Disk>,
    /// The bits of the state directory's mode.
    pub(super) state_mode: Option<u32>,
    pub(super) log: Option<Log>,
    pub(super) unknown: Vec<Unknown>,
    /// Lines that were chosen on the inventory's page and are not in the file.
    pub(super) waiting_lines: usize,
    pub(super) upstreams: Vec<Upstream>,
    /// Where traces go, if they go anywhere.
    pub(super) collector: Option<Collector>,
    pub(super) policies: Vec<Policy>,
    pub(super) countries: Option<Countries>,
    /// Descriptors that are needed for all that the limits on connections allow.
    pub(super) descriptors: u64,
    pub(super) backups: Option<Backups>,
    /// What could not be looked at, and why.
    pub(super) not_seen: Vec<String>,
}

/// Whether a gateway answers on the control socket.
#[derive(Clone, Debug, Default)]
pub(super) enum Gateway {
    /// There is no socket, or nobody behind it.
    #[default]
    Absent,
    /// What it says of itself.
    Running(Box<Description>),
    /// It is there and does not say what it is asked, with the reason.
    Mute(String),
    /// It could not be asked.
    Unseen,
}

/// The page of metrics, by name and labels.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(pub(super) Vec<Metric>);

/// One line of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

impl Metric {
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label == name).map_or("", |(_, value)| value)
    }
}

impl Metrics {
    /// The lines of a metric.
    pub(super) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Metric> {
        self.0.iter().filter(move |metric| metric.name == name)
    }

    /// Its sum over all labels, or nothing where it is not there.
    pub(super) fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|metric| metric.value).sum()
    }
}

/// A certificate that the file names.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub(super) file: String,
    pub(super) ends: Option<Timestamp>,
    /// It covers a host of a site, or the administration's.
    pub(super) is_of_use: bool,
    pub(super) key: String,
    /// The bits of the mode of its key.
    pub(super) key_mode: u32,
    /// The key's group is one of the gateway's user.
    pub(super) key_of_own_group: bool,
    /// The key belongs to the gateway's user.
    pub(super) key_of_own_user: bool,
    /// The own group of the gateway's user; nothing where nobody knows it.
    pub(super) own_group: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// Whether the system says that its clock is synchronised; nothing where it says neither.
    pub(super) synchronised: Option<bool>,
    /// How many seconds the clock of this machine is ahead of an upstream's, and whose.
    pub(super) ahead: Vec<(String, i64)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Disk {
    pub(super) free_bytes: u64,
    /// Of the consent log, which is written anew when something was erased.
    pub(super) log_bytes: u64,
    /// Nothing where the file system counts none.
    pub(super) free_inodes: Option<u64>,
}

/// The consent log on the disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    pub(super) leaves: u64,
    /// How many the newest checkpoint has, and when it was signed.
    pub(super) signed: Option<(u64, Timestamp)>,
}

/// Names of a site that nobody has named.
#[derive(Clone, Debug)]
pub(super) struct Unknown {
    pub(super) site: String,
    pub(super) cookies: Vec<String>,
    pub(super) hosts: usize,
    pub(super) keys: usize,
    /// Whether they are held back meanwhile.
    pub(super) is_strict: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Upstream {
    pub(super) sites: String,
    pub(super) address: String,
    /// The status of its answer, nothing where only a connection was made; or why there was none.
    pub(super) answer: Result<Option<u16>, String>,
}

/// The collector of traces, and whether it would take some now.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    pub(super) endpoint: String,
    pub(super) answer: Result<(), String>,
}

/// The policy of a site as the file has it.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) site: String,
    /// The edition that should be in force now.
    pub(super) edition: String,
    pub(super) effective: Timestamp,
    /// The site's languages in which it has no text.
    pub(super) untranslated: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Countries {
    pub(super) file: String,
    pub(super) built: Timestamp,
}

/// The folder into which the backup's timer writes.
#[derive(Clone, Debug)]
pub(super) struct Backups {
    pub(super) folder: String,
    pub(super) newest: Option<Timestamp>,
}
