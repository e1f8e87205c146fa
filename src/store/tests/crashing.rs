//! A process that is killed, or whose machine loses power, in the middle of its work: nothing acknowledged is lost, no index is given
//! twice, and what was signed stays true.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    thread,
};

use super::*;
use crate::{
    clock,
    consent::ConsentId,
    ledger::{Content, ErasureReason, Prover, samples::event},
    store::Reader,
};

/// Where the process that is to be killed keeps its log.
const STATE_DIR: &str = "KELISIM_TEST_STATE_DIR";
const KILLS: u32 = 25;
const POWER_CUTS: u32 = 6;
const CLIENTS: usize = 4;
/// In how many acknowledgements the end comes at the latest.
const LATEST_END: u8 = 120;

/// What was told to somebody before the end.
#[derive(Default)]
struct Told {
    log: BTreeSet<String>,
    kept: BTreeMap<u64, String>,
    /// An erasure was begun; who was told that it is done is in `erased`.
    erasing: BTreeSet<u64>,
    erased: BTreeSet<u64>,
    signed: Option<(u64, String)>,
}

impl Told {
    fn take(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (Some(word), Some(first)) = (words.next(), words.next()) else { return };
        let index = || first.parse::<u64>().unwrap();
        match (word, words.next()) {
            ("log", _) => _ = self.log.insert(first.to_owned()),
            ("kept", Some(id)) => assert_eq!(self.kept.insert(index(), id.to_owned()), None, "index {first} twice"),
            ("erasing", _) => _ = self.erasing.insert(index()),
            ("erased", _) => _ = self.erased.insert(index()),
            ("signed", Some(root)) => self.signed = Some((index(), root.to_owned())),
            // The frame that tests print.
            _ => {}
        }
    }

    /// Everything that was told is so, and goes on being so when the log is opened again.
    fn check(&self, state_dir: &Path) {
        let settings = Settings { state_dir: state_dir.to_owned(), host: "shop.example".into() };
        let store = Store::open(&settings, Clock::system()).unwrap();
        assert_eq!(self.log, BTreeSet::from([store.log().to_string()]), "a crash is no restore");
        assert!(self.kept.keys().all(|index| store.is_live(LeafIndex(*index)) || self.erasing.contains(index)));
        let rows: BTreeMap<_, _> = read_all(state_dir).into_iter().map(|row| (row.index.0, row.content)).collect();
        for (index, id) in &self.kept {
            match &rows[index] {
                Content::Kept(event, _) => {
                    assert_eq!(event.consent_id.to_string(), *id, "leaf {index}");
                    assert!(!self.erased.contains(index), "leaf {index} was erased");
                }
                Content::Removed { .. } => assert!(self.erasing.contains(index), "leaf {index} is gone"),
            }
        }
        let Some((size, root)) = &self.signed else { return };
        drop(store);
        let reader = Reader::open(state_dir).unwrap();
        assert!(reader.size().unwrap() >= *size);
        assert_eq!(Prover::new(&reader, *size).root().unwrap().to_string(), *root, "what was signed is the beginning");
    }
}

/// Writes, erases and signs, and tells of it, until somebody ends it.
#[test]
#[ignore = "a process of its own, started and killed by the tests beside it"]
fn a_process_that_is_to_be_killed() {
    let state_dir = PathBuf::from(std::env::var_os(STATE_DIR).expect("started by the tests beside it"));
    let clock = Clock::standing_at(Timestamp::parse("2026-11-22T12:00:00Z").unwrap());
    let store = Store::open(&Settings { state_dir, host: "shop.example".into() }, clock.clone()).unwrap();
    let tell = |line: String| {
        // Nobody listens any more: the end has come.
        if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
            std::process::exit(0);
        }
    };
    tell(format!("\nlog {}\n", store.log()));
    let block_on = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                block_on().block_on(async {
                    for round in 0_u32.. {
                        let id = ConsentId::from_bytes(clock::random());
                        let Ok(kept) = store.append(Event { consent_id: id, ..event(1) }).await else { break };
                        tell(format!("kept {} {id}\n", kept.index.0));
                        if round % 8 == 7 {
                            tell(format!("erasing {}\n", kept.index.0));
                            let Ok(_) = store.erase(id, ErasureReason::Request).await else { break };
                            tell(format!("erased {}\n", kept.index.0));
                        }
                        clock.set(Timestamp::from_milliseconds(clock.now().milliseconds() + 1000));
                    }
                });
            });
        }
        scope.spawn(|| {
            block_on().block_on(async {
                let mut checkpoints = store.checkpoints();
                while checkpoints.changed().await.is_ok() {
                    let signed = checkpoints.borrow_and_update().clone().unwrap();
                    tell(format!("signed {} {}\n", signed.checkpoint().size, signed.checkpoint().root));
                }
            });
        });
    });
}

