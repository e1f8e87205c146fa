//! The shipped catalogue, and what is said of a broken one.

use super::*;

#[test]
fn the_shipped_catalogue_has_no_fault_and_knows_the_usual_names() {
    use Category::{Analytical, Functional, Marketing, Necessary};
    let catalogue = shipped();
    let known = [
        ("_ga", Analytical),
        ("_ga_9XQ2", Analytical),
        ("_gid", Analytical),
        ("_gat_gtag_UA_1", Analytical),
        ("_ym_uid", Analytical),
        ("_ym_anything", Analytical),
        ("_pk_id.1.1fff", Analytical),
        ("mp_0123_mixpanel", Analytical),
        ("_hjSession_1", Analytical),
        ("tildauid", Analytical),
        ("_fbp", Marketing),
        ("_gcl_au", Marketing),
        ("_ct_session_id", Marketing),
        ("roistat_visit", Marketing),
        ("TILDAUTM", Marketing),
        ("PHPSESSID", Necessary),
        ("__Host-PHPSESSID", Necessary),
        ("JSESSIONID", Necessary),
        ("csrftoken", Necessary),
        ("_csrf", Necessary),
        ("_csrf-frontend", Necessary),
        ("XSRF-TOKEN", Necessary),
        ("sessionid", Necessary),
        ("ct_checkjs", Necessary),
        ("wordpress_logged_in_0123456789abcdef0123456789abcdef", Necessary),
        ("wordpress_0123456789abcdef0123456789abcdef", Necessary),
        ("SSESS0123456789abcdef0123456789abcdef", Necessary),
        ("TS01a2b3c4", Necessary),
        ("django_language", Functional),
        ("tildaSomething", Functional),
        ("BITRIX_SM_LOGIN", Functional),
    ];
    for (name, category) in known {
        assert_eq!(catalogue.classify(name.as_bytes()), Some(category), "{name}");
    }
    // Either cookies of foreign hosts, or too common to be called necessary on every site.
    let left_open =
        ["IDE", "fr", "sb", "guid", "MR", "player", "ct_campaign", "wordpress_tracker", "customer-id", "_GA", "x"];
    for name in left_open.into_iter().chain(["0123456789abcdef0123456789abcdef"]) {
        assert_eq!(catalogue.classify(name.as_bytes()), None, "{name}");
    }
    assert_eq!(catalogue.rule(b"IDE").map(|rule| &*rule.owner), Some("Google (doubleclick.net)"));
}

#[test]
fn no_rule_of_the_shipped_catalogue_is_the_gateway_s_or_says_nothing() {
    let rules = parse_catalogue(CATALOGUE).unwrap();
    assert!(rules.len() > 300);
    for rule in &rules {
        assert!(!crate::cookies::is_own(rule.pattern.as_str().as_bytes()), "{rule:?}");
        assert!(!rule.purpose.is_empty(), "{rule:?}");
        assert!(!rule.verified || !rule.owner.is_empty(), "{rule:?}");
    }
}

#[test]
fn every_fault_of_a_catalogue_is_told_with_its_line() {
    let text = "\
[[cookie]]
name = \"a\"
category = \"necessary\"

[[cookie]]
name = \"a\"
category = \"tasty\"
colour = 1

[[cookie]]
category = \"functional\"
third_party = \"yes\"

[[cookie]]
expression = \"(\"
category = 3

[[cookie]]
name = \"b\"
expression = \"b\"
category = \"functional\"

[[cookie]]
name = \"*\"

[other]
";
    let faults = parse_catalogue(text).unwrap_err();
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [6, 7, 8, 10, 12, 15, 16, 19, 23, 24, 26], "{faults:#?}");
    let without_name = parse_catalogue("[[cookie]]\ncategory = \"necessary\"").unwrap_err();
    assert_eq!((without_name.len(), without_name[0].line), (1, 1));
}

#[test]
fn a_fault_of_syntax_is_told_alone() {
    let faults = parse_catalogue("[[cookie]]\nname = \"a\ncategory = 3").unwrap_err();
    assert!(faults.iter().all(|fault| fault.line >= 2), "{faults:?}");
    assert_eq!(parse_catalogue("").unwrap().len(), 0);
}

#[test]
fn faults_of_syntax_are_told_in_the_order_of_their_lines() {
    let faults = parse_catalogue("\u{1b}[cookie]]\nname = \" \" \"a\"\ncategory = \"tasty\"\n").unwrap_err();
    assert!(faults.len() > 1 && faults.is_sorted_by_key(|fault| fault.line), "{faults:?}");
}
