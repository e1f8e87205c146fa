//! What a witness is asked, what it answers, and what its memory proves.

use proptest::prelude::*;

use super::super::{tree::tests::Tree, *};
use crate::timestamp::Timestamp;

const ORIGIN: &str = "shop.example/_kelisim/log/0123";

/// The request in the specification (C2SP tlog-witness, "add-checkpoint").
const PUBLISHED: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, KeyKind::Log, &[7; 32]).unwrap()
}

/// A log of so many leaves; after `same` of them its leaves are those of another history.
fn tree(size: u64, same: u64) -> Tree {
    let leaf = |index: u64| leaf_hash(format!("{} {index}", if index < same { "leaf" } else { "other" }).as_bytes());
    Tree::of((0..size).map(leaf))
}

fn checkpoint(tree: &Tree, size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size, root: root(tree, size) }
}

fn root(tree: &Tree, size: u64) -> TreeHash {
    let Ok(root) = Prover::new(tree, size).root();
    root
}

fn proof(tree: &Tree, old: u64, new: u64) -> Vec<TreeHash> {
    let Ok(proof) = Prover::new(tree, new).consistency(old);
    proof
}

fn note(checkpoint: Checkpoint) -> String {
    checkpoint.sign(&key(), Timestamp::from_seconds(1)).note().to_string()
}

fn decide(request: &str, newest: Option<&Checkpoint>) -> Result<u64, Refusal> {
    let key = key();
    let submission = Submission::open(request.as_bytes(), |origin| (origin == ORIGIN).then_some(key.verifier()))?;
    submission.decide(newest)?;
    Ok(submission.signed().checkpoint().size)
}

#[test]
fn the_published_request_is_read_and_written_to_the_byte() {
    let request = AddCheckpoint::parse(PUBLISHED.as_bytes()).unwrap();
    assert_eq!((request.old, request.proof.len()), (20_852_014, 4));
    assert_eq!(request.to_string(), PUBLISHED);
    let note = Note::parse(&request.note).unwrap();
    assert_eq!(Checkpoint::parse(note.text()).unwrap().size, 20_852_163);
}

#[test]
fn what_is_no_request_is_refused() {
    let check = |from: &str, to: &str| {
        let body = PUBLISHED.replacen(from, to, 1);
        assert_ne!(body, PUBLISHED);
        assert_eq!(AddCheckpoint::parse(body.as_bytes()), None, "{body}");
    };
    check("old 2", "old 02");
    check("old 2", "old +2");
    check("old 2", "new 2");
    check("old 20852014", "old 99999999999999999999");
    check("PlRN", "PlR");
    check("=\n\n", "=\r\n\n");
    check("old 20852014\n", &format!("old 20852014\n{}", "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n".repeat(60)));
    assert_eq!(AddCheckpoint::parse(b"old 0\n\xff\n\n"), None);
    let long = format!("old 0\n\n{}", "x".repeat(LONGEST_REQUEST));
    assert_eq!(AddCheckpoint::parse(long.as_bytes()), None);
}

#[test]
fn each_refusal_has_the_status_of_the_specification() {
    let (ours, other) = (tree(9, 9), tree(9, 3));
    let seen = checkpoint(&ours, 5);
    let request = |old: u64, tree: &Tree, size: u64| {
        let proof = if old <= size { proof(tree, old, size) } else { Vec::new() };
        AddCheckpoint { old, proof, note: note(checkpoint(tree, size)) }
    };
    let check = |request: &AddCheckpoint, newest: Option<&Checkpoint>, expected: Result<u64, u16>| {
        let text = request.to_string();
        assert_eq!(decide(&text, newest).map_err(Refusal::status), expected, "{text}");
    };
    let right = request(5, &ours, 9);
    check(&right, Some(&seen), Ok(9));
    check(&request(0, &ours, 9), None, Ok(9));
    check(&request(0, &tree(0, 0), 0), None, Ok(0));
    check(&request(5, &ours, 5), Some(&seen), Ok(5));
    check(&request(6, &ours, 5), Some(&seen), Err(400));
    check(&AddCheckpoint { note: "no checkpoint".to_owned(), ..right.clone() }, Some(&seen), Err(400));
    check(&AddCheckpoint { note: right.note.replace("shop", "ship"), ..right.clone() }, Some(&seen), Err(404));
    check(&AddCheckpoint { note: right.note.replacen("\n9\n", "\n8\n", 1), ..right.clone() }, Some(&seen), Err(403));
    let unsigned = SigningKey::from_seed("someone", KeyKind::Log, &[1; 32]).unwrap();
    let unsigned = checkpoint(&ours, 9).sign(&unsigned, Timestamp::default()).note().to_string();
    check(&AddCheckpoint { note: unsigned, ..right.clone() }, Some(&seen), Err(403));
    check(&request(0, &ours, 9), Some(&seen), Err(409));
    check(&right, None, Err(409));
    check(&request(5, &other, 9), Some(&seen), Err(422));
    check(&request(5, &other, 5), Some(&seen), Err(422));
    check(&AddCheckpoint { proof: Vec::new(), ..right.clone() }, Some(&seen), Err(422));
    check(&AddCheckpoint { old: 0, note: right.note.clone(), proof: right.proof.clone() }, None, Err(422));
    let rootless = Checkpoint { origin: ORIGIN.into(), size: 0, root: TreeHash([1; 32]) };
    check(&AddCheckpoint { old: 0, proof: Vec::new(), note: note(rootless) }, None, Err(422));
}

