//! A small consent log that was never changed, made here: its leaves, records, checkpoint, proofs.

use std::sync::OnceLock;

use kelisim::{
    consent::{Category, CategorySet, ConsentId, EditionId},
    ledger::{
        Checkpoint, Entry, Event, EventKind, KeyKind, LeafIndex, LogId, Method, Note, NoticeId, PagePath, Proof,
        Prover, RecordId, Salt, SigningKey, Tile, Tiles, TreeHash, canonical, document_hash, leaf_hash,
    },
    timestamp::{Term, Timestamp},
    visitor::{AgentFamily, Language, Signals},
};

/// A log is called by its address and its number.
pub const ORIGIN: &str = "shop.example/_kelisim/log/03030303030303030303030303030303";
pub const WITNESS: &str = "witness.example";
/// The text of the notice that every record names.
pub const NOTICE: &str = "{\"edition\":\"2026-11\",\"language\":\"kk\",\"policy\":[]}";
/// Visitors, each with two records.
const VISITORS: u8 = 6;

/// A log and all that can be said of it.
pub struct Log {
    pub key: SigningKey,
    pub witness: SigningKey,
    /// The data of each leaf.
    pub leaves: Vec<Vec<u8>>,
    /// Salt and canonical bytes of each record, by its leaf.
    pub records: Vec<(u64, Salt, Vec<u8>)>,
    /// The signed note over all leaves.
    pub checkpoint: String,
    hashes: Vec<TreeHash>,
}

/// The log, made once.
pub fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(Log::new)
}

impl Tiles for Log {
    type Error = std::convert::Infallible;

    fn hashes(&self, tile: Tile) -> Result<Vec<TreeHash>, Self::Error> {
        assert_eq!((tile.level, tile.index), (0, 0), "the log fits one tile");
        Ok(self.hashes[..usize::from(tile.width)].to_vec())
    }
}

impl Log {
    fn new() -> Self {
        let day = Timestamp::parse("2026-11-22").unwrap();
        let key = SigningKey::from_seed(ORIGIN, KeyKind::Log, &[1; 32]).unwrap();
        let witness = SigningKey::from_seed(WITNESS, KeyKind::Witness, &[2; 32]).unwrap();
        let document = document_hash(NOTICE);
        let edition = EditionId::parse("2026-11").unwrap();
        let mut leaves = vec![
            Entry::Start { log: LogId([3; 16]), follows: None, day }.leaf_data(),
            Entry::Notice { id: NoticeId(document), language: Language::Kk, edition, document, day }.leaf_data(),
        ];
        let mut records = Vec::new();
        for visitor in 0..VISITORS {
            for withdrawn in [false, true] {
                let salt = Salt([visitor * 2 + u8::from(withdrawn); 32]);
                let ends = withdrawn.then_some(LeafIndex(leaves.len() as u64 - 1));
                let record = canonical(&event(visitor, NoticeId(document), ends));
                records.push((leaves.len() as u64, salt, record.clone()));
                leaves.push(Entry::consent(&salt, &record).leaf_data());
            }
        }
        let hashes = leaves.iter().map(|leaf| TreeHash::from(leaf_hash(leaf))).collect();
        let mut log = Self { key, witness, leaves, records, checkpoint: String::new(), hashes };
        log.checkpoint = log.checkpoint_of(log.size());
        log
    }

    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    fn root(&self, size: u64) -> TreeHash {
        let Ok(root) = Prover::new(self, size).root();
        root
    }

    /// The note over the first `size` leaves, signed by the log and the witness.
    pub fn checkpoint_of(&self, size: u64) -> String {
        // Before the events that follow it.
        let now = if size < self.size() { "2026-11-22T10:00:00Z" } else { "2026-11-23T00:00:00Z" };
        let now = Timestamp::parse(now).unwrap();
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: self.root(size) };
        let mut note: Note = checkpoint.sign(&self.key, now).note().clone();
        note.add(self.witness.sign(note.text(), now));
        note.to_string()
    }

    /// The hashes of the tile, as it is published.
    pub fn tile(&self) -> Vec<u8> {
        Tile::bytes(&self.hashes)
    }

    /// The proof that the first `old` leaves are the beginning of all.
    pub fn consistency(&self, old: u64) -> Vec<TreeHash> {
        let Ok(proof) = Prover::new(self, self.size()).consistency(old);
        proof
    }

    /// The name of the notice's file in a bundle.
    pub fn notice_file(&self) -> String {
        format!("notices/{}.json", NoticeId(document_hash(NOTICE)))
    }

    /// A line of a bundle's records.
    pub fn line(index: u64, salt: &Salt, record: &[u8]) -> Vec<u8> {
        let digits: String = salt.0.iter().map(|byte| format!("{byte:02x}")).collect();
        [format!("{{\"index\":{index},\"salt\":\"{digits}\",\"record\":").as_bytes(), record, b"}\n"].concat()
    }

    /// The receipt for a record.
    pub fn receipt(&self, (index, salt, record): &(u64, Salt, Vec<u8>)) -> String {
        let Ok(inclusion) = Prover::new(self, self.size()).inclusion(*index);
        let line = Self::line(*index, salt, record);
        let extra =
            [&b"{"[..], &line[line.iter().position(|byte| *byte == b',').unwrap() + 1..line.len() - 1]].concat();
        let proof =
            Proof { extra: Some(extra), index: LeafIndex(*index), inclusion, checkpoint: self.checkpoint.clone() };
        proof.to_string()
    }
}

fn event(visitor: u8, notice: NoticeId, ends: Option<LeafIndex>) -> Event {
    let functional = CategorySet::EMPTY.with(Category::Functional);
    let withdrawn = ends.is_some();
    Event {
        id: RecordId::from_random([visitor * 2 + u8::from(withdrawn); 16]),
        consent_id: ConsentId::from_bytes([visitor; 16]),
        site: "shop.example".into(),
        kind: if withdrawn { EventKind::Withdrawn } else { EventKind::Expressed },
        time: Timestamp::parse("2026-11-22T10:00:00.250Z").unwrap(),
        validity: Term { months: 6, days: 0 },
        valid_until: Timestamp::parse("2027-05-22T10:00:00.250Z").unwrap(),
        method: Method::BannerForm,
        offered: functional.with(Category::Analytical),
        allowed: if withdrawn { CategorySet::EMPTY } else { functional },
        edition: EditionId::parse("2026-11").unwrap(),
        notice,
        language: Language::Kk,
        page: Some(PagePath::new("/services?from=mail")),
        agent: AgentFamily::Firefox,
        signals: Signals::default(),
        ends,
        frame: None,
    }
}
