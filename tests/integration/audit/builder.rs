//! A log of a small shop, made from the ledger's public parts, and the bundle of it. Stories bend the one or the other.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use kelisim::{
    consent::{Category, CategorySet, ConsentId, EditionId},
    ledger::{
        Checkpoint, Entry, EntryBundle, ErasureReason, Event, EventKind, Frontier, KeyKind, LeafIndex, LogId, Method,
        NoticeId, Predecessor, Prover, RecordId, Salt, SignedCheckpoint, SigningKey, Tile, Tiles, TreeHash,
        bundle_entry, canonical, document_hash, leaf_hash,
    },
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};
use serde_json::{Value, json};

pub const EDITION: &str = "2026-01";
pub const POLICY: &str = "Политика cookie, редакция первая.\n";
const BEGINNING: &str = "2026-11-20T08:00:00Z";

/// A log while it is kept.
#[derive(Clone)]
pub struct Log {
    pub leaves: Vec<Vec<u8>>,
    pub records: BTreeMap<u64, (Salt, Vec<u8>)>,
    pub checkpoints: Vec<SignedCheckpoint>,
    pub now: Timestamp,
    /// Notices and texts of the policy, as they lie in the bundle.
    pub texts: BTreeMap<String, String>,
    seed: u8,
    ids: Vec<LogId>,
    /// Both, one, or none.
    pub witnesses: usize,
}

/// The files of a bundle.
#[derive(Clone)]
pub struct Bundle(pub BTreeMap<String, Vec<u8>>);

impl Log {
    /// A log with the texts that its events name.
    pub fn begun(witnesses: usize) -> Self {
        Self::begun_as(1, LogId([1; 16]), witnesses)
    }

    pub fn begun_as(seed: u8, id: LogId, witnesses: usize) -> Self {
        let mut log = Self::empty(seed, id, witnesses);
        log.keep_policy(EDITION, Language::Ru, POLICY);
        log.keep_notice(EDITION, &notice());
        log
    }

    /// A log without any text.
    pub fn empty(seed: u8, id: LogId, witnesses: usize) -> Self {
        let now = Timestamp::parse(BEGINNING).unwrap();
        let (leaves, records, texts) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut log = Self { leaves, records, checkpoints: Vec::new(), now, texts, seed, ids: vec![id], witnesses };
        log.append(&Entry::Start { log: id, follows: None, day: now });
        log
    }

    /// A text of the policy, with its leaf.
    pub fn keep_policy(&mut self, edition: &str, language: Language, text: &str) -> u64 {
        self.texts.insert(policy_file_of(text), text.to_owned());
        let (edition, document) = (EditionId::parse(edition).unwrap(), document_hash(text));
        self.append(&Entry::Policy { edition, language, document, effective: self.now, day: self.now })
    }

    /// A notice, with its leaf.
    pub fn keep_notice(&mut self, edition: &str, document: &str) -> NoticeId {
        let (edition, hash) = (EditionId::parse(edition).unwrap(), document_hash(document));
        let id = NoticeId(hash);
        self.texts.insert(notice_file_of(document), document.to_owned());
        self.append(&Entry::Notice { id, language: Language::Ru, edition, document: hash, day: self.now });
        id
    }

    /// The shop of most stories: 290 events, ten seconds apart, and a checkpoint after each fifty.
    pub fn of_a_day(witnesses: usize) -> Self {
        let mut log = Self::begun(witnesses);
        for visitor in 0..290_u32 {
            log.choose(visitor);
            if visitor % 50 == 0 {
                log.sign();
            }
        }
        log.sign();
        log
    }

    pub fn key(&self) -> SigningKey {
        let origin = format!("shop.example/_kelisim/log/{}", self.ids.last().unwrap());
        SigningKey::from_seed(&origin, KeyKind::Log, &[self.seed; 32]).unwrap()
    }

    pub fn append(&mut self, entry: &Entry) -> u64 {
        self.leaves.push(entry.leaf_data());
        self.leaves.len() as u64 - 1
    }

    /// A visitor accepts, ten seconds after the one before.
    pub fn choose(&mut self, visitor: u32) -> u64 {
        self.now = Timestamp::from_seconds(self.now.seconds() + 10);
        self.record(&event(visitor, self.now))
    }

    pub fn record(&mut self, event: &Event) -> u64 {
        let salt = Salt(std::array::from_fn(|at| (self.leaves.len() * 7 + at) as u8));
        let body = canonical(event);
        let index = self.append(&Entry::consent(&salt, &body));
        self.records.insert(index, (salt, body));
        index
    }

    pub fn erase(&mut self, index: u64) {
        self.records.remove(&index);
        self.append(&Entry::Erasure { index: LeafIndex(index), reason: ErasureReason::Request, day: self.now });
    }

