//! The log as an outsider reads it: everything up to the newest checkpoint can be checked, and nothing beyond it is shown.

use kelisim::ledger::{
    Frontier, KeyKind, Proof, SignedCheckpoint, Tile, VerifierKey, check_inclusion, entries_of_bundle, leaf_hash,
};

use std::{fs, path::Path};

use crate::harness::{Browser, Gateway, Reply, shop};

/// Later than the harness begins, so that another checkpoint is due.
const LATER: &str = "2026-11-22T10:01:00Z";

fn file(browser: &mut Browser, path: &str) -> Reply {
    browser.get(&format!("/_kelisim/log/{path}"))
}

/// The newest checkpoint, checked with the published key.
fn checkpoint(browser: &mut Browser) -> SignedCheckpoint {
    let key = VerifierKey::parse(&file(browser, "key").text()).unwrap();
    assert_eq!(key.kind(), KeyKind::Log);
    SignedCheckpoint::open(&file(browser, "checkpoint").text(), &key).unwrap()
}

/// The number of the present log.
fn number(browser: &mut Browser) -> String {
    checkpoint(browser).checkpoint().origin.rsplit('/').next().unwrap().to_owned()
}

/// The newest checkpoint as it is published once it covers this many leaves.
///
/// The log itself is asked when that is: the gateway's clock stands, and in one of its minutes it answers nobody 600 times.
pub fn checkpoint_of(gateway: &Gateway, browser: &mut Browser, size: u64) -> SignedCheckpoint {
    let patience = std::time::Instant::now();
    let signed = gateway.running().store().checkpoints();
    while signed.borrow().as_ref().is_none_or(|newest| newest.checkpoint().size < size) {
        assert!(patience.elapsed().as_secs() < 20, "no checkpoint covers {size} leaves");
        std::thread::yield_now();
    }
    checkpoint(browser)
}

#[test]
fn an_outsider_computes_the_root_from_the_entries_and_proves_every_leaf() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    let place = gateway.log()[0]["index"].as_u64().unwrap();
    gateway.at(LATER);
    let mut outsider = gateway.browser();
    let newest = checkpoint_of(&gateway, &mut outsider, place + 1);
    let state = newest.checkpoint();
    assert!(state.origin.starts_with("shop.example/_kelisim/log/"));

    let bundle = file(&mut outsider, &format!("tile/entries/000.p/{}", state.size)).body;
    let entries = entries_of_bundle(&bundle).unwrap();
    assert_eq!(entries.len() as u64, state.size);
    let mut tree = Frontier::default();
    entries.iter().for_each(|entry| tree.append(leaf_hash(entry), |_| ()));
    assert_eq!(tree.root(), state.root);

    let tile = Tile::in_tree(0, 0, state.size).unwrap();
    let hashes = tile.hashes(&file(&mut outsider, &tile.path()).body).unwrap();
    for (index, entry) in (0..).zip(&entries) {
        assert_eq!(hashes[index as usize], leaf_hash(entry).into());
        let proof = Proof::parse(&file(&mut outsider, &format!("proof/{index}")).text()).unwrap();
        // Whoever holds the proof of a leaf that hides nothing holds what it says; one that hides a record stays hidden.
        let hides = entry.starts_with(b"kelisim-consent-leaf/");
        assert_eq!((proof.index.0, proof.extra.as_deref()), (index, (!hides).then_some(*entry)));
        assert!(check_inclusion(leaf_hash(entry).into(), index, state.size, &proof.inclusion, state.root));
    }
}

#[test]
fn nothing_is_shown_that_no_checkpoint_covers() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut outsider = gateway.browser();
    let size = checkpoint_of(&gateway, &mut outsider, 1).checkpoint().size;
    // The clock stands, so these leaves get no checkpoint.
    gateway.browser().choose("accept");
    let place = gateway.log()[0]["index"].as_u64().unwrap();
    assert!(place >= size, "the leaf came after the checkpoint");
    for hidden in [
        format!("proof/{place}"),
        format!("tile/0/000.p/{}", size + 1),
        format!("tile/entries/000.p/{}", place + 1),
        "tile/0/000".to_owned(),
        "tile/0/001".to_owned(),
        "tile/1/000.p/1".to_owned(),
        "tile/entries/000".to_owned(),
        "tile/63/x999/x999/x999/x999/x999/999".to_owned(),
    ] {
        assert_eq!(file(&mut outsider, &hidden).status, 404, "{hidden}");
    }
    for shown in ["checkpoint", "key", "proof/0", "tile/0/000.p/1", "tile/entries/000.p/1"] {
        assert_eq!(file(&mut outsider, shown).status, 200, "{shown}");
    }
}

#[test]
fn any_page_may_read_the_log_and_caches_keep_what_never_changes() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut outsider = gateway.browser();
    checkpoint_of(&gateway, &mut outsider, 1);
    let number = number(&mut outsider);
    let (text, bytes) = ("text/plain; charset=utf-8", "application/octet-stream");
    let (changes, never_changes) = ("no-cache", "public, max-age=31536000, immutable");
    for (path, media_type, numbered) in [
        ("checkpoint", text, changes),
        ("key", text, changes),
        ("proof/0", text, changes),
        ("tile/0/000.p/1", bytes, never_changes),
        ("tile/entries/000.p/1", bytes, never_changes),
    ] {
        let reply = file(&mut outsider, path);
        assert_eq!((reply.header("content-type"), reply.header("cache-control")), (Some(media_type), Some(changes)));
        let same = file(&mut outsider, &format!("{number}/{path}"));
        assert_eq!((same.header("content-type"), same.header("cache-control")), (Some(media_type), Some(numbered)));
        assert_eq!((same.body == reply.body, same.header("etag")), (true, None), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path}");
        assert!(reply.all("set-cookie").is_empty());
        let head = outsider.send("HEAD", &format!("/_kelisim/log/{path}"), &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(outsider.post(&format!("/_kelisim/log/{path}"), "").status, 405);
    }
    assert_eq!(shop.count(), 0, "the site hears nothing of it");
}

