//! Notes, checkpoints and proofs: the published example, another implementation, and what must be refused.

use signed_note::{StandardVerifier, Verifier as _, VerifierList};

use super::super::*;
use crate::timestamp::Timestamp;

const ORIGIN: &str = "shop.example/_kelisim/log/0123";

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, KeyKind::Log, &[7; 32]).unwrap()
}

fn witness_key() -> SigningKey {
    SigningKey::from_seed("witness.example/w1", KeyKind::Witness, &[9; 32]).unwrap()
}

fn checkpoint(size: u64) -> SignedCheckpoint {
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: TreeHash([5; 32]) };
    checkpoint.sign(&log_key(), Timestamp::from_seconds(1))
}

#[test]
fn the_note_of_the_specification_is_read() {
    let key = VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
    let text = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let note = Note::parse(text).unwrap();
    assert!(matches!(note.signed_by(&key), Signed::At(_)));
    assert_eq!(note.to_string(), text);
    let other = Note::parse(&text.replace("example m", "example n")).unwrap();
    assert_eq!(other.signed_by(&key), Signed::Forged);
    for stray in ["example.com+foo", "example.com\u{a0}foo", "example.com\u{2028}foo", "example.com\u{7f}foo"] {
        assert!(Note::parse(&text.replace("example.com/foo", stray)).is_none(), "{stray:?}");
    }
}

#[test]
fn another_implementation_accepts_our_signature() {
    let (key, signed) = (log_key(), checkpoint(3));
    let verifier = StandardVerifier::new(&key.verifier().to_string()).unwrap();
    let note = signed_note::Note::from_bytes(signed.note().to_string().as_bytes()).unwrap();
    assert_eq!(verifier.name(), ORIGIN);
    let verifiers = VerifierList::new(vec![Box::new(verifier)]);
    let (known, unknown) = note.verify(&verifiers).unwrap();
    assert_eq!((known.len(), unknown.len()), (1, 0));
}

#[test]
fn a_key_is_read_as_it_is_written_and_no_other_way() {
    let text = log_key().verifier().to_string();
    assert_eq!(VerifierKey::parse(&text).as_ref(), Ok(log_key().verifier()));
    assert_eq!(VerifierKey::parse("nobody"), Err(KeyFault::Form));
    assert_eq!(VerifierKey::parse(&text.replace("shop.", "ship.")), Err(KeyFault::Id));
    assert_eq!(VerifierKey::parse("a+00000000+BA=="), Err(KeyFault::Kind));
    assert!(VerifierKey::new("a b", KeyKind::Log, [0; 32]).is_none());
    assert!(VerifierKey::new("a+b", KeyKind::Log, [0; 32]).is_none());
}

#[test]
fn a_witness_signs_with_its_time_and_the_log_without() {
    let mut signed = checkpoint(3);
    let line = witness_key().sign(signed.note().text(), Timestamp::from_seconds(1_800_000_000));
    signed.note_mut().add(line.clone());
    signed.note_mut().add(line);
    assert_eq!(signed.note().signatures().len(), 2);
    let read = SignedCheckpoint::open(&signed.note().to_string(), log_key().verifier()).unwrap();
    assert_eq!(read, signed);
    let seen = read.note().signed_by(witness_key().verifier());
    assert_eq!(seen, Signed::At(Timestamp::from_seconds(1_800_000_000)));
    let stranger = SigningKey::from_seed("witness.example/w2", KeyKind::Witness, &[9; 32]).unwrap();
    assert_eq!(read.note().signed_by(stranger.verifier()), Signed::No);
}

#[test]
fn a_checkpoint_of_another_log_or_another_hand_is_refused() {
    let text = checkpoint(3).note().to_string();
    let open = |text: &str| SignedCheckpoint::open(text, log_key().verifier()).unwrap_err();
    assert_eq!(open("3\n"), CheckpointFault::Form);
    assert_eq!(open(&text.replacen("\n3\n", "\n03\n", 1)), CheckpointFault::Form);
    assert_eq!(open(&text.replacen("\n3\n", "\n4\n", 1)), CheckpointFault::Signature);
    assert_eq!(open(&text.replace("shop", "ship")), CheckpointFault::Origin);
    let forged = SigningKey::from_seed(ORIGIN, KeyKind::Log, &[8; 32]).unwrap();
    let foreign = checkpoint(3).checkpoint().clone().sign(&forged, Timestamp::from_seconds(1));
    assert_eq!(open(&foreign.note().to_string()), CheckpointFault::Signature);
    assert!(Note::parse(&text.replace('\u{2014}', "-")).is_none());
    assert!(Note::parse(&text.replace("\n\n", "\n\r\n\n")).is_none());
}

#[test]
fn a_proof_reads_as_it_is_written() {
    let check = |extra: Option<&[u8]>, inclusion: Vec<TreeHash>| {
        let checkpoint = checkpoint(3).note().to_string();
        let proof = Proof { extra: extra.map(<[u8]>::to_vec), index: LeafIndex(2), inclusion, checkpoint };
        let text = proof.to_string();
        assert_eq!(Proof::parse(&text), Some(proof), "{text}");
    };
    check(None, Vec::new());
    check(Some(b"salt and record"), vec![TreeHash([1; 32]), TreeHash([2; 32])]);
    let text = "c2sp.org/tlog-proof@v1\nindex 07\n\nx\n1\ny\n";
    assert_eq!(Proof::parse(text), None);
    assert_eq!(Proof::parse(&text.replace("07", "7").replace("@v1", "@v2")), None);
}