#[test]
fn a_conflict_tells_what_was_seen_and_two_trees_of_one_size_contradict() {
    let (ours, other) = (tree(9, 9), tree(9, 3));
    let seen = checkpoint(&ours, 9);
    let text = AddCheckpoint { old: 9, proof: Vec::new(), note: note(checkpoint(&other, 9)) }.to_string();
    assert_eq!(decide(&text.replace("old 9", "old 4"), Some(&seen)), Err(Refusal::Conflict { newest: 9 }));
    let key = key();
    let submission = Submission::open(text.as_bytes(), |_| Some(key.verifier())).unwrap();
    assert!(submission.contradicts(&seen));
    assert!(!submission.contradicts(&checkpoint(&ours, 8)));
}

#[test]
fn signatures_of_others_are_not_handed_on() {
    let stranger = SigningKey::from_seed("stranger", KeyKind::Witness, &[3; 32]).unwrap();
    let mut signed = checkpoint(&tree(2, 2), 2).sign(&key(), Timestamp::from_seconds(1));
    let line = stranger.sign(signed.note().text(), Timestamp::from_seconds(1));
    signed.note_mut().add(line);
    let request = AddCheckpoint { old: 0, proof: Vec::new(), note: signed.note().to_string() }.to_string();
    let key = key();
    let submission = Submission::open(request.as_bytes(), |_| Some(key.verifier())).unwrap();
    assert_eq!(submission.signed().note().signatures().len(), 1);
    assert_eq!(submission.signed().note().signed_by(stranger.verifier()), Signed::No);
}

#[test]
fn the_address_of_a_checkpoint_is_the_hash_of_the_origin() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(origin_hash(""), empty);
    assert_ne!(origin_hash(ORIGIN), empty);
}

proptest! {
    #[test]
    fn whatever_a_stranger_sends_is_an_answer_and_no_panic(body: Vec<u8>) {
        prop_assert_eq!(decide(&String::from_utf8_lossy(&body), None), Err(Refusal::Malformed));
    }

    #[test]
    fn a_witness_signs_what_goes_on_and_nothing_else(old in 1_u64..600, more in 0_u64..300, same in 0_u64..600) {
        let new = old + more;
        let (ours, other) = (tree(new, new), tree(new, same));
        let seen = checkpoint(&ours, old);
        let request = AddCheckpoint { old, proof: proof(&other, old, new), note: note(checkpoint(&other, new)) };
        let expected = if same >= old { Ok(new) } else { Err(Refusal::Inconsistent) };
        prop_assert_eq!(decide(&request.to_string(), Some(&seen)), expected);
    }

    #[test]
    fn memory_tells_loss_and_fork_from_growth(ours in 0_u64..600, theirs in 0_u64..600, same in 0_u64..600) {
        let (tiles, other) = (tree(ours, ours), tree(theirs, same));
        let Ok(comparison) = compare(&tiles, ours, Some(&checkpoint(&other, theirs)));
        let expected = if theirs > ours {
            Comparison::Behind { ours, theirs }
        } else if same >= theirs {
            Comparison::Agrees
        } else {
            Comparison::Forked { size: theirs }
        };
        prop_assert_eq!(comparison, expected);
        prop_assert_eq!(compare(&tiles, ours, None), Ok(Comparison::Unknown));
    }
}
