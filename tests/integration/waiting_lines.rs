//! From what was seen of a site to lines of its configuration: a click for each name, and one command that shows, checks and writes.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use kelisim::admin::Role;

use crate::{
    administration::{add, signed_in},
    harness::{Browser, Gateway, kelisim, shop},
    inventory::{NOBODY, OBSERVE, report, talkative, violation},
};

/// Lines that a person wrote, which no program would write so.
const BY_HAND: &str = "# the back office\n[[site.path]]   # odd   spacing\nprefix=\"/office/\"\n\n# kept for long\n[retention]\nconsent_records = '4 years'  # as the policy says\n";

fn operator(gateway: &Gateway) -> Browser {
    add(gateway, "operator", Role::Operator);
    signed_in(gateway, "operator")
}

/// Clicks a button of a name of the shop.
fn choose(browser: &mut Browser, kind: &str, name: &str, category: &str) -> u16 {
    let name = name.replace('*', "%2A");
    browser.post("/inventory", &format!("site=shop.example&kind={kind}&name={name}&category={category}")).status
}

fn waiting(gateway: &Gateway) -> String {
    fs::read_to_string(gateway.path().join("state/proposed.toml")).unwrap_or_default()
}

fn configuration(folder: &Path) -> String {
    fs::read_to_string(folder.join("kelisim.toml")).unwrap()
}

