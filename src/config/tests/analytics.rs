//! `[[site.analytics]]`: what arrives, what is wrong, what is worth a warning.

use super::*;
use crate::{
    analytics::{METRICA_HOSTS, Preset, SentAddress},
    consent::{Category, CategorySet},
    routing::ForeignHosts,
    visitor::AddressForm,
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The right configuration in mode `strict` with these lines at its end.
fn with(lines: &str) -> String {
    format!(
        "{}{lines}\n",
        changed("mode = \"observe\"", "mode = \"strict\"\ncookie = [{ name = \"a\", category = \"necessary\" }]")
    )
}

/// A folder with a token that only its owner can read.
fn folder(token: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("matomo.token");
    fs::write(&file, token).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

/// Faults of lines at the end, each as it begins behind its place.
fn check(lines: &str, expected: &[&str]) {
    let found = faults_in(folder("short").path(), &with(lines));
    let fits =
        |fault: &String, expected: &&str| fault.split_once(": ").is_some_and(|(_, what)| what.starts_with(expected));
    let all =
        found.len() == expected.len() && found.iter().zip(expected).all(|(fault, expected)| fits(fault, expected));
    assert!(all, "{lines}\nfound    {found:#?}\nexpected {expected:#?}");
}

fn line(preset: &str, more: &str) -> String {
    format!(
        "[[site.analytics]]\npreset = \"{preset}\"\npath = \"/stats/\"\nupstream = \"http://127.0.0.1:8088\"\n{more}\n"
    )
}

#[test]
fn each_preset_arrives_with_its_defaults() {
    let check = |preset: Preset, address, form| {
        let loaded =
            load_in(Path::new("/nowhere"), &with(&line(preset.name(), ""))).unwrap_or_else(|faults| panic!("{faults}"));
        let [server] = loaded.0.sites[0].analytics.as_slice() else { panic!("one line") };
        assert_eq!(
            (server.route.preset, server.route.address, server.route.category),
            (preset, address, Category::Analytical)
        );
        assert_eq!((server.route.path.as_str(), server.route.host.as_str()), ("/stats/", "127.0.0.1:8088"));
        assert_eq!((server.upstream.port, server.upstream.client_address), (8088, form));
        assert_eq!(server.route.token, None);
    };
    check(Preset::Matomo, SentAddress::Truncated, AddressForm::Truncated);
    check(Preset::Umami, SentAddress::Truncated, AddressForm::Truncated);
    check(Preset::Plausible, SentAddress::Truncated, AddressForm::Truncated);
    check(Preset::Google, SentAddress::None, AddressForm::None);
}

#[test]
fn what_is_written_arrives() {
    let lines = "[site.consent]\noffer = [\"marketing\"]\n[[site.analytics]]\npreset = \"matomo\"\npath = \"/a/b/\"\nupstream = \"https://10.0.0.1\"\n\
                 upstream_host = \"stats.example.kz\"\nclient_address = \"none\"\ncategory = \"marketing\"\ntoken_file = \"matomo.token\"\n\
                 [[site.analytics]]\npreset = \"google\"\npath = \"/g/\"\nupstream = \"https://G-ABC.fps.goog\"\ncategory = \"marketing\"";
    let folder = folder(&format!("{TOKEN}\n"));
    let (configuration, warnings) = load_in(folder.path(), &with(lines)).unwrap_or_else(|faults| panic!("{faults}"));
    let [matomo, google] = configuration.sites[0].analytics.as_slice() else { panic!("two lines") };
    assert_eq!((matomo.route.host.as_str(), matomo.route.address), ("stats.example.kz", SentAddress::None));
    assert_eq!((matomo.route.category, matomo.route.token.is_some()), (Category::Marketing, true));
    assert_eq!(google.route.host, "g-abc.fps.goog");
    let warnings: Vec<_> = warnings.iter().map(|warning| warning.0.what.clone()).collect();
    let third = "`third_parties` says `нет`, and what [[site.analytics]] measures is sent to `g-abc.fps.goog`";
    assert_eq!(warnings, [third]);
    assert!(configuration.files.iter().any(|file| file.ends_with("matomo.token")));
    let written = summary(&configuration);
    let expected = "\"analytics\":[{\"category\":\"marketing\",\"client_address\":\"none\",\"path\":\"/a/b/\",\"preset\":\"matomo\"},";
    assert!(written.contains(expected) && !written.contains(TOKEN), "{written}");
}

#[test]
fn faults_say_what_to_write_instead() {
    check("[[site.analytics]]", &["missing `preset` in [[site.analytics]]"]);
    check("[[site.analytics]]\npreset = \"matomo\"", &["missing `path` in", "missing `upstream` in"]);
    check(&line("motomo", ""), &["`preset` in [[site.analytics]]: `motomo` is not known; did you mean `matomo`?"]);
    check(
        &line("umami", "client_address = \"full\""),
        &["`client_address` in [[site.analytics]]: no analytics server gets full addresses"],
    );
    check(
        &line("plausible", "client_address = \"none\""),
        &["`client_address` in [[site.analytics]]: Plausible would take the gateway's address"],
    );
    check(
        &line("google", "client_address = \"truncated\""),
        &["`client_address` in [[site.analytics]]: Google takes an address before the country"],
    );
    check(&line("umami", "token_file = \"matomo.token\""), &["`token_file` means nothing with this preset"]);
    check(&line("matomo", "token_file = \"matomo.token\""), &["matomo.token holds no token of 32"]);
    check(&line("matomo", "token_file = \"gone\""), &["can't read the token of Matomo gone"]);
    check(&line("matomo", "sees_address = true"), &["`sees_address` means nothing with this preset"]);
    check(&line("matomo", "category = \"marketing\""), &["`marketing` is not offered here"]);
    check(
        &line("matomo", "category = \"necessary\""),
        &["`category` in [[site.analytics]]: `necessary` needs no consent"],
    );
    check(&line("matomo", "").replace(":8088", ":8081"), &["the upstream is Kelisim's own listener"]);
}

#[test]
fn a_path_has_one_meaning() {
    for wrong in ["/", "//", "stats/", "/stats", "/a//b/", "/a/../b/", "/%61/", "/_kelisim/", "/_kelisim/x/"] {
        let found = faults_in(Path::new("/nowhere"), &with(&line("matomo", "").replace("/stats/", wrong)));
        assert_eq!(found.len(), 1, "{wrong}: {found:#?}");
    }
    let another = |path: &str| line("matomo", "") + &line("umami", "").replace("/stats/", path);
    check(&another("/stats/"), &["`/stats/` overlaps `/stats/` in line"]);
    check(&another("/stats/umami/"), &["`/stats/umami/` overlaps `/stats/` in line"]);
    check(&another("/statistics/"), &[]);
    let tracker =
        |path: &str| format!("{}[[site.tracker]]\npath = \"{path}\"\ncategory = \"analytical\"", line("matomo", ""));
    for path in ["/stats", "/stats/", "/stats/matomo.php"] {
        check(&tracker(path), &["`/stats/` overlaps"]);
    }
    check(&tracker("/collect"), &[]);
    let passing = |rest: &str| format!("{}[[site.path]]\n{rest}", line("matomo", ""));
    check(&passing("prefix = \"/\"\npass_through = true"), &["`/stats/` overlaps `/` of [[site.path]]"]);
    check(&passing("prefix = \"/\"\nbanner = false"), &[]);
}

#[test]
fn yandex_is_held_back_and_said_plainly() {
    let line = |more: &str| format!("[[site.analytics]]\npreset = \"yandex\"\n{more}");
    check(
        &line(""),
        &["Yandex.Metrica is loaded by browsers themselves, so that Yandex learns visitors' full addresses"],
    );
    check(&line("sees_address = false"), &["Yandex.Metrica is loaded by browsers themselves"]);
    check(
        &line("sees_address = true\npath = \"/y/\"\nupstream = \"https://mc.yandex.ru\""),
        &[
            "`path` means nothing with this preset: the script of Yandex.Metrica sends to Yandex itself",
            "`upstream` means nothing with this preset",
        ],
    );
    let listed = |category: &str| {
        format!(
            "{}\n[[site.host]]\nname = \"mc.yandex.ru\"\ncategory = \"{category}\"\nsees_address = true",
            line("sees_address = true")
        )
    };
    check(
        &listed("necessary"),
        &["`mc.yandex.ru` is `necessary` in [[site.host]], so that Yandex.Metrica would not wait"],
    );
    check(&listed("marketing"), &[]);
    let (configuration, warnings) = load_in(Path::new("/nowhere"), &with(&line("sees_address = true"))).unwrap();
    let hosts = ForeignHosts::new(Vec::new(), configuration.sites[0].foreign_hosts.clone());
    let analytical = CategorySet::EMPTY.with(Category::Analytical);
    for name in METRICA_HOSTS {
        let line = hosts.find(name, None).unwrap();
        assert!(line.passes(analytical) && !line.passes(CategorySet::EMPTY), "{name}");
    }
    let declared: Vec<_> =
        configuration.sites[0].pages.hosts.iter().map(|host| (host.name.as_str(), host.sees_address)).collect();
    assert_eq!(declared, METRICA_HOSTS.map(|name| (name, true)));
    let first = warnings.iter().map(|warning| warning.0.what.as_str()).find(|what| what.starts_with("Yandex learns"));
    assert_eq!(
        first,
        Some("Yandex learns the full address of every visitor who accepts: on this way nothing can be truncated")
    );
}

#[test]
fn in_mode_observe_there_is_a_warning() {
    let warnings = warnings_in(Path::new("/nowhere"), &format!("{RIGHT}{}", line("matomo", "")));
    assert!(
        warnings.iter().any(|warning| warning.contains("in mode `observe` `/stats/` leads to the site")),
        "{warnings:?}"
    );
}
