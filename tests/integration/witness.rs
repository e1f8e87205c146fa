//! Witnesses of the log: what they sign, what they refuse, and what a gateway does with them.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use kelisim::{
    admin::{Role, add_account},
    ledger::{
        AddCheckpoint, Checkpoint, KeyKind, LeafHash, Signed, SignedCheckpoint, SigningKey, TreeHash, VerifierKey,
        origin_hash,
    },
    store::Reader,
    timestamp::Timestamp,
};
use tempfile::TempDir;

use crate::harness::{Browser, Gateway, GatewayBuilder, Origin, Witness, shop};

const ORIGIN: &str = "shop.example/_kelisim/log/0123";
const PATIENCE: Duration = Duration::from_secs(30);

fn log() -> SigningKey {
    SigningKey::from_seed(ORIGIN, KeyKind::Log, &[7; 32]).unwrap()
}

/// A request to sign the tree of one leaf or of two, by their bytes.
fn request(old: u64, leaves: &[u8]) -> String {
    let leaf = |byte: u8| TreeHash::from(LeafHash([byte; 32]));
    let root =
        if leaves.len() == 1 { leaf(leaves[0]) } else { TreeHash::of_children(leaf(leaves[0]), leaf(leaves[1])) };
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size: leaves.len() as u64, root };
    let proof = if (old, leaves.len()) == (1, 2) { vec![leaf(leaves[1])] } else { Vec::new() };
    let note = checkpoint.sign(&log(), Timestamp::from_seconds(1)).note().to_string();
    AddCheckpoint { old, proof, note }.to_string()
}

/// Waits until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it never came: {what}");
        thread::yield_now();
    }
}

/// A gateway that was started once, so that it has a log, and the key of that log.
fn begun(shop: &Origin) -> (GatewayBuilder, String) {
    let gateway = Gateway::before(shop);
    let key = gateway.running().store().key().to_string();
    (gateway.stopped(shop), key)
}

/// The newest checkpoint in the state directory, where all of these have signed it and it covers so many leaves.
fn cosigned(gateway: &Gateway, witnesses: &[&VerifierKey], size: u64) -> Option<SignedCheckpoint> {
    let reader = gateway.running().store().reader().unwrap();
    let key = gateway.running().store().key();
    let ever = (Timestamp::default(), Timestamp::from_milliseconds(i64::MAX));
    let newest = reader.checkpoints(key.name(), ever.0, ever.1).unwrap().pop()?;
    let newest = SignedCheckpoint::open(&newest, key).unwrap();
    let all = witnesses.iter().all(|witness| matches!(newest.note().signed_by(witness), Signed::At(_)));
    (all && newest.checkpoint().size >= size).then_some(newest)
}

fn until_cosigned(gateway: &Gateway, witness: &Witness) -> u64 {
    let size = gateway.running().store().reader().unwrap().size().unwrap();
    // The log signs at most once in a second.
    gateway.clock.set(gateway.clock.now().plus(Duration::from_secs(2)));
    until("the signature of the witness", || cosigned(gateway, &[&witness.key()], size).is_some());
    size
}

fn metric(gateway: &Gateway, line: &str) -> bool {
    gateway.admin("/metrics").lines().any(|shown| shown == line)
}

/// Whether this witness has failed so; counts begin at 0.
fn has_failed(gateway: &Gateway, witness: &VerifierKey, reason: &str) -> bool {
    let begin = format!("kelisim_log_witness_failures_total{{reason=\"{reason}\",witness=\"{}\"}} ", witness.name());
    gateway.admin("/metrics").lines().any(|line| line.strip_prefix(&begin).is_some_and(|count| count != "0"))
}

fn lag(witness: &VerifierKey, seconds: u64) -> String {
    format!("kelisim_log_witness_lag_seconds{{witness=\"{}\"}} {seconds}", witness.name())
}

/// The administration's first page, as an auditor reads it.
fn overview(gateway: &Gateway) -> String {
    let password = "a password of some length";
    // It is there already where the page was read before.
    _ = add_account(&gateway.path().join("state"), "auditor", Role::Auditor, password, Timestamp::default());
    let address = gateway.running().admin().unwrap();
    let mut browser = Browser::at(address, &address.to_string()).sending("accept-language", "en");
    browser.post("/sign-in", &format!("name=auditor&password={}", password.replace(' ', "+")));
    browser.click("/").text()
}

/// A copy of all of it, also of what is not to be in a backup.
fn copied(from: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_into(from, copy.path());
    copy
}

