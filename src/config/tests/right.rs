//! Right configurations: what arrives in the settings, what is worth a warning.

use super::*;
use crate::{
    cookies::Pattern,
    routing::HostPattern,
    visitor::{AddressForm, Language},
};

fn site(replacement: &str) -> gateway::SiteSettings {
    let loaded = load_in(Path::new("/nowhere"), &changed("mode = \"observe\"\n", replacement));
    loaded.unwrap_or_else(|faults| panic!("{faults}")).0.sites.remove(0)
}

#[test]
fn a_site_has_safe_defaults() {
    let (configuration, _) = load_in(Path::new("/nowhere"), RIGHT).unwrap();
    assert_eq!(configuration.state_dir, Path::new("/var/lib/kelisim"));
    assert!(!configuration.server.redirect_to_https);
    let site = site("");
    assert_eq!(site.mode, gateway::Mode::Strict);
    assert_eq!(site.name, "example.kz");
    assert_eq!(site.upstream.client_address, AddressForm::Truncated);
    assert!(!site.share_subdomains && !site.pages.own_settings_link);
    assert_eq!(site.pages.languages, [Language::Ru, Language::Kk, Language::En]);
    assert_eq!(site.pages.prefix, "/_kelisim/");
}

#[test]
fn links_begin_as_visitors_reach_the_site() {
    let check = |piece: &str, replacement: &str, expected: &str| {
        let loaded =
            load_in(Path::new("/nowhere"), &changed(piece, replacement)).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(loaded.0.sites[0].pages.origin, expected, "{replacement}");
    };
    let http = "http = [\"127.0.0.1:8081\"]";
    check("", "", "http://example.kz:8081");
    check(http, "http = [\"0.0.0.0:80\"]", "http://example.kz");
    check(http, "http = [\"127.0.0.1:0\"]", "http://example.kz");
    check(http, &format!("{http}\ntrusted_proxies = [\"127.0.0.1\"]"), "https://example.kz");
    check("mode = \"observe\"", "mode = \"observe\"\naddress = \"https://example.kz:8443\"", "https://example.kz:8443");
    check("mode = \"observe\"", "mode = \"observe\"\naddress = \"http://[::1]:81\"", "http://[::1]:81");
}

#[test]
fn what_is_written_arrives_in_the_settings_of_the_modules() {
    let site = site(
        r#"canonical_host = "WWW.example.kz"
upstream_host = "origin.example.kz"
client_address = "none"
share_subdomains = true
languages = ["kk", "en"]
prefix = "/privacy/"
settings_link = "own"
timeouts = { connect = "1 s", answer = "2 min", body = "1 h" }
controller = { name = "Another", iin = "850617450628", address = "Almaty", email = "a@b.kz" }
cookie = [
  { name = "tilda*", category = "functional", purpose = { ru = "форма", en = "form" } },
  { expression = "a[0-9]", category = "marketing", owner = "A", lifetime = "session" },
]
host = [{ name = "*.Tildacdn.com", category = "necessary", sees_address = true }]
tracker = [{ path = "/collect", category = "analytical" }]
path = [{ prefix = "/a/", banner = false }, { prefix = "/a/callback", pass_through = true, client_address = "truncated" }]
"#,
    );
    assert_eq!(site.name, "www.example.kz");
    assert_eq!(site.hosts[1], HostPattern::Subdomains("example.kz".to_owned()));
    assert_eq!(site.upstream.host_header.as_deref(), Some("origin.example.kz"));
    assert_eq!(
        [site.upstream.connect_timeout, site.upstream.answer_timeout, site.upstream.body_timeout]
            .map(|time| time.as_secs()),
        [1, 120, 3600]
    );
    assert_eq!(site.pages.controller.iin.as_deref(), Some("850617450628"));
    assert_eq!(site.pages.notice.public.texts, [(Language::Kk, "нет".to_owned())]);
    assert!(site.share_subdomains && site.pages.own_settings_link);
    let [tilda, expression] = site.cookies.as_slice() else { panic!("{:?}", site.cookies) };
    assert!(matches!(&tilda.pattern, Pattern::Prefix(name) if &**name == "tilda"));
    assert_eq!(&*tilda.purpose, "form");
    let Pattern::Expression(expression) = &expression.pattern else { panic!("{expression:?}") };
    assert!(expression.is_match(b"a1") && !expression.is_match(b"ba12"));
    assert_eq!(site.pages.cookies[0].name, "tilda*");
    assert_eq!(site.pages.cookies[0].purpose.texts[0], (Language::En, "form".to_owned()));
    assert_eq!(
        (site.pages.hosts[0].name.as_str(), site.pages.hosts[0].owner.as_str()),
        ("*.tildacdn.com", "*.tildacdn.com")
    );
    let prefixes: Vec<_> =
        site.paths.iter().map(|rule| (rule.prefix.as_str(), rule.banner, rule.pass_through)).collect();
    assert_eq!(prefixes, [("/a/callback", true, true), ("/a/", false, false)]);
}

