//! `kelisim demo`: the site, the tracker and the gateway between them, until Ctrl+C.

use std::{
    error::Error,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{Origin, Places, Tracker, certificate, configuration, guide, visits::write_visits, write_policy};
use crate::{
    admin,
    cli::{run::until_stopped, running::Running},
    clock::{self, Clock},
    config,
    telemetry::{LogFormat, start_log},
};

/// Ports that are easy to remember; where one is taken, a free one is used.
const HTTP_PORT: u16 = 8080;
const HTTPS_PORT: u16 = 8443;
const ADMIN_PORT: u16 = 9090;

/// The account of the demonstration.
const OPERATOR: &str = "demo";

/// `kelisim demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Keep the consent log and everything else of the demonstration in this folder.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// Runs the demonstration.
pub(crate) fn run(arguments: &DemoArguments) -> Result<(), Box<dyn Error>> {
    let folder = Folder::open(arguments.keep.as_deref())?;
    start_log(LogFormat::Text);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let tracker = Tracker::start().await?;
        let origin = Origin::start(tracker.address()).await?;
        let password = sign_in_as_operator(&folder.path.join("state"))?;
        let running = start(&folder.path, origin.address(), tracker.address())?;
        let stopped = until_stopped(&running)?;
        println!("{}", told(&folder, &running, &origin, &tracker, &password));
        stopped.await;
        // Connections of browsers stay open for long; the demonstration does not wait for them.
        tokio::task::spawn_blocking(|| running.stop()).await??;
        Ok(())
    })
}

/// Starts a gateway before the site with everything in one folder.
fn start(folder: &Path, origin: SocketAddr, tracker: SocketAddr) -> Result<Running, Box<dyn Error>> {
    let (certificate_file, key_file) = (folder.join("certificate.pem"), folder.join("key.pem"));
    if !certificate_file.exists() || !key_file.exists() {
        let (chain, key) = certificate(&["localhost", "demo.localhost", "127.0.0.1"])?;
        fs::write(&certificate_file, chain)?;
        write_private(&key_file, &key)?;
    }
    write_policy(&folder.join("policy"))?;
    let text = configuration(&Places {
        http: free(HTTP_PORT)?,
        https: free(HTTPS_PORT)?,
        admin: free(ADMIN_PORT)?,
        origin,
        tracker,
        certificate: &certificate_file,
        key: &key_file,
        state_dir: &folder.join("state"),
    });
    let file = folder.join("kelisim.toml");
    fs::write(&file, &text)?;
    let (configuration, _) = config::load(&file)?;
    let clock = Clock::system();
    let site = configuration.sites.first().map_or("localhost", |site| site.name.as_str());
    write_visits(&configuration.state_dir, site, clock.now())?;
    Ok(Running::start(configuration, clock)?)
}

/// An account for whoever looks, with a password of its own each time.
fn sign_in_as_operator(state_dir: &Path) -> Result<String, Box<dyn Error>> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(state_dir)?;
    let password = format!("{:016x}", u64::from_be_bytes(clock::random()));
    match admin::remove_account(state_dir, OPERATOR) {
        Ok(()) | Err(admin::AccountError::Unknown) => {}
        Err(error) => return Err(error.into()),
    }
    admin::add_account(state_dir, OPERATOR, admin::Role::Operator, &password, Clock::system().now())?;
    Ok(password)
}

fn told(folder: &Folder, running: &Running, origin: &Origin, tracker: &Tracker, password: &str) -> String {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let places = Places {
        http: running.http().first().copied().unwrap_or(nowhere),
        https: running.https().first().copied().unwrap_or(nowhere),
        admin: running.admin().unwrap_or(nowhere),
        origin: origin.address(),
        tracker: tracker.address(),
        certificate: &folder.path.join("certificate.pem"),
        key: &folder.path.join("key.pem"),
        state_dir: &folder.path.join("state"),
    };
    let config = folder.path.join("kelisim.toml");
    let kept = if folder.kept { "kept" } else { "deleted at the end" };
    format!(
        "{}\n  Sign in to the dashboard as {OPERATOR} with {password}\n    It shows four weeks of made-up visits, and yours.\n\n  The consent log\n    {} log export --config {}\n  All of it lies in {} and is {kept}.\n",
        guide(&places).trim_end_matches('\n').to_owned() + "\n",
        std::env::args().next().unwrap_or_else(|| "kelisim".to_owned()),
        config.display(),
        folder.path.display(),
    )
}

/// The preferred port of loopback, or 0 for any when somebody has it.
fn free(port: u16) -> std::io::Result<SocketAddr> {
    let preferred = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let taken = TcpListener::bind(preferred).is_err();
    Ok(if taken { TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()? } else { preferred })
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// The folder of a demonstration; deleted at the end unless it is to be kept.
pub(in crate::cli) struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    fn open(keep: Option<&Path>) -> std::io::Result<Self> {
        let Some(path) = keep else { return Self::temporary("kelisim-demo") };
        Self::create(std::path::absolute(path)?, true)
    }

    /// One that is deleted at the end, with a name that nobody can foresee.
    pub(in crate::cli) fn temporary(name: &str) -> std::io::Result<Self> {
        let number: [u8; 8] = clock::random();
        Self::create(std::env::temp_dir().join(format!("{name}-{:016x}", u64::from_be_bytes(number))), false)
    }

    /// Where it is.
    pub(in crate::cli) fn path(&self) -> &Path {
        &self.path
    }

    fn create(path: PathBuf, kept: bool) -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(kept).mode(0o700).create(&path)?;
        Ok(Self { path, kept })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // What can't be deleted lies in the folder for temporary files, which the system empties.
            _ = fs::remove_dir_all(&self.path);
        }
    }
}
