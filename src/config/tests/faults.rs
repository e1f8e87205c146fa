//! Wrong configurations: every kind of fault with its place.

use proptest::prelude::*;

use super::*;

/// Changes the right configuration; expects these faults and no others, each as `line:column: what; remedy` up to where the
/// expectation ends.
fn check(piece: &str, replacement: &str, expected: &[&str]) {
    let faults = faults_in(Path::new("/nowhere"), &changed(piece, replacement));
    let fits =
        |fault: &String, expected: &&str| fault.trim_start_matches("kelisim.toml:").trim_start().starts_with(expected);
    let all =
        faults.len() == expected.len() && faults.iter().zip(expected).all(|(fault, expected)| fits(fault, expected));
    assert!(all, "{replacement}\nfound    {faults:#?}\nexpected {expected:#?}");
}

#[test]
fn a_fault_shows_its_line_and_what_to_write_instead() {
    let faults = load_in(Path::new("/nowhere"), &changed("upstream = ", "  upstrem = ")).unwrap_err();
    let printed = faults.to_string();
    let unknown = "kelisim.toml:10:3: unknown key `upstrem` in [[site]]; did you mean `upstream`?\n   \
                   10 |   upstrem = \"http://127.0.0.1:8080\"\n      |   ^^^^^^^\n";
    assert!(printed.contains(unknown), "{printed}");
    let missing =
        "kelisim.toml:8:1: missing `upstream` in [[site]]; write for instance `upstream = \"http://127.0.0.1:8080\"`\n";
    assert!(printed.contains(missing), "{printed}");
}

#[test]
fn nobody_says_for_everybody_who_connects() {
    check(
        "http = [\"127.0.0.1:8081\"]",
        "http = [\"127.0.0.1:8081\"]\nproxy_protocol_from = [\"10.0.0.0/8\", \"0.0.0.0/0\", \"::/0\"]",
        &["3:38: with this everybody may say any address; list the addresses", "3:51: with this everybody"],
    );
}

#[test]
fn a_mistake_of_syntax_is_the_only_fault() {
    check("public = \"нет\"\ndata", "public = нет\ndat", &["15:10: not TOML: "]);
    check("", "[server]", &["18:2: not TOML: duplicate key"]);
}

#[test]
fn unknown_keys_wrong_types_and_missing_keys_are_found_together() {
    check(
        "http = [\"127.0.0.1:8081\"]",
        "http = 80\nworkrs = 2\nlimits = { head_lines = \"many\" }",
        &[
            "2:8: `http` in [server] must be a list of texts in brackets, not a number; write for instance `http = [",
            "3:1: unknown key `workrs` in [server]; did you mean `workers`?",
            "4:25: `head_lines` in [server.limits] must be a whole number, not a text; write for instance `head_lines = 100`",
        ],
    );
    check(
        "email = \"privacy@example.kz\"\n",
        "",
        &["3:1: missing `email` in [controller]; write for instance `email = "],
    );
    check(
        "data = [\"cookies\"]",
        "data = [\"\", 1]",
        &[
            "16:9: `data` in [site.notice]: it is empty; write",
            "16:13: `data` in [site.notice] must be a list of texts, not a number",
        ],
    );
    check(
        "mode = \"observe\"",
        "share_subdomains = 1\nnotice2 = {}",
        &[
            "11:20: `share_subdomains` in [[site]] must be true or false, not a number",
            "12:1: unknown key `notice2` in [[site]]; did you mean `notice`?",
        ],
    );
    check(
        "",
        "[[site.host]]\n[geo]\ndatabase = false",
        &[
            "18:1: missing `name` in [[site.host]]",
            "18:1: missing `category` in [[site.host]]",
            "20:12: `database` in [geo] must be a text in quotation marks, not true or false",
        ],
    );
}

#[test]
fn keys_of_other_versions_are_unknown() {
    check(
        "[controller]",
        "acme = true\n[backup]\n[tls.keys]\n[controller]",
        &[
            "3:1: unknown key `acme` in [server]; known here: http, https, admin, admin_host",
            "4:2: unknown key `backup` in the file; known here: cookie_catalogue, server",
            "5:2: missing `certificates` in [tls], and there is no [tls.acme] either; write",
            "5:6: unknown key `keys` in [tls]; known here: certificates, acme",
        ],
    );
}