    pub fn retain(&mut self, first: u64, last: u64) {
        self.records.retain(|index, _| !(first..=last).contains(index));
        let ranges = vec![(LeafIndex(first), LeafIndex(last))];
        self.append(&Entry::Retention { ranges, before: self.now, day: self.now });
    }

    /// Goes on from a backup that had the first `size` leaves.
    pub fn restore(&mut self, size: u64) {
        self.leaves.truncate(size as usize);
        self.records.retain(|index, _| *index < size);
        self.checkpoints.retain(|signed| signed.checkpoint().size <= size);
        let follows = Some(Predecessor { log: *self.ids.last().unwrap(), size });
        let log = LogId([self.ids.len() as u8 + 1; 16]);
        self.ids.push(log);
        self.append(&Entry::Start { log, follows, day: self.now });
    }

    /// Signs what there is; the first witness sees it a second later, the second one two.
    pub fn sign(&mut self) -> String {
        let mut frontier = Frontier::default();
        self.leaves.iter().for_each(|leaf| frontier.append(leaf_hash(leaf), |_| ()));
        let key = self.key();
        let checkpoint =
            Checkpoint { origin: key.verifier().name().into(), size: frontier.size(), root: frontier.root() };
        let mut signed = checkpoint.sign(&key, self.now);
        for (delay, witness) in (1..).zip(witnesses().into_iter().take(self.witnesses)) {
            let line = witness.sign(signed.note().text(), Timestamp::from_seconds(self.now.seconds() + delay));
            signed.note_mut().add(line);
        }
        let text = signed.note().to_string();
        self.checkpoints.push(signed);
        text
    }

    /// Everything in a bundle, for all leaves.
    pub fn bundle(&self) -> Bundle {
        let mut files = BTreeMap::new();
        let mut put = |path: String, bytes: Vec<u8>| _ = files.insert(path, bytes);
        let newest = self.checkpoints.last().unwrap();
        let size = newest.checkpoint().size;
        put("index.html".into(), b"<!doctype html><title>A log</title>".to_vec());
        put("key".into(), format!("{}\n", self.key().verifier()).into());
        let vouching = witnesses().into_iter().take(self.witnesses);
        put("witnesses".into(), vouching.map(|key| format!("{}\n", key.verifier())).collect::<String>().into());
        put("checkpoint".into(), newest.note().to_string().into());
        for signed in &self.checkpoints[..self.checkpoints.len() - 1] {
            put(format!("checkpoints/{:012}", signed.checkpoint().size), signed.note().to_string().into());
        }
        let mut prover = Prover::new(self, size);
        for pair in self.checkpoints.windows(2) {
            let [old, new] = [pair[0].checkpoint().size, pair[1].checkpoint().size];
            let proof = Prover::new(self, new).consistency(old).unwrap();
            let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
            put(format!("consistency/{old:012}-{new:012}"), lines.into());
        }
        prover.root().unwrap();
        for tile in Tile::all(size) {
            put(tile.path(), Tile::bytes(&self.hashes(tile).unwrap()));
            if tile.level == 0 {
                let (entries, first) = (EntryBundle::in_tree(tile.index, size).unwrap(), tile.index as usize * 256);
                let mut bytes = Vec::new();
                self.leaves[first..first + usize::from(tile.width)]
                    .iter()
                    .for_each(|leaf| bundle_entry(&mut bytes, leaf));
                put(entries.path(), bytes);
            }
        }
        put(
            records_file(),
            self.records.iter().flat_map(|(index, (salt, body))| line_of(*index, salt, body)).collect(),
        );
        self.texts.iter().for_each(|(file, text)| put(file.clone(), text.clone().into()));
        let mut bundle = Bundle(files);
        bundle.describe(json!({
            "format": "kelisim-bundle/v1", "program": "kelisim 0.1.0", "created": "2026-11-22T00:00:00.000Z",
            "origin": newest.checkpoint().origin, "size": size, "period": { "from": null, "to": null },
            "leaves": { "first": 0, "after": size },
        }));
        bundle
    }
}

impl Tiles for Log {
    type Error = std::convert::Infallible;

    fn hashes(&self, tile: Tile) -> Result<Vec<TreeHash>, Self::Error> {
        let mut nodes: Vec<TreeHash> = Vec::new();
        let mut frontier = Frontier::default();
        for leaf in &self.leaves {
            if tile.level == 0 {
                nodes.push(leaf_hash(leaf).into());
            }
            frontier.append(leaf_hash(leaf), |node| {
                if node.level == tile.level {
                    nodes.push(node.hash);
                }
            });
        }
        let first = tile.index as usize * 256;
        Ok(nodes[first..first + usize::from(tile.width)].to_vec())
    }
}

