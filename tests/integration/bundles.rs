//! Bundles of a log that goes on while they are written, and what a stranger finds in them.

use std::{fs, io, path::Path};

use kelisim::{
    clock::Clock,
    consent::{Category, CategorySet, ConsentId, EditionId},
    export::{BundleOptions, write_bundle},
    ledger::{ErasureReason, Event, EventKind, Method, NoticeId, RecordId, document_hash},
    store::{Settings, Store},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};
use serde_json::Value;

/// A log of its own, in the hands of the test.
struct Shop {
    folder: tempfile::TempDir,
    store: Store,
    runtime: tokio::runtime::Runtime,
}

fn opened(folder: &Path) -> Store {
    Store::open(&Settings { state_dir: folder.join("state"), host: "shop.example".into() }, Clock::system()).unwrap()
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { folder, store, runtime }
    }

    /// Stops, does something to the state directory, and starts.
    fn opened_again(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { folder, store, runtime } = self;
        drop(store);
        meanwhile(&folder.path().join("state"));
        Self { store: opened(folder.path()), folder, runtime }
    }

    /// The origins of the checkpoints in the last bundle beside the newest.
    fn bundled_origins(&self) -> Vec<String> {
        let file = fs::File::open(self.folder.path().join("bundle.zip")).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        let kept = names.iter().filter(|name| name.starts_with("checkpoints/"));
        kept.map(|name| {
            let note = io::read_to_string(archive.by_name(name).unwrap()).unwrap();
            note.lines().next().unwrap().to_owned()
        })
        .collect()
    }

    /// A site's text of the policy and its notice.
    fn publish(&self, policy: &str) -> NoticeId {
        let edition = EditionId::parse("2026-01").unwrap();
        let hash: String = document_hash(policy).iter().map(|byte| format!("{byte:02x}")).collect();
        let document = format!(r#"{{"edition":"2026-01","policy":[{{"language":"ru","sha256":"{hash}"}}]}}"#);
        let id = NoticeId(document_hash(&document));
        let day = Timestamp::parse("2026-01-01").unwrap();
        self.store.keep_policy(&edition, Language::Ru, day, policy).unwrap();
        self.store.keep_notice(id, Language::Ru, &edition, &document).unwrap();
        id
    }

    fn choose(&self, visitors: std::ops::Range<u32>, notice: NoticeId) {
        self.runtime.block_on(async {
            for visitor in visitors {
                self.store.append(event(visitor, notice)).await.unwrap();
            }
        });
    }

    fn erase(&self, visitor: u32) -> bool {
        let id = event(visitor, NoticeId([0; 32])).consent_id;
        self.runtime.block_on(self.store.erase(id, ErasureReason::Request)).unwrap().overwritten
    }

    /// Waits until all leaves are signed.
    fn signed(&self) {
        let size = self.store.reader().unwrap().size().unwrap();
        let mut checkpoints = self.store.checkpoints();
        let covered =
            checkpoints.wait_for(|latest| latest.as_ref().is_some_and(|latest| latest.checkpoint().size >= size));
        drop(self.runtime.block_on(covered).unwrap());
    }

    /// Writes a bundle and does something as soon as its first records are in it. Gives what a verifier says of it.
    fn bundle(&self, mut meanwhile: impl FnMut()) -> Value {
        let path = self.folder.path().join("bundle.zip");
        let options = self.options();
        let reader = self.store.reader().unwrap();
        let mut begun = false;
        write_bundle(&reader, &options, fs::File::create(&path).unwrap(), &mut |_| {
            if !std::mem::replace(&mut begun, true) {
                meanwhile();
            }
        })
        .unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_kelisim"))
            .args(["log", "verify", "--json"])
            .arg(&path)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    fn options(&self) -> BundleOptions {
        let (created, key) = (Clock::system().now(), self.store.key().clone());
        BundleOptions { from: None, to: None, created, key, witnesses: Vec::new() }
    }
}

#[test]
fn a_bundle_holds_what_was_written_just_before_it_begins() {
    let shop = Shop::new();
    let notice = shop.publish("Политика\n");
    shop.choose(0..3, notice);
    let written = shop.store.reader().unwrap().size().unwrap();
    let report = shop.bundle(|| ());
    assert_eq!(report["problems"], serde_json::json!([]));
    assert!(report["size"].as_u64().unwrap() >= written, "{report}");
}

#[test]
fn a_record_that_is_erased_while_a_bundle_is_written_is_in_it_and_not_in_the_next() {
    let shop = Shop::new();
    let notice = shop.publish("Политика\n");
    // More than are read at once, so that some are read after the erasure.
    shop.choose(0..1_200, notice);
    shop.signed();
    let report = shop.bundle(|| {
        assert!(!shop.erase(3), "the bundle still reads it");
        assert!(!shop.erase(1_100), "and will read this one");
    });
    assert_eq!(report["problems"], serde_json::json!([]));
    assert_eq!([&report["records"]["kept"], &report["records"]["removed"]], [1_200, 0]);
    // At once, also before a checkpoint covers the erasures: then it waits for one.
    let report = shop.bundle(|| ());
    assert_eq!(report["problems"], serde_json::json!([]));
    assert_eq!([&report["records"]["kept"], &report["records"]["removed"]], [1_198, 2]);
}

#[test]
fn sites_that_call_different_texts_by_one_edition_are_both_in_it_after_every_start() {
    let mut shop = Shop::new();
    for _ in 0..2 {
        for (visitor, policy) in [(1, "Первый сайт\n"), (2, "Второй сайт\n")] {
            let notice = shop.publish(policy);
            shop.choose(visitor..visitor + 1, notice);
        }
        shop.signed();
        let report = shop.bundle(|| ());
        assert_eq!(report["problems"], serde_json::json!([]));
        shop = shop.opened_again(|_| ());
    }
    let reader = shop.store.reader().unwrap();
    let leaves = reader.leaf_data(0, 100).unwrap();
    let policies = leaves.iter().filter(|leaf| leaf.starts_with(b"kelisim-policy-leaf/v1\n"));
    assert_eq!(policies.count(), 2);
}

#[test]
fn checkpoints_of_the_log_before_a_restore_are_in_it_unless_nobody_could_check_them() {
    for key_lost in [false, true] {
        let shop = Shop::new();
        let notice = shop.publish("Политика\n");
        shop.choose(0..3, notice);
        shop.signed();
        let old = shop.store.key().name().to_owned();
        let shop = shop.opened_again(|state| {
            // What is not in a backup is not there after a restore.
            fs::remove_dir_all(state.join("outside-backup")).unwrap();
            if key_lost {
                fs::remove_file(state.join("log.key")).unwrap();
            }
        });
        assert_ne!(shop.store.key().name(), old);
        shop.choose(3..6, notice);
        shop.signed();
        let report = shop.bundle(|| ());
        assert_eq!(report["problems"], serde_json::json!([]), "key lost: {key_lost}");
        assert_eq!(shop.bundled_origins().contains(&old), !key_lost);
    }
}

fn event(number: u32, notice: NoticeId) -> Event {
    let name: [u8; 16] = std::array::from_fn(|at| number.to_be_bytes()[at % 4]);
    let functional = CategorySet::EMPTY.with(Category::Functional);
    let time = Clock::system().now();
    Event {
        id: RecordId::from_random(name),
        consent_id: ConsentId::from_bytes(name),
        site: "shop.example".into(),
        kind: EventKind::Expressed,
        time,
        validity: Term { months: 6, days: 0 },
        valid_until: Term { months: 6, days: 0 }.after(time),
        method: Method::BannerForm,
        offered: functional.with(Category::Analytical),
        allowed: functional,
        edition: EditionId::parse("2026-01").unwrap(),
        notice,
        language: Language::Ru,
        page: None,
        agent: AgentFamily::Firefox,
        signals: Signals { global_privacy_control: false, do_not_track: false },
        ends: None,
        frame: None,
    }
}