/// Applies what waits; the answer is the exit code, what was printed, and what was said.
fn apply(gateway: &Gateway, more: &[&str]) -> (i32, String, String) {
    let output = kelisim(gateway.path(), &[&["check", "--apply"], more].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_click_becomes_a_line_of_the_configuration_and_all_else_in_the_file_stays() {
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).tables(BY_HAND).start();
    let mut anna = gateway.browser().holding("by_script_120345", "secret");
    anna.open("/");
    report(&mut anna, "application/csp-report", &violation("https://shop.example/orders/1", NOBODY));
    report(&mut anna, "application/json", r#"{"local":["draft_120345"]}"#);
    let mut operator = operator(&gateway);
    let page = operator.click("/inventory").text();
    for said in [
        "<code>mysid</code>",
        "Set by the site: HttpOnly, until the browser closes",
        "logins and baskets",
        "class=\"proposed\">necessary",
        "<code>by_script_*</code>",
        "<code>nobody.example</code>",
        "localStorage",
        "PHPSESSID",
        "in the catalogue",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("secret") && !page.contains("120345") && !page.contains("<script"), "{page}");

    assert_eq!(choose(&mut operator, "cookie", "mysid", "functional"), 303);
    assert_eq!(choose(&mut operator, "cookie", "mysid", "necessary"), 303);
    assert_eq!(choose(&mut operator, "cookie", "siteLang", "functional"), 303);
    assert_eq!(choose(&mut operator, "cookie", "by_script_*", "marketing"), 303);
    assert_eq!(choose(&mut operator, "cookie", "by_script_*", "none"), 303);
    assert_eq!(choose(&mut operator, "storage", "draft_*", "functional"), 303);
    assert_eq!(choose(&mut operator, "host", "nobody.example", "analytical&sees_address=on"), 303);
    let lines = waiting(&gateway);
    assert!(lines.contains("[[site]]\nname = \"shop.example\"\n"), "{lines}");
    assert!(!lines.contains("by_script") && lines.matches("mysid").count() == 1, "{lines}");
    let mode = fs::metadata(gateway.path().join("state/proposed.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let page = operator.click("/inventory").text();
    assert!(page.contains("Waiting for the configuration: 4"), "{page}");
    let command =
        format!("kelisim check --apply --config {}/kelisim.toml", gateway.path().canonicalize().unwrap().display());
    assert!(page.contains(&command) && page.contains("Chosen: <strong>necessary</strong>"), "{page}");
    assert!(page.contains("name=\"sees_address\" checked"), "{page}");

    let file = gateway.path().join("kelisim.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let before = configuration(gateway.path());
    let (code, difference, said) = apply(&gateway, &[]);
    assert_eq!((code, configuration(gateway.path())), (1, before.clone()), "{said}");
    assert!(said.contains("add --yes"), "{said}");
    assert!(difference.contains("\n prefix=\"/office/\"\n+\n+[[site.cookie]]\n+name = \"mysid\"\n"), "{difference}");
    assert_eq!(waiting(&gateway), lines, "what was not written still waits");

    let (code, _, said) = apply(&gateway, &["--yes"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("`systemctl reload kelisim` puts it in force"), "{said}");
    let after = configuration(gateway.path());
    let added = "prefix=\"/office/\"\n\n[[site.cookie]]\nname = \"mysid\"\ncategory = \"necessary\"\nlifetime = \"session\"\n\n\
        [[site.cookie]]\nname = \"siteLang\"\ncategory = \"functional\"\nlifetime = \"1 year\"\n\n\
        [[site.host]]\nname = \"nobody.example\"\ncategory = \"analytical\"\nsees_address = true\n\n\
        [[site.storage]]\nname = \"draft_*\"\ncategory = \"functional\"\n";
    assert_eq!(after, before.replace("prefix=\"/office/\"\n", added));
    let kept = gateway.path().join("kelisim.toml.before");
    assert_eq!(fs::read_to_string(&kept).unwrap(), before);
    for written in [&file, &kept] {
        assert_eq!(fs::metadata(written).unwrap().permissions().mode() & 0o777, 0o640, "{}", written.display());
    }
    assert_eq!(waiting(&gateway), "");
    assert_eq!(apply(&gateway, &["--yes"]).0, 0, "nothing waits");
    let (code, difference, _) = apply(&gateway, &["--yes"]);
    assert_eq!((code, &*difference), (0, ""));
    assert_eq!(kelisim(gateway.path(), &["check"]).status.code(), Some(0));
}

#[test]
fn what_was_named_meanwhile_is_said_and_skipped() {
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).start();
    let mut anna = gateway.browser();
    anna.open("/");
    report(&mut anna, "application/csp-report", &violation("https://shop.example/", NOBODY));
    let mut operator = operator(&gateway);
    choose(&mut operator, "cookie", "mysid", "necessary");
    choose(&mut operator, "cookie", "siteLang", "functional");
    choose(&mut operator, "host", "nobody.example", "functional");
    let by_hand = "[[site.cookie]]\nname = \"my*\"\ncategory = \"necessary\"\n[[site.host]]\nname = \"nobody.example\"\ncategory = \"necessary\"\n";
    let before = configuration(gateway.path()) + by_hand;
    fs::write(gateway.path().join("kelisim.toml"), &before).unwrap();
    let (code, difference, said) = apply(&gateway, &["--yes"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("the cookie `mysid` is named by now") && said.contains("the host `nobody.example` is named"),
        "{said}"
    );
    assert!(difference.contains("siteLang") && !difference.contains("mysid\""), "{difference}");
    assert!(
        configuration(gateway.path())
            .ends_with("\n[[site.cookie]]\nname = \"siteLang\"\ncategory = \"functional\"\nlifetime = \"1 year\"\n")
    );
    assert_eq!(waiting(&gateway), "", "what was skipped waits no more");
    choose(&mut operator, "cookie", "mysid", "necessary");
    let renamed = configuration(gateway.path()).replace("hosts = [\"shop.example\", ", "hosts = [");
    fs::write(gateway.path().join("kelisim.toml"), &renamed).unwrap();
    let (code, difference, said) = apply(&gateway, &["--yes"]);
    assert_eq!((code, &*difference), (0, ""), "{said}");
    assert!(said.contains("shop.example: skipped: the configuration has no such site any more"), "{said}");
}

#[test]
fn a_configuration_that_would_not_be_right_is_not_written() {
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).start();
    // Folded it would also stand for cookies of ours, which no line may name.
    gateway.browser().holding("kelisim120345", "1").open("/");
    let mut operator = operator(&gateway);
    assert_eq!(choose(&mut operator, "cookie", "kelisim*", "functional"), 303);
    let (before, lines) = (configuration(gateway.path()), waiting(&gateway));
    let (code, difference, said) = apply(&gateway, &["--yes"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("`kelisim*`") && said.contains("would not be right, so nothing was written"), "{said}");
    assert!(difference.contains("+name = \"kelisim*\""), "{difference}");
    assert_eq!((configuration(gateway.path()), waiting(&gateway)), (before, lines));
    assert!(!gateway.path().join("kelisim.toml.before").exists());
    fs::write(gateway.path().join("kelisim.toml"), "[server]\nhtp = []\n").unwrap();
    let (code, difference, said) = apply(&gateway, &["--yes"]);
    assert_eq!((code, &*difference), (1, ""));
    assert!(said.contains("did you mean `http`?") && said.contains("mend it first"), "{said}");
}

#[test]
fn a_name_is_chosen_for_only_where_it_waits() {
    let site = talkative();
    let gateway = Gateway::with(&site).site(OBSERVE).start();
    gateway.browser().holding("a<b>_csrf", "1").holding("cart_anna@example.kz", "1").open("/");
    let mut operator = operator(&gateway);
    let page = operator.click("/inventory").text();
    assert!(page.contains("a&#60;b&#62;_csrf") && !page.contains("<b>"), "{page}");
    assert!(page.contains("Its name is not kept") && !page.contains("anna"), "{page}");
    for (kind, name, category) in [
        ("cookie", "PHPSESSID", "functional"),
        ("cookie", "nobody_sent_this", "functional"),
        ("cookie", "*", "functional"),
        ("storage", "mysid", "functional"),
        ("cookie", "mysid", "unknown"),
        ("cookie", "mysid", ""),
        ("", "mysid", "functional"),
    ] {
        assert_eq!(choose(&mut operator, kind, name, category), 409, "{kind} {name} {category}");
    }
    let elsewhere = operator.post("/inventory", "site=other.example&kind=cookie&name=mysid&category=necessary");
    assert_eq!(elsewhere.status, 409);
    assert!(elsewhere.text().contains("Nothing was changed"), "{}", elsewhere.text());
    assert_eq!(waiting(&gateway), "");
    fs::write(gateway.path().join("state/proposed.toml"), "mode = \"strict\"\n").unwrap();
    assert_eq!(choose(&mut operator, "cookie", "mysid", "necessary"), 503);
    assert!(operator.click("/inventory").text().contains("proposed.toml in the state directory: it can"));
    assert_eq!(waiting(&gateway), "mode = \"strict\"\n", "what somebody wrote there is not written over");
}

#[test]
fn what_is_enforced_is_said_of_each_name() {
    let site = talkative();
    for (mode, said) in [("strict", "is refused"), ("compatible", "passes"), ("observe", "passes")] {
        let gateway = Gateway::with(&site).site(&format!("mode = \"{mode}\"")).start();
        gateway.browser().open("/");
        let page = operator(&gateway).click("/inventory").text();
        let row = page.split("<code>mysid</code>").nth(1).unwrap().split("</section>").next().unwrap().to_owned();
        assert!(row.contains(&format!("Now: <strong>{said}</strong>")), "{mode}: {row}");
    }
    let gateway = Gateway::before(&shop());
    let mut operator = operator(&gateway);
    assert!(operator.click("/inventory").text().contains("Nothing was seen yet."));
    operator.headers = vec![("accept-language".into(), "kk".into())];
    assert!(operator.click("/inventory").text().contains("Әзірге ештеңе байқалған жоқ."));
}