#[test]
fn single_values_are_checked_with_their_place() {
    check(
        "[\"127.0.0.1:8081\"]",
        "[\"80\"]",
        &["2:9: `http` in [server]: `80` is not an address with a port; write `0.0.0.0:80`"],
    );
    check(
        "[controller]",
        "drain_timeout = \"30\"\nworkers = 0\nlog_format = \"jsn\"\n[controller]",
        &[
            "3:17: `drain_timeout` in [server]: `30` is not a length of time; write `30 s`",
            "4:11: `workers` in [server] is out of bounds; write a number from 1 to 1024",
            "5:14: `log_format` in [server]: `jsn` is not known; did you mean `json`?",
        ],
    );
    check(
        "bin = \"260140000005\"",
        "bin = \"260140000006\"",
        &["5:7: `bin` in [controller]: the control digit of `260140000006` does not fit; compare"],
    );
    check(
        "bin = \"260140000005\"\n",
        "",
        &[
            "3:1: missing `iin` in [controller] (of a person; `bin` of a company), which Article 8(4) of Law 94-V asks for",
        ],
    );
    check(
        "bin = \"260140000005\"",
        "bin = \"260140000005\"\niin = \"850617450628\"",
        &["3:1: both `iin` and `bin`; leave one"],
    );
    check("privacy@example.kz", "privacy", &["7:9: `email` in [controller]: `privacy` is not an e-mail address"]);
    check(
        "mode = \"observe\"",
        "prefix = \"/\"\nlanguages = [\"ru\", \"de\", \"ru\"]\nmode = \"loose\"",
        &[
            "11:10: `prefix` in [[site]]: `/` can't be where Kelisim's own pages live; begin and end it with `/`",
            "12:20: `languages` in [[site]]: `de` is not known; write one of ru, kk, en",
            "12:26: `ru` stands twice in `languages`; leave it once",
            "13:8: `mode` in [[site]]: `loose` is not known; write one of strict, observe, compatible",
        ],
    );
    check(
        "",
        "[retention]\nconsent_records = \"forever\"",
        &["19:19: `consent_records` in [retention]: `forever` is not a term"],
    );
    check(
        "",
        "[deadlines]\nbreach = \"1 workday\"",
        &["19:10: `breach` in [deadlines]: `1 workday` is not a deadline"],
    );
    check("", "[geo]\ndatabase = \"country.mmdb\"", &["19:12: can't read the database of countries country.mmdb: "]);
    check(
        "[server]",
        "cookie_catalogue = \"own.toml\"\n[server]",
        &["1:20: can't read the cookie catalogue own.toml: "],
    );
}

#[test]
fn what_the_gateway_listens_on_must_fit_together() {
    check("http = [\"127.0.0.1:8081\"]\n", "", &["1:1: no listener in [server]; write"]);
    check("[\"127.0.0.1:8081\"]", "[]", &["1:1: no listener in [server]; write"]);
    check(
        "[\"127.0.0.1:8081\"]",
        "[\"[::]:81\", \"[::]:81\"]\nadmin = \"[::]:81\"",
        &["2:20: [::]:81 is already a listener in line 2; give", "3:9: [::]:81 is already a listener in line 2; give"],
    );
    check("[\"127.0.0.1:8081\"]", "[\"127.0.0.1:0\", \"127.0.0.1:0\"]", &[]);
    check("http = [", "https = [", &["2:9: `https` needs a certificate; add [tls]"]);
    check("[controller]", "redirect_to_https = true\n[controller]", &["3:21: nothing to redirect to; add `https`"]);
    for (listener, upstream) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:8080", "http://localhost:8080"),
        ("[::]:80", "http://[::1]"),
    ] {
        let text = RIGHT.replace("127.0.0.1:8081", listener).replace("http://127.0.0.1:8080", upstream);
        let found = faults_in(Path::new("/nowhere"), &text);
        let expected = format!(
            "kelisim.toml:10:12: the upstream is Kelisim's own listener {listener}; write where the site itself listens, on another port"
        );
        assert_eq!(found, [expected]);
    }
}

