//! What is recorded about a browser: shown to it, handed out with its proof, erased at its word.

use std::{fs, path::Path};

use kelisim::ledger::{Entry, LeafHash, Proof, Salt, SignedCheckpoint, VerifierKey, check_inclusion, leaf_hash, parse};
use serde_json::Value;

use crate::{
    harness::{Browser, Gateway, Reply, shop},
    published_log::checkpoint_of,
};

const RECEIPT: &str = "/_kelisim/receipt?language=en&to=/services";
const LATER: &str = "2026-11-22T10:01:00Z";
const LATER_STILL: &str = "2026-11-22T10:02:00Z";

/// Everything that a receipt proves offline: with the receipt, and a key that its holder has.
fn verify(receipt: &str, key: &str) -> (Value, LeafHash) {
    let proof = Proof::parse(receipt).unwrap();
    let extra = proof.extra.unwrap();
    let text = std::str::from_utf8(&extra).unwrap();
    let read: Value = serde_json::from_str(text).unwrap();
    let record = text.split_once("\"record\":").unwrap().1.strip_suffix('}').unwrap();
    parse(record.as_bytes()).unwrap();
    let salt = read["salt"].as_str().unwrap();
    let byte = |at: usize| u8::from_str_radix(&salt[at * 2..at * 2 + 2], 16).unwrap();
    let leaf = leaf_hash(&Entry::consent(&Salt(std::array::from_fn(byte)), record.as_bytes()).leaf_data());
    let key = VerifierKey::parse(key).unwrap();
    let checkpoint = SignedCheckpoint::open(&proof.checkpoint, &key).unwrap();
    let state = checkpoint.checkpoint();
    assert!(check_inclusion(leaf.into(), proof.index.0, state.size, &proof.inclusion, state.root));
    (read["record"].clone(), leaf)
}

fn key(browser: &mut Browser) -> String {
    browser.get("/_kelisim/log/key").text()
}

fn erase(browser: &mut Browser) -> Reply {
    browser.post("/_kelisim/receipt", "action=erase&confirm=yes&language=en&to=/services")
}

/// Files under a folder that hold one of these.
fn files_with(folder: &Path, wanted: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, wanted));
        } else if let Ok(bytes) = fs::read(&path) {
            let holds = |part: &&[u8]| bytes.windows(part.len()).any(|window| window == *part);
            if wanted.iter().any(holds) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn a_receipt_proves_offline_what_was_answered() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("save&functional=on");
    gateway.at(LATER);
    let reply = anna.click(&format!("{RECEIPT}&download=proof"));
    let logged = gateway.log().remove(0);
    let name = format!("attachment; filename=\"consent-{}.tlog-proof\"", logged["index"]);
    assert_eq!((reply.status, reply.header("content-disposition")), (200, Some(&*name)));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let (record, leaf) = verify(&reply.text(), &key(&mut anna));
    assert_eq!(record, logged["record"]);
    let digits: String = leaf.0.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(logged["leaf_hash"], digits);

    let readable: Value = serde_json::from_str(&anna.click(&format!("{RECEIPT}&download=json")).text()).unwrap();
    assert_eq!(readable["@type"], "dpv:ConsentReceipt");
    let inside = &readable["dpv:hasRecordOfActivity"];
    assert_eq!(inside["dct:identifier"], record["record_id"]);
    let process = &inside["dpv:hasProcess"];
    assert_eq!(process["dpv:hasDataController"]["dpv:hasContact"], "privacy@shop.example");
    assert!(process["dpv:hasPurpose"][0]["dct:description"].as_str().is_some());
    let statuses = inside["dpv:hasConsentStatus"].as_array().unwrap().iter().map(|status| status["@type"][0].as_str());
    assert_eq!(statuses.collect::<Vec<_>>(), [Some("dpv:ConsentGiven"), Some("dpv:ConsentRefused")]);
    assert!(inside["dpv:hasNotice"]["dct:description"].as_str().unwrap().contains("[Принять все файлы cookie]"));
    verify(readable["kelisim:proof"]["proof"].as_str().unwrap(), readable["kelisim:proof"]["key"].as_str().unwrap());
}

#[test]
fn a_script_of_the_site_does_not_learn_what_is_recorded() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("necessary");
    let record = &gateway.log_of(1)[0]["record"];
    let by_script =
        |mode, dest| [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
    for target in [RECEIPT.to_owned(), format!("{RECEIPT}&download=proof"), format!("{RECEIPT}&download=json")] {
        for (mode, dest) in [("cors", "empty"), ("no-cors", "script"), ("navigate", "iframe"), ("navigate", "object")] {
            let reply = anna.send("GET", &target, &by_script(mode, dest), b"");
            assert_eq!(
                (reply.status, reply.header("cache-control")),
                (403, Some("no-store")),
                "{target} {mode} {dest}"
            );
            assert!(!reply.text().contains(record["consent_id"].as_str().unwrap()), "{target} {mode} {dest}");
        }
    }
    // Pages that scripts may read have no number.
    for target in ["/_kelisim/settings", "/"] {
        let reply = anna.send("GET", target, &by_script("cors", "empty"), b"");
        assert!(!reply.text().contains(record["consent_id"].as_str().unwrap()), "{target}");
    }
    let page = anna.click(RECEIPT);
    assert_eq!(page.header("vary"), Some("Cookie, Sec-Fetch-Dest, Sec-Fetch-Mode"));
    assert!(page.text().contains(record["consent_id"].as_str().unwrap()));
    assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
}