impl Bundle {
    /// Writes the manifest anew, as one would who wants to hide a change; what it said besides of the files stays.
    pub fn describe(&mut self, mut manifest: Value) {
        self.0.remove("manifest.json");
        let files: BTreeMap<_, _> = self.0.iter().map(|(path, bytes)| (path, described(bytes))).collect();
        manifest["files"] = json!(files);
        self.0.insert("manifest.json".into(), manifest.to_string().into());
    }

    pub fn describe_again(&mut self) {
        self.describe(self.manifest());
    }

    pub fn manifest(&self) -> Value {
        serde_json::from_slice(&self.0["manifest.json"]).unwrap()
    }

    /// Lets the manifest say something else, and describe the files as they are.
    pub fn say(&mut self, field: &str, value: Value) {
        let mut manifest = self.manifest();
        manifest[field] = value;
        self.describe(manifest);
    }

    pub fn text(&self, file: &str) -> String {
        String::from_utf8(self.0[file].clone()).unwrap()
    }

    /// Changes the text of a file and nothing else.
    pub fn edit(&mut self, file: &str, edit: impl FnOnce(&str) -> String) {
        let text = self.text(file);
        let edited = edit(&text);
        assert_ne!(edited, text, "{file} is changed");
        self.0.insert(file.into(), edited.into());
    }

    pub fn write(&self, folder: &Path) {
        for (path, bytes) in &self.0 {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    pub fn zip(&self, path: &Path) {
        let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
        for (path, bytes) in &self.0 {
            let method = if path.starts_with("tile/") {
                zip::CompressionMethod::Stored
            } else {
                zip::CompressionMethod::Deflated
            };
            zip.start_file(path, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }
}

/// A choice at a moment.
pub fn event(visitor: u32, time: Timestamp) -> Event {
    let number: [u8; 16] = std::array::from_fn(|at| visitor.to_be_bytes()[at % 4]);
    let offered = CategorySet::EMPTY.with(Category::Functional).with(Category::Analytical);
    Event {
        id: RecordId::from_random(number),
        consent_id: ConsentId::from_bytes(number),
        site: "shop.example".into(),
        kind: EventKind::Expressed,
        time,
        validity: Term { months: 6, days: 0 },
        valid_until: Term { months: 6, days: 0 }.after(time),
        method: Method::BannerForm,
        offered,
        allowed: CategorySet::EMPTY.with(Category::Functional),
        edition: EditionId::parse(EDITION).unwrap(),
        notice: NoticeId(document_hash(&notice())),
        language: Language::Ru,
        page: None,
        agent: AgentFamily::Firefox,
        signals: Signals { global_privacy_control: false, do_not_track: false },
        ends: None,
        frame: None,
    }
}

/// Two parties outside of the shop.
pub fn witnesses() -> [SigningKey; 2] {
    [("auditor.example/w1", 91), ("university.example/w2", 92)]
        .map(|(name, seed)| SigningKey::from_seed(name, KeyKind::Witness, &[seed; 32]).unwrap())
}

/// A line of a file of records.
pub fn line(index: u64, salt: &Salt, body: &[u8]) -> String {
    String::from_utf8(line_of(index, salt, body)).unwrap()
}

/// The same of a record that need not be text.
fn line_of(index: u64, salt: &Salt, body: &[u8]) -> Vec<u8> {
    let start = format!("{{\"index\":{index},\"salt\":\"{}\",\"record\":", digits(&salt.0));
    [start.as_bytes(), body, b"}\n"].concat()
}

pub fn records_file() -> String {
    format!("records/{:012}.jsonl", 3)
}

/// The notice that events name.
pub fn notice() -> String {
    notice_of(&[("ru", POLICY)])
}

/// A notice beside which these texts of the policy could be read.
pub fn notice_of(policy: &[(&str, &str)]) -> String {
    let policy: Vec<_> = policy
        .iter()
        .map(|(language, text)| json!({ "language": language, "sha256": digits(&document_hash(text)) }))
        .collect();
    json!({ "language": "ru", "policy": policy, "text": "Мы спрашиваем до того, как считаем." }).to_string()
}

pub fn notice_file() -> String {
    notice_file_of(&notice())
}

pub fn notice_file_of(document: &str) -> String {
    format!("notices/{}.json", NoticeId(document_hash(document)))
}

pub fn policy_file() -> String {
    policy_file_of(POLICY)
}

pub fn policy_file_of(text: &str) -> String {
    format!("policies/{}.txt", digits(&document_hash(text)))
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    digits(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

fn described(bytes: &[u8]) -> Value {
    json!({ "bytes": bytes.len(), "sha256": sha256(bytes) })
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