#[test]
fn what_a_site_says_of_itself_must_fit_together() {
    let site = RIGHT.find("[[site]]").unwrap();
    check(&RIGHT[site..], "", &["no site; add [[site]]"]);
    check(
        &RIGHT[..site],
        "",
        &["no listener; add [server]", "1:1: missing [controller]: Article 8(4) of Law 94-V asks who"],
    );
    check("[\"example.kz\", \"*.example.kz\"]", "[]", &["9:9: `hosts` in [[site]] is empty; write"]);
    check(
        "*.example.kz",
        "Example.KZ",
        &["9:24: `example.kz` is already a host in line 9; a host belongs to one site"],
    );
    check(
        "",
        &RIGHT[site..],
        &["19:10: `example.kz` is already a host in line 9", "19:24: `*.example.kz` is already a host in line 9"],
    );
    check(
        "mode = \"observe\"",
        "canonical_host = \"example.com\"",
        &["11:18: `example.com` is not among the site's hosts; add"],
    );
    check(
        "\"*.example.kz\"]",
        "\"other.kz\"]\nshare_subdomains = true",
        &["10:20: `share_subdomains` needs hosts under one domain"],
    );
    for host in ["localhost", "com.kz", "127.0.0.1"] {
        check(
            "\"example.kz\", \"*.example.kz\"]",
            &format!("\"{host}\"]\nshare_subdomains = true"),
            &["10:20: `share_subdomains` needs a domain that can be registered"],
        );
    }
    check(
        "mode = \"observe\"",
        "upstream_certificate_authority = \"a.pem\"",
        &["11:34: `upstream_certificate_authority` means nothing with an upstream on http"],
    );
    check(
        "",
        "[site.consent]\nmodel = \"notice\"",
        &["19:9: `notice` must know who is in `opt_in_countries`, and there is no database"],
    );
    check("", "[site.consent]\nmodel = \"notice\"\nopt_in_countries = []", &[]);
    check(
        "",
        "[site.consent]\noffer = [\"necessary\"]\nopt_in_countries = [\"UK\"]",
        &[
            "19:10: `offer` in [site.consent]: `necessary` needs no consent, so it can't be offered; leave it out",
            "20:21: `opt_in_countries` in [site.consent]: `UK` is not a country code; did you mean `GB`?",
        ],
    );
}

#[test]
fn every_item_of_the_notice_is_asked_for() {
    let notice = RIGHT.find("[site.notice]").unwrap();
    check(
        &RIGHT[notice..],
        "",
        &["8:1: missing [site.notice]: Article 8(4) of Law 94-V asks for its items; add the table with third_parties,"],
    );
    for (line, key, law) in [
        ("third_parties = \"нет\"\n", "third_parties", "Article 8(4) of Law 94-V"),
        ("cross_border = \"нет\"\n", "cross_border", "Article 8(4) of Law 94-V"),
        ("public = \"нет\"\n", "public", "Article 8(4) of Law 94-V"),
        ("data = [\"cookies\"]\n", "data", "Article 8(4) of Law 94-V"),
        ("storage_place = \"Қазақстан\"\n", "storage_place", "Article 12 of Law 94-V"),
    ] {
        check(line, "", &[&format!("12:1: missing `{key}` in [site.notice]: {law} asks ")]);
    }
    check("public = \"нет\"", "public = {}", &["15:10: `public` has no text; write"]);
    check(
        "public = \"нет\"",
        "public = { de = \"nein\", ru = \"\" }",
        &[
            "15:12: unknown key `de` in a text by language; known here: ru, kk, en",
            "15:30: `ru` in a text by language: it is empty",
        ],
    );
    check("[\"cookies\"]", "[]", &["16:8: `data` in [site.notice] is empty"]);
}