#[test]
fn the_page_says_what_is_recorded_and_what_was_before() {
    let shop = shop();
    let gateway = Gateway::with(&shop).edition("first", "2026-01-01", false).start();
    let mut anna = gateway.browser();
    let page = anna.open(RECEIPT);
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    assert!(page.text().contains("Nothing is recorded") && !page.text().contains("data-kelisim-consent-id"));
    assert!(anna.jar.is_empty(), "looking sets nothing");
    assert_eq!(anna.open(&format!("{RECEIPT}&download=proof")).status, 404);

    anna.choose("accept");
    gateway.at(LATER);
    let text = anna.open(RECEIPT).text();
    assert!(text.contains("Article 8") && text.contains("Withdraw consent"));
    assert!(anna.open("/_kelisim/settings?language=en&to=/services").text().contains("/_kelisim/receipt?language=en"));
    anna.post("/_kelisim/choice", "choice=necessary&edition=first&language=en&layer=settings&to=/services");
    let log = gateway.log_of(2);
    let text = anna.open(RECEIPT).text();
    let record = &log[1]["record"];
    for field in ["record_id", "consent_id", "notice_id"] {
        assert!(text.contains(record[field].as_str().unwrap()), "{field}");
    }
    for words in [
        "withdrawn: functional and analytical; still allowed: necessary",
        "settings page",
        "Firefox",
        "in force",
        "ended",
        "/_kelisim/policy/first/en",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(text.contains("kept for 3 years after"), "the term is the one that is configured");
    assert!(!text.contains("<script"));
    gateway.at(LATER_STILL);
    for event in &log {
        let receipt = anna.click(&format!("{RECEIPT}&download=proof&leaf={}", event["index"])).text();
        assert_eq!(verify(&receipt, &key(&mut anna)).0, event["record"]);
    }
}

#[test]
fn a_choice_whose_term_ran_out_is_shown_as_ended_by_time() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("save&functional=on");
    let states = |text: String| {
        let rows = text.split("<tbody>").nth(1).unwrap().split("<tr>").skip(1);
        let state = |row: &str| row.split("<small>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        rows.map(state).collect::<Vec<_>>()
    };
    assert_eq!(states(anna.open(RECEIPT).text()), ["in force"]);
    gateway.at("2027-05-22T10:00:00Z");
    let text = anna.open(RECEIPT).text();
    assert!(text.contains("no longer in force"));
    assert_eq!(states(text), ["its term ended on 22 May 2027"]);
    gateway.at("2027-05-23T10:00:00Z");
    anna.choose("accept");
    anna.choose("necessary");
    gateway.log_of(3);
    assert_eq!(states(anna.open(RECEIPT).text()), ["its term ended on 22 May 2027", "ended", "in force"]);
}

#[test]
fn nobody_gets_the_receipt_of_somebody_else() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let (mut anna, mut boris) = (gateway.browser(), gateway.browser());
    anna.choose("accept");
    boris.choose("accept");
    gateway.at(LATER);
    let annas = gateway.log()[0]["index"].clone();
    let mut stranger = gateway.browser();
    for other in [&mut boris, &mut stranger] {
        let reply = other.click(&format!("{RECEIPT}&download=proof&leaf={annas}"));
        assert_eq!(reply.status, 404);
        assert!(!reply.text().contains("c2sp.org/tlog-proof"));
    }
}

