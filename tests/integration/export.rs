//! The log, taken out: in every form, beside a running gateway and without one, and what it leaves in the log.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Cursor, Read as _},
    path::Path,
    process::Command,
};

use kelisim::{
    clock::Clock,
    consent::{Category, CategorySet, ConsentId, EditionId},
    export::{BundleOptions, write_bundle},
    ledger::{
        Checkpoint, Entry, Event, EventKind, Frontier, Method, NoticeId, RecordId, Salt, SignedCheckpoint, TreeHash,
        VerifierKey, check_consistency, document_hash, entries_of_bundle, leaf_hash,
    },
    store::{Reader, Settings, Store, public_key_path},
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};
use serde_json::Value;

use crate::harness::{Gateway, kelisim, shop};

/// A bundle, unpacked.
struct Bundle(BTreeMap<String, Vec<u8>>);

impl Bundle {
    fn unpacked(path: &Path) -> Self {
        let mut archive = zip::ZipArchive::new(Cursor::new(fs::read(path).unwrap())).unwrap();
        let count = archive.len();
        let file = |place| {
            let mut file = archive.by_index(place).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        };
        Self((0..count).map(file).collect())
    }

    fn text(&self, path: &str) -> &str {
        std::str::from_utf8(self.0.get(path).unwrap_or_else(|| panic!("{path} is not in the bundle"))).unwrap()
    }

    fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.0.iter().filter_map(move |(path, bytes)| Some((path.strip_prefix(folder)?, &**bytes)))
    }

    fn manifest(&self) -> Value {
        serde_json::from_str(self.text("manifest.json")).unwrap()
    }

    /// The leaves in their order.
    fn leaves(&self) -> Vec<Vec<u8>> {
        let bundles = self.under("tile/entries/");
        bundles.flat_map(|(_, bytes)| entries_of_bundle(bytes).unwrap()).map(<[u8]>::to_vec).collect()
    }

    /// Checkpoints by their sizes, each with the log's signature.
    fn checkpoints(&self) -> BTreeMap<u64, Checkpoint> {
        let key = VerifierKey::parse(self.text("key").trim_end()).unwrap();
        let notes = self.under("checkpoints/").map(|(_, note)| std::str::from_utf8(note).unwrap());
        let opened = notes.chain([self.text("checkpoint")]).map(|note| SignedCheckpoint::open(note, &key).unwrap());
        opened.map(|signed| (signed.checkpoint().size, signed.checkpoint().clone())).collect()
    }
}