#[test]
fn lines_about_cookies_hosts_and_paths_are_checked() {
    let check = |line: &str, expected: &[&str]| check("mode = \"observe\"", line, expected);
    check(
        "cookie = [{ category = \"functional\" }, { name = \"a\", expression = \"a\", category = \"x\" }]",
        &[
            "11:11: missing `name` in [[site.cookie]] (or `expression`)",
            "11:40: both `name` and `expression`; leave",
            "11:83: `category` in [[site.cookie]]: `x` is not known; write one of necessary, functional, analytical, marketing",
        ],
    );
    for own in ["kelisim", "kelisim_view", "__Host-kelisim", "__Secure-kelisim", "kelisim*", "__Host-kelisim-shown"] {
        check(
            &format!("cookie = [{{ category = \"necessary\", name = \"{own}\" }}]"),
            &[&format!("11:44: `name` in [[site.cookie]]: `{own}` means Kelisim's own cookies; remove it")],
        );
    }
    check(
        "cookie = [{ category = \"necessary\", expression = \".*\" }]",
        &["11:50: `expression` in [[site.cookie]]: `.*` means Kelisim's own cookies"],
    );
    check(
        "cookie = [{ category = \"necessary\", expression = \"(\" }]",
        &["11:50: `expression` in [[site.cookie]]: not an expression: "],
    );
    for wrong in ["*", "a*b", "a b", "é", "a=b"] {
        check(
            &format!("cookie = [{{ category = \"necessary\", name = \"{wrong}\" }}]"),
            &[&format!("11:44: `name` in [[site.cookie]]: `{wrong}` is not the name of a cookie")],
        );
    }
    check(
        "cookie = [\n{ name = \"a\", category = \"functional\" },\n{ name = \"a\", category = \"marketing\" }]",
        &["13:10: `a` already stands in line 12; leave one of the two"],
    );
    check(
        "host = [{ name = \"https://a\", category = \"necessary\" }]",
        &["11:18: `name` in [[site.host]]: `https://a` is not a host name; write"],
    );
    check(
        "tracker = [{ path = \"collect\", category = \"necessary\" }]",
        &[
            "11:21: `path` in [[site.tracker]]: `collect` is not a path; begin it with `/`",
            "11:43: `category` in [[site.tracker]]: a path that is necessary is never held back",
        ],
    );
    check(
        "path = [{ prefix = \"/_kelisim/x\" }]",
        &["11:20: `prefix` in [[site.path]]: `/_kelisim/x` lies below `/_kelisim/`"],
    );
}

#[test]
fn a_configuration_that_is_not_there_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let faults = load(&folder.path().join("kelisim.toml")).unwrap_err();
    let [fault] = first_lines(folder.path(), faults.iter().map(Fault::to_string)).try_into().unwrap();
    assert!(fault.starts_with("kelisim.toml: can't be read: "), "{fault}");
}

proptest! {
    #[test]
    fn whatever_stands_in_the_file_is_answered(from in 0..RIGHT.len(), length in 0..40usize, other in "[\\[\\]{}\"'=.,\\n\\r\\t#a-zé0-9 ]{0,12}") {
        let from = RIGHT.floor_char_boundary(from);
        let to = RIGHT.floor_char_boundary((from + length).min(RIGHT.len()));
        let text = format!("{}{other}{}", &RIGHT[..from], &RIGHT[to..]);
        if let Err(faults) = load_in(Path::new("/nowhere"), &text) {
            prop_assert!(faults.iter().len() > 0, "{text}");
            prop_assert!(faults.to_string().lines().count() >= faults.iter().len());
        }
    }
}

#[test]
fn what_is_wrong_with_statistics_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("robots.json");
    fs::write(&list, "[{}]").unwrap();
    let list = list.display();
    check(
        "[controller]",
        &format!(
            "[statistics]\ntime_zone = \"Almaty\"\nkeep_hours = \"soon\"\nsmallest_cell = 1\nrobots = \"{list}\"\n[controller]"
        ),
        &[
            "4:13: `time_zone` in [statistics]: `Almaty` is no time zone; write a name of the IANA database",
            "5:14: `keep_hours` in [statistics]: `soon` is not a term",
            "6:17: `smallest_cell` in [statistics] is out of bounds; write a number from 3 to 1000",
            "7:10: ",
        ],
    );
}
