//! Signed notes (C2SP signed-note): a text and under it the signatures of those who vouch for it. Ed25519 only.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    entry::sha256,
    hex::{hex, unhex},
};
use crate::timestamp::Timestamp;

/// How many signatures a note may have: a log's own and those of more witnesses than anybody asks. The specification's minimum is 16.
const MOST_SIGNATURES: usize = 64;

/// Longest note that is read, in bytes: the text of a checkpoint and its signatures, also such as we do not know.
pub const LONGEST_NOTE: usize = 512 * 1024;

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// The text itself: a log signs its checkpoints so. Type `0x01`.
    Log,
    /// When it was seen: a witness signs so (C2SP tlog-cosignature, `cosignature/v1`). Type `0x04`.
    Witness,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }
}

/// A public key with the name of its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: Box<str>,
    kind: KeyKind,
    public: [u8; 32],
}

/// Why a text is not a verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The three parts are not there.
    #[error(
        "a verifier key is written as name+8 hexadecimal digits+base64, for example example.kz/log+530d903a+Aekyee…"
    )]
    Form,
    /// A key of another kind of signature.
    #[error("the key is not for Ed25519 signatures of a log (type 1) or a witness (type 4)")]
    Kind,
    /// The digits in the middle are not those of this name and key.
    #[error("the digits in the middle do not belong to this name and key; copy the whole key again")]
    Id,
}

impl VerifierKey {
    /// A key with a name; `None` where the name is empty or has white space, a control character or `+` in it.
    pub fn new(name: &str, kind: KeyKind, public: [u8; 32]) -> Option<Self> {
        is_name(name).then(|| Self { name: name.into(), kind, public })
    }

    /// Reads what [`fmt::Display`] writes.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyFault::Form);
        };
        let bytes = STANDARD.decode(key).map_err(|_| KeyFault::Form)?;
        let (kind, public) = bytes.split_first().ok_or(KeyFault::Form)?;
        let kind = [KeyKind::Log, KeyKind::Witness].into_iter().find(|known| known.byte() == *kind);
        let public = public.try_into().map_err(|_| KeyFault::Kind)?;
        let key = Self::new(name, kind.ok_or(KeyFault::Kind)?, public).ok_or(KeyFault::Form)?;
        if unhex(id) == Some(key.id()) { Ok(key) } else { Err(KeyFault::Id) }
    }

    /// The same key under another name; `None` where it can't be one.
    pub fn renamed(&self, name: &str) -> Option<Self> {
        Self::new(name, self.kind, self.public)
    }

    /// Whose key it is: a log's origin, a witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the other is the same key, by whatever name.
    pub fn is_same_key(&self, other: &Self) -> bool {
        (self.kind, self.public) == (other.kind, other.public)
    }

    /// What it signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The first bytes of a hash over name, kind and key, by which a signature line names its key.
    pub fn id(&self) -> [u8; 4] {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &[self.kind.byte()], &self.public]);
        [hash[0], hash[1], hash[2], hash[3]]
    }

    fn names(&self, line: &SignatureLine) -> bool {
        line.name == self.name && line.id == self.id()
    }

    /// Whether these bytes are this key's signature of the text; for a witness with the time that it signed.
    fn verify(&self, text: &str, signature: &[u8]) -> Option<Timestamp> {
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        match self.kind {
            KeyKind::Log => key.verify(text.as_bytes(), signature).is_ok().then_some(Timestamp::default()),
            KeyKind::Witness => {
                let (seconds, signature) = signature.split_first_chunk::<8>()?;
                let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
                key.verify(cosigned_message(text, seconds).as_bytes(), signature).ok()?;
                Some(Timestamp::from_seconds(seconds))
            }
        }
    }
}

/// Whether a text can name a log or a witness (C2SP signed-note, "Format").
fn is_name(text: &str) -> bool {
    let stray = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    !text.is_empty() && !text.contains(stray)
}

impl fmt::Display for VerifierKey {
    /// `name+id+key`, as C2SP signed-note writes verifier keys.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = [self.kind.byte()].into_iter().chain(self.public).collect();
        write!(formatter, "{}+{}+{}", self.name, hex(&self.id()), STANDARD.encode(bytes))
    }
}

/// A private key with the name of its owner.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl fmt::Debug for SigningKey {
    /// The public half alone.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.verifier)
    }
}

impl SigningKey {
    /// The key that 32 secret bytes make; `None` where the name can't be one.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { verifier: VerifierKey::new(name, kind, public)?, pair })
    }

    /// Its public half.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a text. The time counts for a witness alone.
    pub fn sign(&self, text: &str, now: Timestamp) -> SignatureLine {
        let signature = match self.verifier.kind {
            KeyKind::Log => self.pair.sign(text.as_bytes()).as_ref().to_vec(),
            KeyKind::Witness => {
                let seconds = now.seconds().max(0);
                let signed = self.pair.sign(cosigned_message(text, seconds).as_bytes());
                [&seconds.to_be_bytes()[..], signed.as_ref()].concat()
            }
        };
        SignatureLine { name: self.verifier.name.clone(), id: self.verifier.id(), signature }
    }
}

/// What a witness signs (C2SP tlog-cosignature, "Ed25519 signed message").
fn cosigned_message(text: &str, seconds: i64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// One signature, of a key that need not be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: Box<str>,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl SignatureLine {
    /// Reads one line without its end.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = STANDARD.decode(signature).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let whole = is_name(name) && !signature.is_empty();
        whole.then(|| Self { name: name.into(), id: *id, signature: signature.to_vec() })
    }

    /// Whose it claims to be.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id[..], &self.signature].concat();
        write!(formatter, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A text with signatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// What a key says of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// It did not sign.
    No,
    /// It signed; for a witness's key, when.
    At(Timestamp),
    /// A signature with its name is there and is not its own: the note is to be rejected.
    Forged,
}

impl Note {
    /// A note without signatures. The text ends with a line's end.
    pub fn new(text: String) -> Self {
        debug_assert!(text.ends_with('\n'), "the text of a note is made of lines");
        Self { text, signatures: Vec::new() }
    }

    /// Reads a note; `None` where it is none, or is too long.
    pub fn parse(note: &str) -> Option<Self> {
        if note.len() > LONGEST_NOTE || note.chars().any(|letter| letter < ' ' && letter != '\n') {
            return None;
        }
        let (text, signatures) = note.rsplit_once("\n\n")?;
        let lines: Option<Vec<_>> = signatures.strip_suffix('\n')?.split('\n').map(SignatureLine::parse).collect();
        let signatures = lines.filter(|lines| lines.len() <= MOST_SIGNATURES)?;
        Some(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, with its last line's end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a signature, unless its key has signed already.
    pub fn add(&mut self, line: SignatureLine) {
        let known = self.signatures.iter().any(|other| other.name == line.name && other.id == line.id);
        if !known && self.signatures.len() < MOST_SIGNATURES {
            self.signatures.push(line);
        }
    }

    /// Takes away what others than this key have signed.
    pub fn keep_only(&mut self, key: &VerifierKey) {
        self.signatures.retain(|line| key.names(line));
    }

    /// Whether a key has signed.
    pub fn signed_by(&self, key: &VerifierKey) -> Signed {
        let mut verdict = Signed::No;
        for line in self.signatures.iter().filter(|line| key.names(line)) {
            match key.verify(&self.text, &line.signature) {
                Some(time) => verdict = Signed::At(time),
                None => return Signed::Forged,
            }
        }
        verdict
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}