/// Puts it back as an old state of the whole disk would be: the files are the same ones, so the gateway itself can't notice it.
fn put_back(copy: &TempDir, state: &Path) {
    fs::remove_dir_all(state).unwrap();
    fs::create_dir(state).unwrap();
    copy_into(copy.path(), state);
    let path = state.join("outside-backup/high-water.json");
    let mut mark: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    mark.as_object_mut().unwrap().remove("database").unwrap();
    fs::write(path, mark.to_string()).unwrap();
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_witness_signs_what_goes_on_refuses_what_does_not_and_remembers_when_it_is_killed() {
    let witness = Witness::of(&log().verifier().to_string());
    let path = format!("/{}/checkpoint", origin_hash(ORIGIN));
    assert_eq!(witness.browser().get(&path).status, 404);
    let signed = witness.add(&request(0, &[1, 2]));
    assert_eq!(signed.status, 200, "{}", signed.text());
    let newest = witness.browser().get(&path).text();
    assert!(newest.starts_with(&format!("{ORIGIN}\n2\n")) && newest.ends_with(&signed.text()), "{newest}");
    let opened = SignedCheckpoint::open(&newest, log().verifier()).unwrap();
    assert!(matches!(opened.note().signed_by(&witness.key()), Signed::At(_)));
    let key = witness.key();
    let witness = witness.killed_and_started();
    assert_eq!(witness.key(), key);
    let refused = |body: &str| {
        let reply = witness.add(body);
        (reply.status, reply.header("content-type").unwrap_or_default().to_owned(), reply.text())
    };
    let size = |text: &str| (409, "text/x.tlog.size".to_owned(), text.to_owned());
    assert_eq!(refused(&request(0, &[1, 2])), size("2\n"));
    assert_eq!(refused(&request(0, &[1])), size("2\n"), "a log that was cut short");
    assert_eq!(refused(&request(1, &[1, 2])), size("2\n"));
    assert_eq!(refused(&request(2, &[1])).0, 400);
    assert_eq!(refused(&request(2, &[1, 3])).0, 422, "another tree of the same size");
    assert_eq!(refused("old 0\n\nnothing\n").0, 400);
    assert_eq!(refused(&request(2, &[1, 2]).replace("shop.example", "ship.example")).0, 404);
    assert_eq!(refused(&request(2, &[1, 2]).replacen("\n2\n", "\n3\n", 1)).0, 403);
    assert_eq!(refused(&"x".repeat(200_000)).0, 400);
    assert_eq!(witness.browser().send("PUT", "/add-checkpoint", &[], b"").status, 405);
    assert_eq!(witness.browser().get("/elsewhere").status, 404);
    assert_eq!(witness.browser().get(&path).text(), newest);
    assert_eq!(witness.browser().get("/").text(), format!("{key}\n"));
    let second = Witness::output("127.0.0.1:0", &log().verifier().to_string(), witness.path());
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another witness works with this directory"));
    let (in_order, _) = witness.stop();
    assert!(in_order);
}

#[test]
fn each_choice_is_soon_under_the_signatures_of_all_witnesses() {
    let shop = shop();
    let (gateway, key) = begun(&shop);
    let witnesses = [Witness::of(&key), Witness::of(&key)];
    let gateway = gateway.tables(&witnesses[0].table()).tables(&witnesses[1].table()).start();
    let keys = [witnesses[0].key(), witnesses[1].key()];
    for day in ["2026-11-23", "2026-11-24"] {
        gateway.at(&format!("{day}T10:00:00Z"));
        gateway.browser().choose("accept");
        let size = gateway.running().store().reader().unwrap().size().unwrap();
        // The log signs at most once in a second.
        gateway.clock.set(gateway.clock.now().plus(Duration::from_secs(2)));
        let all = || cosigned(&gateway, &[&keys[0], &keys[1]], size).is_some();
        until("both signatures", all);
    }
    let newest = cosigned(&gateway, &[&keys[0], &keys[1]], 1).unwrap();
    let path = format!("/{}/checkpoint", origin_hash(&newest.checkpoint().origin));
    for witness in &witnesses {
        let seen = SignedCheckpoint::open(&witness.browser().get(&path).text(), gateway.running().store().key());
        assert_eq!(seen.unwrap().checkpoint(), newest.checkpoint());
    }
    until("no lag", || keys.iter().all(|key| metric(&gateway, &lag(key, 0))));
}

#[test]
fn a_witness_that_is_down_delays_nobody_and_what_it_missed_follows() {
    let shop = shop();
    let (gateway, key) = begun(&shop);
    let witness = Witness::of(&key);
    let (table, name, address) = (witness.table(), witness.key(), witness.address.to_string());
    let (_, memory) = witness.stop();
    let gateway = gateway.tables(&table).start();
    gateway.browser().choose("accept");
    assert_eq!(gateway.log_of(1).len(), 1);
    until("a failure", || has_failed(&gateway, &name, "unreachable"));
    gateway.at("2026-11-22T10:01:30Z");
    until("the lag", || metric(&gateway, &lag(&name, 90)));
    let page = overview(&gateway);
    assert!(page.contains(name.name()) && page.contains("no signature of this log yet"), "{page}");
    assert!(page.contains("for 90 s") && page.contains("be reached."), "{page}");
    assert!(!page.contains("No witness is configured"), "{page}");
    let witness = Witness::at(&address, &key, memory);
    until_cosigned(&gateway, &witness);
    until("no lag", || metric(&gateway, &lag(&name, 0)));
    let page = overview(&gateway);
    assert!(page.contains("The newest checkpoint is signed.") && !page.contains("be reached."), "{page}");
    drop(witness);
    let gateway = gateway.stopped(&shop).tables(&table).start();
    until("what the log remembers of it", || overview(&gateway).contains("leaves signed: "));
}

#[test]
fn a_witness_that_never_answers_stops_no_start() {
    let shop = shop();
    let silent = Origin::raw(|stream| {
        // Until the gateway hangs up.
        _ = (&stream).read_to_end(&mut Vec::new());
    });
    let key = SigningKey::from_seed("silent.example", KeyKind::Witness, &[3; 32]).unwrap();
    let table = format!("[[log.witnesses]]\nurl = \"http://{}\"\nkey = \"{}\"\n", silent.address(), key.verifier());
    let gateway = Gateway::with(&shop).tables(&table).start();
    gateway.browser().choose("accept");
    assert_eq!(gateway.log_of(1).len(), 1);
}

#[test]
fn an_answer_of_a_witness_that_is_lost_on_its_way_is_no_contradiction() {
    let shop = shop();
    let (gateway, key) = begun(&shop);
    let witness = Witness::of(&key);
    let (loses, address) = (Arc::new(AtomicBool::new(false)), witness.address);
    let way = Origin::raw({
        let loses = Arc::clone(&loses);
        move |mut client| {
            let mut there = TcpStream::connect(address).unwrap();
            let (mut asking, mut asked) = (client.try_clone().unwrap(), there.try_clone().unwrap());
            thread::spawn(move || {
                _ = io::copy(&mut asking, &mut asked);
                _ = asked.shutdown(Shutdown::Both);
            });
            let mut bytes = [0; 4096];
            // What the witness did is done when its answer comes, whether or not anybody hears it.
            while let Ok(length @ 1..) = there.read(&mut bytes) {
                if loses.load(Ordering::SeqCst) || client.write_all(&bytes[..length]).is_err() {
                    break;
                }
            }
            _ = client.shutdown(Shutdown::Both);
        }
    });
    let table = format!("[[log.witnesses]]\nurl = \"http://{}\"\nkey = \"{}\"\n", way.address(), witness.key());
    let gateway = gateway.tables(&table).start();
    until_cosigned(&gateway, &witness);

    loses.store(true, Ordering::SeqCst);
    gateway.browser().choose("accept");
    let signed = || signed_size(&witness, &gateway);
    let before = gateway.running().store().reader().unwrap().size().unwrap();
    gateway.clock.set(gateway.clock.now().plus(Duration::from_secs(2)));
    until("a signature whose answer was lost", || signed() == before);
    gateway.browser().choose("accept");
    gateway.clock.set(gateway.clock.now().plus(Duration::from_secs(2)));
    let newest = || gateway.running().store().checkpoints().borrow().as_ref().map(|newest| newest.checkpoint().size);
    until("a newer checkpoint", || newest() > Some(before));

    loses.store(false, Ordering::SeqCst);
    until_cosigned(&gateway, &witness);
    assert!(!has_failed(&gateway, &witness.key(), "conflict"), "{}", gateway.admin("/metrics"));
}

/// How many leaves of this gateway's log the witness has signed.
fn signed_size(witness: &Witness, gateway: &Gateway) -> u64 {
    let key = gateway.running().store().key();
    let page = witness.browser().get(&format!("/{}/checkpoint", origin_hash(key.name()))).text();
    SignedCheckpoint::open(&page, key).unwrap().checkpoint().size
}

#[test]
fn a_signature_that_is_not_the_witness_s_own_is_not_kept() {
    let shop = shop();
    let (gateway, key) = begun(&shop);
    let (witness, other) = (Witness::of(&key), Witness::of(&key));
    let table = format!("[[log.witnesses]]\nurl = \"http://{}\"\nkey = \"{}\"\n", witness.address, other.key());
    let gateway = gateway.tables(&table).start();
    until("the failure", || has_failed(&gateway, &other.key(), "forged"));
    assert!(cosigned(&gateway, &[&witness.key()], 0).is_none());
}

#[test]
fn a_witness_behind_tls_is_asked_there() {
    let shop = shop();
    let (gateway, key) = begun(&shop);
    let witness = Witness::of(&key);
    let passing = "[[site.path]]\nprefix = \"/\"\npass_through = true";
    let proxy = Gateway::with(&shop).upstream(&format!("http://{}", witness.address)).tables(passing).start();
    let table = format!(
        "[[log.witnesses]]\nurl = \"https://localhost:{}/\"\nkey = \"{}\"\ncertificate_authority = \"{}\"\n",
        proxy.https().port(),
        witness.key(),
        proxy.path().join("certificate.pem").display()
    );
    let gateway = gateway.tables(&table).start();
    until_cosigned(&gateway, &witness);
}

#[test]
fn a_start_from_an_older_copy_of_the_state_directory_is_noticed() {
    let shop = shop();
    let (gateway, key) = begun(&shop);
    let witness = Witness::of(&key);
    let old = copied(&gateway.state());
    let gateway = gateway.tables(&witness.table()).start();
    gateway.browser().choose("accept");
    let seen = until_cosigned(&gateway, &witness);
    let new = {
        let gateway = gateway.stopped(&shop);
        let new = copied(&gateway.state());
        // The old copy is put in place of the new one.
        put_back(&old, &gateway.state());
        let (error, folder) = gateway.tables(&witness.table()).try_start().err().unwrap();
        let said = error.to_string();
        let ours = Reader::open(old.path()).unwrap().size().unwrap();
        assert!(said.contains(&format!("{} has signed {seen} leaves", witness.key().name())), "{said}");
        assert!(said.contains(&format!("holds {ours}")) && said.contains("newest copy"), "{said}");
        // Somebody goes on with it all the same, as long as the witness is not asked.
        let gateway = Gateway::with(&shop).within(folder).start();
        for _ in 0..3 {
            gateway.browser().choose("accept");
        }
        let (error, folder) = gateway.stopped(&shop).tables(&witness.table()).try_start().err().unwrap();
        let said = error.to_string();
        assert!(said.contains(&format!("first {seen} leaves")) && said.contains(witness.key().name()), "{said}");
        put_back(&new, &folder.path().join("state"));
        folder
    };
    let gateway = Gateway::with(&shop).within(new).tables(&witness.table()).start();
    gateway.browser().choose("accept");
    assert!(until_cosigned(&gateway, &witness) > seen);
}

#[test]
fn a_log_that_forks_while_the_witness_is_away_is_counted_when_it_is_back() {
    let shop = shop();
    let (gateway, key) = begun(&shop);
    let witness = Witness::of(&key);
    let (table, name, address) = (witness.table(), witness.key(), witness.address.to_string());
    let old = copied(&gateway.state());
    let gateway = gateway.tables(&table).start();
    gateway.browser().choose("accept");
    until_cosigned(&gateway, &witness);
    let gateway = gateway.stopped(&shop);
    put_back(&old, &gateway.state());
    let (_, memory) = witness.stop();
    let gateway = gateway.tables(&table).start();
    for _ in 0..3 {
        gateway.browser().choose("accept");
    }
    gateway.clock.set(gateway.clock.now().plus(Duration::from_secs(2)));
    let _witness = Witness::at(&address, &key, memory);
    until("the fork", || has_failed(&gateway, &name, "inconsistent"));
    let page = overview(&gateway);
    assert!(page.contains(r#"<p class="bad" role="alert">"#) && page.contains("put the newest copy of"), "{page}");
    gateway.browser().choose("accept");
    assert_eq!(gateway.log_of(4).len(), 4, "visitors are answered all the same");
}
