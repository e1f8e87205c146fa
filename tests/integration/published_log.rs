//! The log as an outsider reads it: everything up to the newest checkpoint can be checked, and nothing beyond it is shown.

use kelisim::ledger::{
    Frontier, KeyKind, Proof, SignedCheckpoint, Tile, VerifierKey, check_inclusion, entries_of_bundle, leaf_hash,
};

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

/// The newest checkpoint once it covers this many leaves.
pub fn checkpoint_of(browser: &mut Browser, size: u64) -> SignedCheckpoint {
    let patience = std::time::Instant::now();
    loop {
        let newest = checkpoint(browser);
        if newest.checkpoint().size >= size {
            return newest;
        }
        assert!(patience.elapsed().as_secs() < 20, "no checkpoint covers {size} leaves");
        std::thread::yield_now();
    }
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
    let newest = checkpoint_of(&mut outsider, place + 1);
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
        assert_eq!((proof.index.0, proof.extra), (index, None));
        assert!(check_inclusion(leaf_hash(entry).into(), index, state.size, &proof.inclusion, state.root));
    }
}

#[test]
fn nothing_is_shown_that_no_checkpoint_covers() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut outsider = gateway.browser();
    let size = checkpoint_of(&mut outsider, 1).checkpoint().size;
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
    checkpoint_of(&mut outsider, 1);
    let text = "text/plain; charset=utf-8";
    for (path, media_type, caching) in [
        ("checkpoint", text, "no-cache"),
        ("key", text, "no-cache"),
        ("proof/0", text, "no-cache"),
        ("tile/0/000.p/1", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/entries/000.p/1", "application/octet-stream", "public, max-age=31536000, immutable"),
    ] {
        let reply = file(&mut outsider, path);
        assert_eq!((reply.header("content-type"), reply.header("cache-control")), (Some(media_type), Some(caching)));
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{path}");
        assert!(reply.all("set-cookie").is_empty());
        let head = outsider.send("HEAD", &format!("/_kelisim/log/{path}"), &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(outsider.post(&format!("/_kelisim/log/{path}"), "").status, 405);
    }
    assert_eq!(shop.count(), 0, "the site hears nothing of it");
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