/// Lets the process work until it has acknowledged some number of choices, another one each time, then ends it.
fn work_and_end(state_dir: &Path, told: &mut Told, end: impl Fn(&mut Child)) {
    let [number] = clock::random::<1>();
    let last = 1 + usize::from(number % LATEST_END);
    let name = "store::tests::crashing::a_process_that_is_to_be_killed";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .env(STATE_DIR, state_dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    // What it had said before its end is heard to the last line.
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        told.take(&line);
        acknowledged += usize::from(line.starts_with("kept "));
        if acknowledged == last && line.starts_with("kept ") {
            end(&mut child);
        }
    }
    child.wait().unwrap();
    assert!(acknowledged >= last, "it ended by itself after {acknowledged} of {last}");
}

#[test]
fn a_process_that_is_killed_again_and_again_keeps_every_word() {
    let house = House::new();
    let mut told = Told::default();
    for _ in 0..KILLS {
        work_and_end(&house.state_dir(), &mut told, |child| child.kill().unwrap());
        told.check(&house.state_dir());
    }
    assert!(told.kept.len() >= KILLS as usize && told.signed.is_some());
}

/// A file system of its own in a file, which can lose its power.
struct Disk {
    directory: TempDir,
}

fn run(program: &str, arguments: &[&OsStr]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    let said = || format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    if output.status.success() { Ok(()) } else { Err(said()) }
}

impl Disk {
    fn new() -> Result<Self, String> {
        let disk = Self { directory: TempDir::new().unwrap() };
        std::fs::create_dir(disk.mounted()).unwrap();
        std::fs::File::create(disk.image()).unwrap().set_len(256 << 20).unwrap();
        run("mkfs.ext4", &["-q".as_ref(), disk.image().as_ref()])?;
        disk.mount()?;
        Ok(disk)
    }

    fn image(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    fn mounted(&self) -> PathBuf {
        self.directory.path().join("mounted")
    }

    fn mount(&self) -> Result<(), String> {
        run("mount", &["-o".as_ref(), "loop".as_ref(), self.image().as_ref(), self.mounted().as_ref()])
    }

    fn unmount(&self) -> Result<(), String> {
        run("umount", &[self.mounted().as_ref()])
    }

    /// Forgets whatever was not written to the disk, the file system's own journal too, and takes no more writes.
    ///
    /// The process goes no further than the system call that it is in: where there is no power there are no answers, and an `fsync` that
    /// the journal's abort catches in the middle may return that all is well, for a journal that is gone waits for nothing.
    fn cut_power(&self, process: &Child) -> Result<(), String> {
        // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, when every thread is stopped or waits for the disk.
        let cut = "import fcntl, glob, os, signal, struct, sys\n\
                   disk, process = os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2])\n\
                   os.kill(process, signal.SIGSTOP)\n\
                   state = lambda path: open(path).read().rpartition(') ')[2][0]\n\
                   while any(state(path) not in 'TD' for path in glob.glob(f'/proc/{process}/task/*/stat')): pass\n\
                   fcntl.ioctl(disk, 0x8004587d, struct.pack('I', 2))";
        let process = process.id().to_string();
        run("python3", &["-c".as_ref(), cut.as_ref(), self.mounted().as_ref(), process.as_ref()])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.unmount();
    }
}

#[test]
fn a_machine_that_loses_its_power_again_and_again_keeps_every_word() {
    let disk = Disk::new().unwrap_or_else(|reason| panic!("this test takes root, loop devices and ext4: {reason}"));
    let state_dir = disk.mounted().join("state");
    let mut told = Told::default();
    for _ in 0..POWER_CUTS {
        work_and_end(&state_dir, &mut told, |child| {
            disk.cut_power(child).unwrap();
            child.kill().unwrap();
        });
        disk.unmount().unwrap();
        disk.mount().unwrap();
        told.check(&state_dir);
    }
    assert!(told.kept.len() >= POWER_CUTS as usize && told.signed.is_some());
}