#[test]
fn what_works_and_is_worth_a_word_is_a_warning() {
    let check = |piece: &str, replacement: &str, expected: &[&str]| {
        assert_eq!(warnings_in(Path::new("/nowhere"), &changed(piece, replacement)), expected, "{replacement}");
    };
    check(
        "mode = \"observe\"",
        "mode = \"strict\"",
        &[
            "kelisim.toml:11:8: warning: `strict` refuses every cookie and host that is not known, and no [[site.cookie]] or [[site.host]] is listed; run with `mode = \"observe\"` first, then write what the site really sets and loads",
        ],
    );
    let full = "the site behind learns every visitor's full address; write `truncated` unless the site can't do without; what it keeps is no longer in Kelisim's hands";
    check(
        "mode = \"observe\"",
        "mode = \"observe\"\nclient_address = \"full\"",
        &[&format!("kelisim.toml:12:18: warning: {full}")],
    );
    check(
        "",
        "[[site.path]]\nprefix = \"/a\"\nclient_address = \"full\"",
        &[&format!("kelisim.toml:20:18: warning: {full}")],
    );
    check(
        "[controller]",
        "admin = \"0.0.0.0:9090\"\n[controller]",
        &[
            "kelisim.toml:3:9: warning: metrics and health are open to everyone who reaches this address; listen on 127.0.0.1, or let a firewall decide who reaches it",
        ],
    );
    check(
        "",
        "[site.consent]\nvalid_for = \"14 months\"",
        &[
            "kelisim.toml:19:13: warning: browsers keep a cookie for at most 400 days, so they ask again after that; write at most `13 months`",
        ],
    );
    check("", "[site.consent]\nvalid_for = \"13 months\"", &[]);
    check(
        "",
        "[[site.host]]\nname = \"count.example\"\ncategory = \"analytical\"",
        &[
            "kelisim.toml:19:8: warning: pages never load from `count.example`, whatever visitors accept: it would learn their full addresses; write `sees_address = true` if it may; visitors are told so",
        ],
    );
    // At home, and named: nothing is denied.
    let at_home = "[[site.host]]\nname = \"count.kz\"\ncategory = \"analytical\"\nsees_address = true";
    let named = changed("third_parties = \"нет\"", "third_parties = \"count.kz\"");
    assert_eq!(warnings_in(Path::new("/nowhere"), &format!("{named}{at_home}\n")), [""; 0]);
    check(
        "",
        "[[site.host]]\nname = \"count.example\"\ncategory = \"analytical\"\nsees_address = true",
        &[
            "kelisim.toml:12:1: warning: `third_parties` says `нет`, and pages load from `count.example`, so that visitors' full addresses are learnt there; name whose servers they are, and that they learn the address",
            "kelisim.toml:12:1: warning: `cross_border` says `нет`, and pages load from `count.example`, where visitors' full addresses are learnt, perhaps abroad; name the countries where these servers stand, or say that they stand in Kazakhstan",
        ],
    );
    check(
        "name = \"Shop LLP\"",
        "name = \"Example LLP\"",
        &[
            "kelisim.toml:4:8: warning: `Example LLP` is the example's name, and visitors would be told that it answers for their data; write who answers for the processing, as the policy says it",
        ],
    );
    check(
        "mode = \"observe\"",
        "mode = \"strict\"\nhost = [{ name = \"m.example.kz\", category = \"analytical\", sees_address = true }]",
        &[
            "kelisim.toml:8:1: warning: pages load nothing from `*.example.kz` until `m.example.kz`, which lies in it, is accepted; list the hosts that `*.example.kz` stands for one by one: browsers know no \"all but\"",
        ],
    );
}

#[test]
fn a_list_of_hosts_that_no_header_can_hold_is_a_fault() {
    let hosts: Vec<String> =
        (0..80).map(|number| format!("{{ name = \"host-{number}.example\", category = \"necessary\" }}")).collect();
    let text = |mode: &str| changed("mode = \"observe\"", &format!("mode = \"{mode}\"\nhost = [{}]", hosts.join(", ")));
    let faults = faults_in(Path::new("/nowhere"), &text("strict"));
    assert!(faults[0].contains("the hosts make a header of") && faults.len() == 1, "{faults:#?}");
    assert_eq!(faults_in(Path::new("/nowhere"), &text("compatible")), [""; 0]);
}
