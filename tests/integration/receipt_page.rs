//! What the page of what is recorded says where the record is late, gone, partly withdrawn, or asked for by nobody.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::Connection;

use crate::harness::{Browser, Gateway, Program, Reply, kelisim, shop};

const RECEIPT: &str = "/_kelisim/receipt?language=en&to=/services";
const ON_ITS_WAY: &str = "on its way into the log";

/// The value of a hidden field of a page.
fn field(page: &str, name: &str) -> String {
    let rest = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap().1;
    rest.split('"').next().unwrap().replace("&#38;", "&")
}

/// Presses the button that withdraws, on the page as it is.
fn withdraw(browser: &mut Browser) -> Reply {
    let page = browser.click(RECEIPT).text();
    let encoded = |value: String| value.replace('&', "%26").replace('=', "%3D");
    let fields = ["edition", "language", "notice", "layer", "to"];
    let fields = fields.map(|name| format!("{name}={}", encoded(field(&page, name))));
    browser.post("/_kelisim/choice", &format!("{}&choice=necessary", fields.join("&")))
}

#[test]
fn a_refusal_that_was_erased_is_respected_and_not_said_to_be_on_its_way() {
    let shop = shop();
    let program = Program::run(Gateway::with(&shop).folder());
    let mut anna = program.browser();
    anna.choose("necessary");
    let number = loop {
        let page = anna.open(RECEIPT).text();
        if !page.contains(ON_ITS_WAY) {
            break page.split_once("data-kelisim-consent-id>").unwrap().1[..32].to_owned();
        }
    };
    let erased = kelisim(program.path(), &["log", "erase", &number]);
    assert!(erased.status.success(), "{erased:?}");

    let page = anna.open(RECEIPT);
    let text = page.text();
    assert_eq!(page.status, 200);
    for words in ["Your refusal is respected", "it was erased", "Nothing else is recorded", "Answer anew"] {
        assert!(text.contains(words), "{words}");
    }
    assert!(text.contains("<a href=\"/_kelisim/settings?language=en&#38;to=%2Fservices\">Answer anew"));
    for promise in [ON_ITS_WAY, &*number, "can be found or erased", "is kept for", "download=", "value=\"erase\""] {
        assert!(!text.contains(promise), "{promise}");
    }
    assert!(!anna.click("/").shows_banner(), "it is a refusal all the same");
    for kind in ["proof", "json"] {
        let reply = anna.click(&format!("{RECEIPT}&download={kind}"));
        assert_eq!((reply.status, reply.header("retry-after")), (404, None), "{kind}");
        assert!(reply.text().contains("no record"), "{kind}");
    }
}

#[test]
fn a_refusal_that_waits_for_the_disk_is_on_its_way() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    let held = Connection::open(gateway.path().join("state/consent.sqlite")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    anna.choose("necessary");
    let text = anna.open(RECEIPT).text();
    assert!(text.contains(ON_ITS_WAY) && text.contains("data-kelisim-consent-id") && !text.contains("no record"));
    let reply = anna.click(&format!("{RECEIPT}&download=proof"));
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("2")));
    held.execute_batch("ROLLBACK").unwrap();
    gateway.log_of(1);
    assert!(!anna.open(RECEIPT).text().contains(ON_ITS_WAY));
}

#[test]
fn a_withdrawal_on_the_page_of_records_is_recorded_as_made_there() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    let reply = withdraw(&mut anna);
    assert_eq!((reply.status, reply.header("location")), (303, Some(RECEIPT)), "{}", reply.text());
    let record = gateway.log_of(2).remove(1)["record"].clone();
    assert_eq!((record["event"].as_str(), record["method"].as_str()), (Some("withdrawn"), Some("receipt_form")));
    let text = anna.open(RECEIPT).text();
    assert!(text.contains("<dd>button of the page “What is recorded about this browser”</dd>"));
    assert!(text.contains("withdrawn: functional and analytical; still allowed: necessary"));

    gateway.at("2026-11-22T10:01:00Z");
    let readable = anna.click(&format!("{RECEIPT}&download=json")).text();
    let readable: serde_json::Value = serde_json::from_str(&readable).unwrap();
    let shown = readable["dpv:hasRecordOfActivity"]["dpv:hasNotice"]["dct:description"].as_str().unwrap().to_owned();
    assert!(
        shown.starts_with("What is recorded about this browser") && shown.ends_with("[Withdraw consent]"),
        "{shown}"
    );
    let accepts = "choice=accept&edition=2026-11-22&language=en&layer=receipt&to=/";
    assert_eq!(anna.post("/_kelisim/choice", accepts).status, 400, "nothing can be allowed there");
}

#[test]
fn a_part_that_is_withdrawn_is_named_with_what_stays() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    gateway.at("2026-11-22T10:00:07Z");
    anna.choose("save&analytical=on");
    let text = anna.open("/_kelisim/receipt?language=ru").text();
    assert_eq!(text.matches("отозвано: функциональные; остаётся: аналитические").count(), 2, "data and history");
    assert!(text.contains("10:00:00 UTC") && text.contains("10:00:07 UTC"));
}

#[test]
fn the_text_that_was_shown_is_read_from_the_log_and_is_what_its_name_says() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    let notice = gateway.log()[0]["record"]["notice_id"].as_str().unwrap().to_owned();
    let page = anna.open(RECEIPT).text();
    let address = "/_kelisim/receipt?language=en&#38;to=%2Fservices";
    assert!(page.contains(&format!("<a href=\"{address}&#38;notice={notice}\">{notice}</a>")));
    // It is the same for everybody, so nobody has to have answered.
    let mut stranger = gateway.browser();
    let text = stranger.open(&format!("{RECEIPT}&notice={notice}"));
    assert_eq!(text.status, 200);
    for words in ["[Принять все файлы cookie]", "[Отозвать согласие]", "lang=\"ru\"", &*notice]
    {
        assert!(text.text().contains(words), "{words}");
    }
    let document = stranger.click(&format!("{RECEIPT}&notice={notice}&download=json"));
    let name = format!("attachment; filename=\"notice-{}.json\"", &notice[..12]);
    assert_eq!(document.header("content-disposition"), Some(&*name));
    let hash: String = digest(&SHA256, &document.body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, notice);
    assert_eq!(
        stranger.open(&format!("{RECEIPT}&notice={}", "0a".repeat(32))).status,
        404,
        "nothing of that name is kept"
    );
    let by_script = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    assert_eq!(stranger.send("GET", &format!("{RECEIPT}&notice={notice}"), &by_script, b"").status, 403);
}

#[test]
fn an_erasure_that_nobody_pressed_says_that_nothing_was_erased() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let mut anna = gateway.browser();
    anna.choose("accept");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = "action=erase&confirm=yes&language=ru&to=/";
    let scripted = [form, ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")];
    for headers in [&scripted[..], &[form, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]] {
        let reply = anna.send("POST", "/_kelisim/receipt", headers, body.as_bytes());
        assert_eq!(reply.status, 403, "{headers:?}");
        let text = reply.text();
        assert!(text.contains("href=\"/_kelisim/receipt?language="), "{text}");
        for wrong in ["Выбор не принят", "настройки файлов cookie", "The choice was not accepted"]
        {
            assert!(!text.contains(wrong), "{wrong}");
        }
    }
    assert!(gateway.log()[0].get("removed_by").is_none());
}
