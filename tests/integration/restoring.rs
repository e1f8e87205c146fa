//! A log that was restored from a backup: what is in it counts, what was lost counts no more.

use std::{fs, path::Path};

use crate::harness::{Browser, Gateway, GatewayBuilder, kelisim, shop};

const BACKED_UP: [&str; 3] = ["log.key", "record.keys", "consent.sqlite"];

fn copy(from: &Path, to: &Path) {
    for name in BACKED_UP {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[test]
fn choices_of_before_the_backup_count_and_those_that_it_lost_do_not() {
    let shop = shop();
    let edition = |builder: GatewayBuilder| builder.edition("first", "2026-01-01", false);
    let gateway = edition(Gateway::with(&shop)).start();
    let chosen = |gateway: &Gateway, choice: &str| {
        let mut browser = gateway.plain_browser();
        assert_eq!(browser.choose(choice).status, 303);
        browser
    };
    let asks = |gateway: &Gateway, browser: &Browser| {
        gateway.plain_browser().holding("kelisim", &browser.jar["kelisim"]).open("/").shows_banner()
    };
    let (anna, careful) = (chosen(&gateway, "accept"), chosen(&gateway, "necessary"));
    let builder = gateway.stopped(&shop);
    let backup = tempfile::tempdir().unwrap();
    copy(&builder.state(), backup.path());
    let state = builder.state();
    let gateway = edition(builder).start();
    let (boris, also_careful) = (chosen(&gateway, "accept"), chosen(&gateway, "necessary"));
    let builder = gateway.stopped(&shop);
    copy(backup.path(), &state);

    let gateway = edition(builder).start();
    // As many choices as were lost: the index that Boris holds is somebody else's now.
    let later = [chosen(&gateway, "accept"), chosen(&gateway, "accept")];
    assert!(!asks(&gateway, &anna), "she is in the backup");
    assert!(asks(&gateway, &boris), "his choice is lost");
    assert!(!asks(&gateway, &careful) && !asks(&gateway, &also_careful), "a refusal needs no leaf");
    assert!(later.iter().all(|browser| !asks(&gateway, browser)));
    let page = |browser: &Browser| {
        let mut browser = gateway.plain_browser().holding("kelisim", &browser.jar["kelisim"]);
        browser.open("/_kelisim/receipt?language=en").text()
    };
    assert!(page(&careful).contains("download=proof"), "her refusal came back with the backup");
    assert!(page(&also_careful).contains("no record") && !page(&also_careful).contains("on its way"), "his did not");
    let mut anna = gateway.plain_browser().holding("kelisim", &anna.jar["kelisim"]);
    let saved = anna.jar["kelisim"].clone();
    anna.choose("necessary");
    assert!(gateway.plain_browser().holding("kelisim", &saved).open("/").shows_banner(), "she can withdraw it");

    let gateway = edition(gateway.stopped(&shop)).start();
    assert!(later.iter().all(|browser| !asks(&gateway, browser)), "the next start is no restore");
}

#[test]
fn erasing_without_a_gateway_goes_on_under_the_name_of_the_sites() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    gateway.plain_browser().choose("accept");
    let id = gateway.log()[0]["record"]["consent_id"].as_str().unwrap().to_owned();
    let builder = gateway.stopped(&shop);
    let state = builder.state();
    let key = fs::read_to_string(state.join("log.pub")).unwrap();
    let folder = builder.folder();
    let erased = kelisim(folder.path(), &["log", "erase", &id]);
    assert!(String::from_utf8_lossy(&erased.stdout).starts_with("1 record erased\n"), "{erased:?}");
    assert_eq!(fs::read_to_string(state.join("log.pub")).unwrap(), key);
    // With its mark gone it is a restored log, which only a gateway begins anew, and the new name has the same host.
    fs::remove_file(state.join("outside-backup/high-water.json")).unwrap();
    assert!(!kelisim(folder.path(), &["log", "erase", &id]).status.success());
    assert_eq!(fs::read_to_string(state.join("log.pub")).unwrap(), key);
    let _gateway = Gateway::with(&shop).within(folder).start();
    let new = fs::read_to_string(state.join("log.pub")).unwrap();
    let host = |key: &str| key.split_once("/_kelisim/log/").unwrap().0.to_owned();
    assert_ne!(new, key);
    assert_eq!(host(&new), host(&key));
}

#[test]
fn no_command_writes_into_a_copy_and_a_gateway_that_is_started_on_it_begins_a_new_log() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    gateway.plain_browser().choose("accept");
    let id = gateway.log()[0]["record"]["consent_id"].as_str().unwrap().to_owned();
    let builder = gateway.stopped(&shop);
    let state = builder.state();
    let folder = builder.folder();
    let copy = folder.path().join("copy");
    let copied = std::process::Command::new("cp").arg("-a").args([&state, &copy]).status().unwrap();
    assert!(copied.success());
    fs::rename(&state, folder.path().join("original")).unwrap();
    fs::rename(&copy, &state).unwrap();
    let kept = || {
        ["log.pub", "outside-backup/high-water.json", "consent.sqlite"].map(|name| fs::read(state.join(name)).unwrap())
    };
    let before = kept();
    let day = ["--from", "2026-11-22", "--to", "2026-11-23"];
    let commands: [&[&str]; 4] = [
        &["log", "export"],
        &["log", "show", &id],
        &["log", "erase", &id],
        &[&["log", "incident", "--list-numbers"], &day[..]].concat(),
    ];
    for command in commands {
        let refused = kelisim(folder.path(), command);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0), "{command:?}: {refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("copy of a consent log") && said.contains("Start the gateway on it first"), "{said}");
        assert!(kept() == before, "{command:?} changed something");
    }
    let gateway = Gateway::with(&shop).within(folder).start();
    assert_ne!(fs::read(state.join("log.pub")).unwrap(), before[0]);
    let folder = gateway.stopped(&shop).folder();
    assert!(kelisim(folder.path(), &["log", "erase", &id]).status.success());
}