#[test]
fn a_tile_of_the_present_log_is_asked_for_again_and_sent_once() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut outsider = gateway.browser();
    checkpoint_of(&gateway, &mut outsider, 1);
    let tag = file(&mut outsider, "tile/0/000.p/1").header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", number(&mut outsider)));
    let mut asked = |known: &str| {
        let reply = outsider.send("GET", "/_kelisim/log/tile/0/000.p/1", &[("if-none-match", known)], b"");
        (reply.status, reply.body.len(), reply.header("etag").map(str::to_owned))
    };
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        assert_eq!(asked(&known), (304, 0, Some(tag.clone())), "{known}");
    }
    assert_eq!(asked("\"other\""), (200, 32, Some(tag.clone())));
}

#[test]
fn after_a_restore_each_log_is_found_under_its_number_and_no_path_says_two_things() {
    // Whoever still reads when the gateway stops leaves a write-ahead log behind: it belongs to the file.
    const KEPT: [&str; 5] = ["log.key", "record.keys", "consent.sqlite", "consent.sqlite-wal", "consent.sqlite-shm"];
    let copy = |from: &Path, to: &Path| {
        for name in KEPT {
            let _ = fs::remove_file(to.join(name));
            if from.join(name).exists() {
                fs::copy(from.join(name), to.join(name)).unwrap();
            }
        }
    };
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut outsider = gateway.browser();
    checkpoint_of(&gateway, &mut outsider, 1);
    let old = number(&mut outsider);
    let (old_key, builder) = (file(&mut outsider, "key").text(), gateway.stopped(&shop));
    let (state, backup) = (builder.state(), tempfile::tempdir().unwrap());
    copy(&state, backup.path());
    let gateway = builder.start();
    let mut outsider = gateway.browser();
    gateway.browser().choose("accept");
    gateway.at(LATER);
    let lost = gateway.log()[0]["index"].as_u64().unwrap();
    let last = checkpoint_of(&gateway, &mut outsider, lost + 1).checkpoint().size;
    let everything = file(&mut outsider, &format!("{old}/tile/entries/000.p/{last}"));
    assert_eq!(everything.status, 200);
    let everything = everything.body;
    let builder = gateway.stopped(&shop);
    copy(backup.path(), &state);

    let gateway = builder.start();
    let mut outsider = gateway.browser();
    (0..6).for_each(|_| assert_eq!(gateway.plain_browser().choose("accept").status, 303));
    gateway.at("2026-11-22T10:03:00Z");
    let now = checkpoint_of(&gateway, &mut outsider, last + 1);
    let new = number(&mut outsider);
    assert_ne!(new, old);
    let others = file(&mut outsider, &format!("tile/entries/000.p/{last}")).body;
    assert_ne!(others, everything, "the same path without a number says something else now");
    assert_eq!(file(&mut outsider, &format!("{new}/tile/entries/000.p/{last}")).body, others);
    assert_eq!(file(&mut outsider, &format!("{old}/tile/entries/000.p/{last}")).status, 404, "they are lost");

    // What is left of the old log is under its number as it was, with what it signed last and its key.
    assert_eq!(file(&mut outsider, &format!("{old}/key")).text(), old_key);
    let note = file(&mut outsider, &format!("{old}/checkpoint")).text();
    let signed = SignedCheckpoint::open(&note, &VerifierKey::parse(&old_key).unwrap()).unwrap();
    let state = signed.checkpoint();
    assert!((1..last).contains(&state.size) && state.size < now.checkpoint().size);
    let known = file(&mut outsider, &format!("{old}/tile/entries/000.p/{}", state.size));
    assert_eq!(known.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(everything.starts_with(&known.body));
    let first = entries_of_bundle(&known.body).unwrap()[0].to_vec();
    let proof = Proof::parse(&file(&mut outsider, &format!("{old}/proof/0")).text()).unwrap();
    assert_eq!(proof.checkpoint, note);
    assert!(check_inclusion(leaf_hash(&first).into(), 0, state.size, &proof.inclusion, state.root));
    assert_eq!(file(&mut outsider, &format!("{old}/proof/{}", state.size)).status, 404);

    for path in ["checkpoint", "key", "proof/0", "tile/0/000.p/1"] {
        assert_eq!(file(&mut outsider, &format!("{}/{path}", "0a".repeat(16))).status, 404, "no such log: {path}");
    }
}

#[test]
fn a_site_that_is_observed_publishes_nothing_and_has_no_receipts() {
    let shop = shop();
    let gateway = Gateway::with(&shop).site("mode = \"observe\"").start();
    let mut outsider = gateway.browser();
    for path in ["/_kelisim/log/checkpoint", "/_kelisim/receipt"] {
        outsider.get(path);
        assert_eq!(shop.last().target(), path, "the address is the site's own");
    }
}

#[test]
fn one_client_reads_so_much_in_a_minute_and_others_are_not_held_up() {
    let shop = shop();
    let gateway = Gateway::with(&shop).server("trusted_proxies = [\"127.0.0.1\"]").start();
    let mut greedy = gateway.plain_browser().sending("x-forwarded-for", "203.0.113.7");
    let statuses: Vec<_> = (0..=600).map(|_| file(&mut greedy, "key").status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 600);
    assert_eq!(statuses.last(), Some(&429));
    let mut other = gateway.plain_browser().sending("x-forwarded-for", "203.0.114.7");
    assert_eq!(file(&mut other, "key").status, 200);
}
