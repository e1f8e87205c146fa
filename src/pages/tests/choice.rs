//! Choices as browsers, scripts and strangers post them.

use proptest::prelude::*;

use crate::{
    consent::{Category, CategorySet},
    pages::{ChoiceFault, LONGEST_CHOICE, Layer, PostedChoice, ReturnPath, SettingsQuery, parse_form, parse_json},
    visitor::Language,
};

const PREFIX: &str = "/_kelisim/";
const SHOWN: &str = "edition=2026-11&language=ru&layer=banner";

fn offer() -> CategorySet {
    CategorySet::EMPTY.with(Category::Functional).with(Category::Analytical)
}

fn form(body: &str) -> Result<PostedChoice, ChoiceFault> {
    parse_form(body.as_bytes(), offer(), PREFIX)
}

#[test]
fn the_three_buttons_mean_what_they_say() {
    let check = |choice: &str, expected: &str| {
        let posted = form(&format!("{SHOWN}&{choice}")).unwrap();
        assert_eq!(posted.allowed.to_string(), expected, "{choice}");
    };
    check("choice=accept", "functional+analytical");
    check("choice=necessary", "none");
    check("choice=save", "none");
    check("choice=save&analytical=on", "analytical");
    check("functional=on&choice=necessary", "none");
    check("functional=on&choice=accept", "functional+analytical");
}

#[test]
fn a_form_of_the_banner_is_read_whole() {
    let notice = "0a".repeat(32);
    let posted =
        form(&format!("edition=2026-11&language=kk&notice={notice}&layer=settings&to=%2Fa%3Fb%3Dc%2Bd&choice=accept"));
    let posted = posted.unwrap();
    assert_eq!(posted.edition.as_str(), "2026-11");
    assert_eq!(posted.language, Language::Kk);
    assert_eq!(posted.notice, Some([0x0a; 32]));
    assert_eq!(posted.to.as_str(), "/a?b=c+d");
    assert_eq!(posted.layer, Layer::Settings);
}

#[test]
fn the_script_says_the_same_in_json() {
    let json = |body: &str| parse_json(body.as_bytes(), offer(), PREFIX);
    let posted =
        json(r#"{"choice":"save","categories":["functional"],"edition":"2026-11","language":"ru","layer":"banner"}"#);
    assert_eq!(posted, form(&format!("{SHOWN}&choice=save&functional=on")));
    let check = |body: &str, expected| assert_eq!(json(body), Err(expected), "{body}");
    check("", ChoiceFault::Malformed);
    check("[]", ChoiceFault::Malformed);
    check(r#"{"choice":"accept","choice":"necessary"}"#, ChoiceFault::Malformed);
    check(r#"{"choice":"accept","more":1}"#, ChoiceFault::Malformed);
    check(r#"{"choice":"save","categories":["everything"]}"#, ChoiceFault::Unknown);
    check(r#"{"choice":"save","categories":["marketing"]}"#, ChoiceFault::NotOffered);
    check("{}", ChoiceFault::Missing("choice"));
}

#[test]
fn what_the_site_did_not_ask_is_refused() {
    use ChoiceFault::{Duplicate, Invalid, Malformed, Missing, NotOffered, Unknown};
    let check = |fields: &str, expected| assert_eq!(form(&format!("{SHOWN}&{fields}")), Err(expected), "{fields}");
    check("choice=accept&choice=necessary", Duplicate);
    check("choice=accept&edition=2026-11", Duplicate);
    check("choice=save&functional=on&functional=on", Duplicate);
    check("choice=save&everything=on", Unknown);
    check("choice=save&marketing=on", NotOffered);
    check("choice=save&necessary=on", NotOffered);
    check("choice=save&functional=yes", Invalid("functional"));
    check("choice=all", Invalid("choice"));
    check("choice=accept&notice=0a", Invalid("notice"));
    check(&format!("choice=accept&notice={}", "+a".repeat(32)), Invalid("notice"));
    check("choice=%ff", Malformed);
    check("", Missing("choice"));
    assert_eq!(form("choice=accept&language=ru&layer=banner"), Err(Missing("edition")));
    assert_eq!(form("choice=accept&edition=a&language=de&layer=banner"), Err(Invalid("language")));
    assert_eq!(form("choice=accept&edition=a%2Fb&language=ru&layer=banner"), Err(Invalid("edition")));
    assert_eq!(form("choice=accept&edition=a&language=ru&layer=page"), Err(Invalid("layer")));
    assert_eq!(form("choice=accept&edition=a&language=ru&layer=receipt"), Err(Invalid("layer")), "it only takes back");
    assert_eq!(form("choice=necessary&edition=a&language=ru&layer=receipt").unwrap().layer, Layer::Receipt);
}

#[test]
fn a_body_of_4096_bytes_is_read_and_a_longer_one_is_not() {
    let padded = |length: usize| {
        let start = format!("{SHOWN}&choice=accept&to=/");
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    assert_eq!(form(&padded(LONGEST_CHOICE)).unwrap().to, ReturnPath::default());
    assert_eq!(form(&padded(LONGEST_CHOICE + 1)), Err(ChoiceFault::TooLong));
}

#[test]
fn a_way_back_to_another_site_is_a_way_to_the_front_page() {
    let posted = form(&format!("{SHOWN}&choice=accept&to=%2F%2Fexample.com")).unwrap();
    assert_eq!(posted.to.as_str(), "/");
}

#[test]
fn the_settings_page_takes_a_language_and_a_way_back_from_its_address() {
    let query = |text| SettingsQuery::parse(text, PREFIX);
    let full = query("language=kk&to=%2Fprices%3Fa%3D1%26b%3D2");
    assert_eq!((full.language, full.to.as_str()), (Some(Language::Kk), "/prices?a=1&b=2"));
    assert_eq!(query("language=xx&to=https://example.com&&=&%ff=%ff"), SettingsQuery::default());
}

proptest! {
    #[test]
    fn whatever_is_posted_nothing_is_allowed_that_is_not_offered(body in "(choice|save|accept|functional|marketing|=|&|on|%|[a-z0-9+/{}\":]){0,40}") {
        for read in [parse_form(body.as_bytes(), offer(), PREFIX), parse_json(body.as_bytes(), offer(), PREFIX)] {
            prop_assert!(read.is_err(), "no edition, language and layer stand in {body:?}");
        }
        let whole = format!("{SHOWN}&choice=save&{body}");
        if let Ok(posted) = parse_form(whole.as_bytes(), offer(), PREFIX) {
            prop_assert!(offer().includes(posted.allowed));
        }
    }

    #[test]
    fn bytes_that_mean_nothing_are_a_fault_and_no_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse_form(&body, offer(), PREFIX).is_err());
        prop_assert!(parse_json(&body, offer(), PREFIX).is_err());
    }
}