/// Everything in a bundle agrees with everything else. Returns its records.
fn check_whole(bundle: &Bundle) -> Vec<Value> {
    let manifest = bundle.manifest();
    let (leaves, checkpoints) = (bundle.leaves(), bundle.checkpoints());
    let mut frontier = Frontier::default();
    for leaf in &leaves {
        frontier.append(leaf_hash(leaf), |_| {});
    }
    let (size, newest) = checkpoints.last_key_value().unwrap();
    assert_eq!((manifest["size"].as_u64(), leaves.len() as u64), (Some(*size), *size));
    assert_eq!(frontier.root(), newest.root);
    assert_eq!(manifest["origin"], *newest.origin);
    for ((old, before), (new, after)) in checkpoints.iter().zip(checkpoints.iter().skip(1)) {
        let proof = bundle.text(&format!("consistency/{old:012}-{new:012}"));
        let proof: Vec<_> = proof.lines().map(|line| TreeHash::parse(line).unwrap()).collect();
        assert!(check_consistency(*old, *new, before.root, after.root, &proof), "{old} to {new}");
    }
    assert_eq!(bundle.under("consistency/").count(), checkpoints.len() - 1);
    let files = manifest["files"].as_object().unwrap();
    assert_eq!(files.len(), bundle.0.len() - 1);
    let lines = bundle.under("records/").flat_map(|(_, lines)| std::str::from_utf8(lines).unwrap().lines());
    let records = lines.map(|line| {
        let value: Value = serde_json::from_str(line).unwrap();
        let salt = value["salt"].as_str().unwrap();
        let salt: Vec<u8> = (0..32).map(|byte| u8::from_str_radix(&salt[byte * 2..][..2], 16).unwrap()).collect();
        let (_, record) = line.split_once(r#""record":"#).unwrap();
        let entry = Entry::consent(&Salt(salt.try_into().unwrap()), record.strip_suffix('}').unwrap().as_bytes());
        let index = usize::try_from(value["index"].as_u64().unwrap()).unwrap();
        assert_eq!(entry.leaf_data(), leaves[index], "leaf {index}");
        let notice = value["record"]["notice_id"].as_str().unwrap();
        let document = document_hash(bundle.text(&format!("notices/{notice}.json")));
        assert_eq!(NoticeId(document).to_string(), notice);
        value
    });
    records.collect()
}

fn leaves_of_kind(bundle: &Bundle, kind: &str) -> Vec<Value> {
    let tag = format!("kelisim-{kind}-leaf/v1\n");
    let leaves = bundle.leaves();
    let found = leaves.iter().filter_map(|leaf| leaf.strip_prefix(tag.as_bytes()));
    found.map(|json| serde_json::from_slice(json).unwrap()).collect()
}

fn exported(gateway: &Gateway, format: &str, name: &str, more: &[&str]) -> std::path::PathBuf {
    let out = gateway.path().join(name);
    let arguments = ["log", "export", "--format", format, "--out", out.to_str().unwrap()];
    let output = kelisim(gateway.path(), &[&arguments, more].concat());
    assert!(output.status.success(), "{output:?}");
    out
}

#[test]
fn every_form_of_export_tells_the_same_and_the_bundle_proves_it() {
    let shop = shop();
    let gateway = Gateway::with(&shop).edition("2026-01", "2026-01-01", false).start();
    let mut anna = gateway.browser();
    anna.choose("accept");
    gateway.at("2026-11-23T10:00:00Z");
    gateway.browser().choose("save&functional=on");
    gateway.at("2026-11-24T10:00:00Z");
    anna.choose("save&analytical=on");
    gateway.log_of(3);
    // The log signs at most once in a second by the gateway's clock.
    let mut seconds = 0;
    let bundle = loop {
        seconds += 1;
        gateway.at(&format!("2026-11-24T10:00:{seconds:02}Z"));
        let bundle = Bundle::unpacked(&exported(&gateway, "bundle", &format!("bundle-{seconds}.zip"), &[]));
        if bundle.under("records/").map(|(_, lines)| lines.iter().filter(|byte| **byte == b'\n').count()).sum::<usize>()
            == 3
        {
            break bundle;
        }
        assert!(seconds < 59, "no checkpoint covers the last choice");
    };
    let records = check_whole(&bundle);
    let rows = fs::read_to_string(exported(&gateway, "jsonl", "log.jsonl", &[])).unwrap();
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let same = |one: &Value, other: &Value| ["index", "salt", "record"].iter().all(|field| one[field] == other[field]);
    assert!(
        rows.len() == 3 && rows.iter().zip(&records).all(|(row, record)| same(row, record)),
        "{rows:#?}{records:#?}"
    );
    let table = fs::read_to_string(exported(&gateway, "csv", "log.csv", &[])).unwrap();
    let mut table =
        csv::ReaderBuilder::new().delimiter(b';').from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let columns = table.headers().unwrap().clone();
    let cell = |line: &csv::StringRecord, name: &str| {
        line[columns.iter().position(|column| column == name).unwrap()].to_owned()
    };
    let ended = |row: &Value, field: &str| match &row["act"][field] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let document: Value =
        serde_json::from_slice(&fs::read(exported(&gateway, "jsonld", "log.jsonld", &[])).unwrap()).unwrap();
    for ((line, row), record) in table.records().zip(&rows).zip(document["@graph"].as_array().unwrap()) {
        let line = line.unwrap();
        assert_eq!(cell(&line, "record_id"), row["record"]["record_id"]);
        assert_eq!(cell(&line, "consent_id").trim_start_matches('\''), row["record"]["consent_id"]);
        assert_eq!(cell(&line, "controller"), "Shop, БИН 260140000005");
        assert!(cell(&line, "shown_text").contains("cookie"), "{line:?}");
        assert_eq!(cell(&line, "policy_url"), "https://shop.example/_kelisim/policy/2026-01/ru");
        assert_eq!(record["dct:identifier"], row["record"]["record_id"]);
        let process = &record["dpv:hasProcess"];
        assert_eq!(process["dpv:hasStorageCondition"][0]["dpv:hasLocation"], "Kazakhstan");
        assert_eq!(process["dpv:hasRecipient"], serde_json::json!([]), "the notice says that there are none");
        assert_eq!(process["kelisim:thirdPartyTransfer"], false);
        assert_eq!(
            [&*cell(&line, "ended_by"), &cell(&line, "ended_on")],
            [&*ended(row, "ended_by"), &*ended(row, "ended_on")]
        );
        assert_eq!(record["kelisim:endedByLeaf"], row["act"]["ended_by"]);
        assert_eq!(process["dpv:hasDataController"]["dpv:hasContact"], "privacy@shop.example");
        assert_eq!(process["dpv:hasJurisdiction"], "loc:KZ");
    }
    // Anna chose again, and her first answer says so, though it had half a year to go.
    let last = (rows[2]["index"].clone(), "2026-11-24T10:00:00.000Z".into());
    assert_eq!((&rows[0]["act"]["ended_by"], &rows[0]["act"]["ended_on"]), (&last.0, &last.1));
    assert_eq!([&rows[1]["act"]["ended_by"], &rows[2]["act"]["ended_by"]], [&Value::Null, &Value::Null]);
    let policies = leaves_of_kind(&bundle, "policy");
    let [policy] = &*policies else { panic!("{policies:#?}") };
    let named = policy["document_sha256"].as_str().unwrap();
    let text = bundle.text(&format!("policies/{named}.txt"));
    let hash: String = document_hash(text).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(named, hash);
    assert_eq!(bundle.manifest()["period"], serde_json::json!({ "from": null, "to": null }));
    let whole = serde_json::json!({ "first": 0, "after": bundle.manifest()["size"] });
    assert_eq!(bundle.manifest()["leaves"], whole);
    // A later bundle shows who took the earlier ones.
    let folder = gateway.stopped(&shop).folder();
    let out = folder.path().join("last.zip");
    let arguments = ["log", "export", "--format", "bundle", "--from", "2026-11-23", "--to", "2026-11-23", "--out"];
    let output = kelisim(folder.path(), &[&arguments[..], &[out.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{output:?}");
    let last = Bundle::unpacked(&out);
    let records = check_whole(&last);
    assert_eq!(records.len(), 1, "only the record of the day");
    let index = records[0]["index"].as_u64().unwrap();
    assert_eq!(last.manifest()["leaves"], serde_json::json!({ "first": index, "after": index + 1 }));
    let period = serde_json::json!({ "from": "2026-11-23T00:00:00.000Z", "to": "2026-11-24T00:00:00.000Z" });
    assert_eq!(last.manifest()["period"], period);
    assert!(last.text("index.html").contains("are not in this file: 2."));
    let taken = leaves_of_kind(&last, "access");
    let forms: Vec<_> = taken.iter().map(|leaf| leaf["form"].as_str().unwrap()).collect();
    assert!(["bundle", "jsonl", "csv", "jsonld"].iter().all(|form| forms.contains(form)), "{taken:#?}");
    // The newest is this one.
    assert_eq!(taken.last().unwrap()["from"], "2026-11-23T00:00:00.000Z");
    assert!(taken.iter().all(|leaf| leaf["by"] == "command_line" && leaf["what"] == "export"), "{taken:#?}");
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    gateway.browser().choose("accept");
    let mine = gateway.path().join("mine.zip");
    fs::write(&mine, "mine").unwrap();
    let before = gateway.running().store().reader().unwrap().size().unwrap();
    for format in ["csv", "bundle"] {
        let arguments = ["log", "export", "--format", format, "--out", mine.to_str().unwrap()];
        let output = kelisim(gateway.path(), &arguments);
        let says = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(1) && says.contains("mine.zip") && says.contains("another name"),
            "{says}"
        );
    }
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
    assert_eq!(
        gateway.running().store().reader().unwrap().size().unwrap(),
        before,
        "nothing was taken, so no leaf says so"
    );
}

/// Events enough that a bundle kept in memory would be seen.
const MANY: u32 = 20_000;
/// How much more memory than before a bundle may take, in kilobytes: the records alone are twice as much.
const MOST_GROWTH: u64 = 8 * 1024;
/// Tells a process of its own which log to read.
const STATE: &str = "KELISIM_TEST_EXPORT_STATE";

#[test]
fn a_bundle_of_twenty_thousand_events_is_written_with_flat_memory() {
    if let Some(state) = std::env::var_os(STATE) {
        return println!("grew {} kB", growth_while_bundling(Path::new(&state)));
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let store =
        Store::open(&Settings { state_dir: state.clone(), host: "shop.example".into() }, Clock::system()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for start in (0..MANY).step_by(500) {
        runtime.block_on(async {
            let mut writing = tokio::task::JoinSet::new();
            for number in start..start + 500 {
                let store = store.clone();
                writing.spawn(async move { store.append(event(number)).await.unwrap() });
            }
            while let Some(written) = writing.join_next().await {
                written.unwrap();
            }
        });
    }
    drop(store);
    // The log signs what is new when it is opened.
    drop(Store::open(&Settings { state_dir: state.clone(), host: "shop.example".into() }, Clock::system()).unwrap());
    let name = "export::a_bundle_of_twenty_thousand_events_is_written_with_flat_memory";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(STATE, &state)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    let grew = said.split_once("grew ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
    assert!(grew.unwrap_or_else(|| panic!("{child:?}")) < MOST_GROWTH, "{said}");
}

/// Writes a bundle of the whole log to nowhere, and tells by how many kilobytes its records made the most memory ever used grow.
fn growth_while_bundling(state: &Path) -> u64 {
    let peak = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let key = VerifierKey::parse(fs::read_to_string(public_key_path(state)).unwrap().trim_end()).unwrap();
    let options = BundleOptions { from: None, to: None, created: Clock::system().now(), key, witnesses: Vec::new() };
    let reader = Reader::open(state).unwrap();
    // The same tree without records: what program and library need for themselves.
    let empty = BundleOptions { from: Timestamp::parse("2030-01-01"), ..options.clone() };
    assert_eq!(write_bundle(&reader, &empty, io::sink(), &mut |_| {}).unwrap().records, 0);
    let before = peak();
    let written = write_bundle(&reader, &options, io::sink(), &mut |_| {}).unwrap();
    assert_eq!(written.records, u64::from(MANY));
    peak() - before
}

fn event(number: u32) -> Event {
    let mut name = [0x5a; 16];
    name[..4].copy_from_slice(&number.to_be_bytes());
    let functional = CategorySet::EMPTY.with(Category::Functional);
    let time = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
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
        notice: NoticeId([7; 32]),
        language: Language::Ru,
        page: None,
        agent: AgentFamily::Firefox,
        signals: Signals { global_privacy_control: false, do_not_track: false },
        ends: None,
        frame: None,
    }
}
