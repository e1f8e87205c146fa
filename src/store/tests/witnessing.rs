//! Signatures of witnesses on checkpoints: those that came stay.

use super::*;
use crate::ledger::{KeyKind, SignedCheckpoint, SigningKey};

#[test]
fn what_one_witness_signed_stays_when_another_one_signs() {
    let house = House::new();
    let store = house.open();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut checkpoints = store.checkpoints();
    let signed = runtime.block_on(checkpoints.wait_for(Option::is_some)).unwrap().clone().unwrap();
    let cosigned = |name: &str| {
        let witness = SigningKey::from_seed(name, KeyKind::Witness, &[1; 32]).unwrap();
        let mut cosigned = SignedCheckpoint::clone(&signed);
        let line = witness.sign(cosigned.note().text(), house.clock.now());
        cosigned.note_mut().add(line);
        cosigned
    };
    // Each knows only its own signature.
    store.keep_cosigned(cosigned("one.example")).unwrap();
    store.keep_cosigned(cosigned("two.example")).unwrap();
    store.keep_cosigned(cosigned("one.example")).unwrap();
    let names = |checkpoint: &SignedCheckpoint| {
        checkpoint.note().signatures().iter().map(|line| line.name().to_owned()).collect::<Vec<_>>()
    };
    let key = store.key().clone();
    let all = [key.name(), "one.example", "two.example"];
    let complete = |latest: &Option<_>| latest.as_ref().is_some_and(|latest: &std::sync::Arc<_>| names(latest) == all);
    runtime.block_on(checkpoints.wait_for(complete)).unwrap();
    let (from, to) = forever();
    drop(store);
    let store = house.open();
    let note = store.reader().unwrap().checkpoints(store.key().name(), from, to).unwrap().pop().unwrap();
    assert_eq!(names(&SignedCheckpoint::open(&note, store.key()).unwrap()), all);
}