#[test]
fn erasing_leaves_nothing_of_the_person_and_everything_of_the_others() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let (mut anna, mut boris) = (gateway.browser(), gateway.browser());
    anna.choose("accept");
    boris.choose("accept");
    anna.choose("save&functional=on");
    gateway.at(LATER);
    let log = gateway.log_of(3);
    let annas = boris.click(&format!("{RECEIPT}&download=proof")).text();
    let consent_id = log[0]["record"]["consent_id"].as_str().unwrap().to_owned();
    let raw: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&consent_id[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let state = gateway.path().join("state");
    assert!(!files_with(&state, &[consent_id.as_bytes()]).is_empty(), "else the search below finds nothing anyway");

    let question = anna.post("/_kelisim/receipt", "action=erase&language=en&to=/services");
    assert_eq!(question.status, 200);
    assert!(question.text().contains("Records that will be erased: 2.") && question.text().contains("destroyed"));
    assert_eq!(gateway.log().len(), 3);
    assert!(gateway.log().iter().all(|line| line.get("removed_by").is_none()), "a question erases nothing");

    gateway.at(LATER_STILL);
    let done = erase(&mut anna);
    assert_eq!(done.status, 200);
    assert!(done.text().contains("Erased records: 2."), "{}", done.text());
    assert_eq!(done.header("clear-site-data"), Some("\"prefetchCache\", \"prerenderCache\""));
    assert!(!anna.jar.contains_key("__Host-kelisim") && !anna.jar.contains_key("kelisim_view"));
    assert_eq!(files_with(&state, &[consent_id.as_bytes(), &raw]), Vec::<String>::new());
    assert!(anna.open("/").shows_banner());
    assert!(anna.open(RECEIPT).text().contains("Nothing is recorded"));

    // The confirmation leads to the proof of each erasure.
    let mut proofs = 0;
    let signed = checkpoint_of(&gateway, &mut anna, 1);
    for link in done.text().split("/_kelisim/log/proof/").skip(1) {
        let index: u64 = link.split('"').next().unwrap().parse().unwrap();
        let reply = anna.get(&format!("/_kelisim/log/proof/{index}"));
        let proof = Proof::parse(&reply.text()).unwrap();
        let bundle = anna.get(&format!("/_kelisim/log/tile/entries/000.p/{}", signed.checkpoint().size)).body;
        let entry = kelisim::ledger::entries_of_bundle(&bundle).unwrap()[index as usize];
        let said = entry.strip_prefix(b"kelisim-erasure-leaf/v1\n").unwrap();
        let said: Value = serde_json::from_slice(said).unwrap();
        let name = format!("attachment; filename=\"erasure-of-{}.tlog-proof\"", said["index"]);
        assert_eq!(reply.header("content-disposition"), Some(&*name));
        assert_eq!(proof.extra.as_deref(), Some(entry), "the file itself says what was erased");
        let state = signed.checkpoint();
        assert!(check_inclusion(leaf_hash(entry).into(), index, state.size, &proof.inclusion, state.root));
        proofs += 1;
    }
    assert_eq!(proofs, 2);

    // The others are untouched, and receipts of before still hold.
    let key = key(&mut boris);
    assert_eq!(verify(&annas, &key).0, log[1]["record"]);
    assert_eq!(verify(&boris.click(&format!("{RECEIPT}&download=proof")).text(), &key).0, log[1]["record"]);
    boris.click("/");
    assert!(shop.last().header("kelisim-consent").unwrap().starts_with("answered=?1, functional=?1"));
}

#[test]
fn only_a_person_on_the_site_erases() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    let body = "action=erase&confirm=yes&language=en&to=/";
    let form = ("content-type", "application/x-www-form-urlencoded");
    let mut check = |headers: &[(&str, &str)], body: &str, expected| {
        let reply = anna.send("POST", "/_kelisim/receipt", headers, body.as_bytes());
        assert_eq!(reply.status, expected, "{headers:?} {body}");
        assert!(gateway.log()[0].get("removed_by").is_none(), "{headers:?} {body}");
    };
    let of = |site| ("sec-fetch-site", site);
    let (mode, user) = (("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1"));
    check(&[form], body, 403);
    check(&[form, of("cross-site"), mode, user], body, 403);
    check(&[form, of("same-site"), mode, user], body, 403);
    check(&[form, of("none"), mode, user], body, 403);
    check(&[form, of("same-origin"), ("sec-fetch-mode", "cors")], body, 403);
    check(&[("content-type", "application/json"), of("same-origin"), mode, user], body, 400);
    check(&[form, of("same-origin"), mode, user], "action=erase&confirm=maybe&language=en", 400);
    check(&[form, of("same-origin"), mode, user], "confirm=yes&language=en", 400);
    // An address does nothing.
    assert_eq!(anna.open("/_kelisim/receipt?action=erase&confirm=yes&language=en").status, 200);
    assert!(gateway.log()[0].get("removed_by").is_none());
    assert_eq!(erase(&mut anna).status, 200);
    assert_eq!(gateway.log()[0]["removed_by"], "erasure");
}

#[test]
fn a_client_erases_ten_times_in_a_minute_at_most() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let statuses: Vec<_> = (0..=10)
        .map(|_| {
            let mut visitor = gateway.browser();
            visitor.choose("accept");
            erase(&mut visitor).status
        })
        .collect();
    assert_eq!((&statuses[..10], statuses[10]), (&[200; 10][..], 429));
}

#[test]
fn a_receipt_that_is_not_ready_says_so_and_the_page_is_shown_all_the_same() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    checkpoint_of(&gateway, &mut anna, 1);
    anna.choose("accept");
    // The clock stands, so no checkpoint comes.
    let reply = anna.click(&format!("{RECEIPT}&download=proof"));
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("2")));
    assert!(anna.open(RECEIPT).text().contains("data-kelisim-consent-id"));
}
