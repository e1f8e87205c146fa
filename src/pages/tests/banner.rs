//! What is put into the site's pages.

use markup5ever_rcdom::{Handle, NodeData, RcDom};

use html5ever::{ParseOpts, parse_document, tendril::TendrilSink};

use super::{practice, russian, script};
use crate::{
    consent::{CategorySet, Model},
    pages::{PageScript, SitePages, facts::facts, to_ascii},
    visitor::Language,
};

const CATALOGUE: [u8; 32] = [1; 32];
const ORIGIN: &str = "https://shop.example";

fn banner(language: Language, to: &str) -> String {
    let pages = SitePages::build(&practice(), CATALOGUE, script());
    String::from_utf8(pages.banner(language, Model::OptIn, ORIGIN, to).to_vec()).unwrap()
}

fn parse(html: &str) -> RcDom {
    parse_document(RcDom::default(), ParseOpts::default()).one(html)
}

/// A start tag with its attributes, sorted.
fn tag(node: &Handle) -> Option<(String, Vec<(String, String)>)> {
    let NodeData::Element { name, attrs, .. } = &node.data else { return None };
    let mut list: Vec<_> = attrs
        .borrow()
        .iter()
        .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
        .collect();
    list.sort();
    Some((name.local.to_string(), list))
}

/// The tree as an indented outline, without our panel.
fn outline(node: &Handle, depth: usize, lines: &mut Vec<String>) {
    let described = match &node.data {
        NodeData::Element { .. } => tag(node).map(|(name, attributes)| format!("<{name} {attributes:?}>")),
        NodeData::Text { contents } => Some(contents.borrow().to_string()),
        _ => None,
    };
    if tag(node).is_some_and(|(name, _)| name == "kelisim-panel") {
        return;
    }
    lines.extend(described.map(|text| format!("{}{text}", " ".repeat(depth))));
    node.children.borrow().iter().for_each(|child| outline(child, depth + 1, lines));
}

/// Every element of one name, in the order of the document.
fn elements(node: &Handle, wanted: &str, found: &mut Vec<Handle>) {
    if tag(node).is_some_and(|(name, _)| name == wanted) {
        found.push(node.clone());
    }
    node.children.borrow().iter().for_each(|child| elements(child, wanted, found));
}

fn attribute(node: &Handle, wanted: &str) -> Option<String> {
    tag(node)?.1.into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

#[test]
fn a_page_is_the_same_tree_with_and_without_the_banner() {
    let page = |injected: &str| {
        let html = format!(
            "<!doctype html><html><head><title>x</title></head><body class=a>{injected}<form action=/search><p>one<button>go\
             <div><form><input></form>"
        );
        parse(&html)
    };
    for language in Language::ALL {
        let with = page(&banner(language, "/"));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        outline(&with.document, 0, &mut ours);
        outline(&page("").document, 0, &mut theirs);
        assert_eq!(ours, theirs, "{language}");

        let mut panels = Vec::new();
        elements(&with.document, "kelisim-panel", &mut panels);
        let mut forms = Vec::new();
        elements(&panels[0], "form", &mut forms);
        let mut nested = Vec::new();
        forms
            .iter()
            .flat_map(|form| form.children.borrow().clone())
            .for_each(|child| elements(&child, "form", &mut nested));
        assert_eq!((panels.len(), forms.len(), nested.len()), (1, 2, 0), "{language}");
        let ids: Vec<_> = forms.iter().map(|form| attribute(form, "id").unwrap()).collect();
        assert_eq!(ids, ["kelisim-choice", "kelisim-settings"]);
    }
}

#[test]
fn three_buttons_of_equal_weight_ask_for_an_answer() {
    for language in Language::ALL {
        let dom = parse(&banner(language, "/"));
        let mut buttons = Vec::new();
        elements(&dom.document, "button", &mut buttons);
        let actions: Vec<_> = buttons.iter().map(|button| attribute(button, "data-kelisim-action").unwrap()).collect();
        assert_eq!(actions, ["reject", "accept", "settings"], "{language}");
        for button in &buttons {
            let (_, attributes) = tag(button).unwrap();
            let differing = ["data-kelisim-action", "form", "name", "value"];
            let shared: Vec<_> = attributes.iter().filter(|(name, _)| !differing.contains(&name.as_str())).collect();
            assert_eq!(shared, [&("slot".to_owned(), "action".to_owned()), &("type".to_owned(), "submit".to_owned())]);
        }
    }
}

#[test]
fn the_banner_is_ascii_and_needs_nothing_inline() {
    for language in Language::ALL {
        let html = banner(language, "/");
        assert!(html.is_ascii());
        for inline in ["<style", " style=", "<script", " onclick", "javascript:", "<img"] {
            assert!(!html.contains(inline), "{language}: {inline}");
        }
    }
}

#[test]
fn every_item_of_article_8_4_is_on_the_first_layer() {
    for language in Language::ALL {
        let html = banner(language, "/");
        let settings = practice();
        let items = facts(&settings, language);
        assert_eq!(items.len(), 8 + 2, "and who sees addresses, and how long the record is kept");
        for item in items {
            assert!(!item.value.is_empty(), "{language}: {}", item.label);
            let escaped = |text: &str| to_ascii(&text.replace('&', "&#38;"));
            assert!(html.contains(&escaped(&item.label)), "{language}: {}", item.label);
            assert!(html.contains(&escaped(&item.value)), "{language}: {}", item.value);
        }
        assert!(html.contains("850000000000"));
    }
}

#[test]
fn a_text_in_another_language_says_which() {
    assert!(banner(Language::En, "/").contains(&format!(r#" lang="ru">{}<"#, to_ascii("не размещаются"))));
    assert!(!banner(Language::Ru, "/").contains(r#" lang="ru">"#));
}

#[test]
fn the_address_of_the_page_cannot_break_out() {
    let html = banner(Language::En, "/a?b=\"><script>'&c=1");
    assert!(html.contains(r#"name="to" value="/a?b=&quot;&gt;&lt;script&gt;&#39;&amp;c=1""#));
    assert!(html.contains("to=%2Fa%3Fb%3D%22%3E%3Cscript%3E%27%26c%3D1\""));
    assert!(!html.contains("<script"));
    assert!(banner(Language::En, "//example.com").contains(r#"name="to" value="/""#));
}

/// Ids, classes and elements that widely used lists hide everywhere, and parts of addresses that they block.
const HIDDEN_OR_BLOCKED: [&str; 14] = [
    "cookie-banner",
    "cookie-bar",
    "cookie-consent",
    "cookie-notice",
    "cookiebar",
    "cookies-consent",
    "consent-banner",
    "consent-bar",
    "consent-manager",
    "gdpr-banner",
    "gdpr/",
    "privacy-banner",
    "zaraz",
    "class=",
];

#[test]
fn no_name_is_one_that_filter_lists_hide_or_block() {
    let pages = SitePages::build(&practice(), CATALOGUE, script());
    let link = String::from_utf8(pages.settings_link(Language::En, ORIGIN, "/").to_vec()).unwrap();
    let script = String::from_utf8(pages.script_tag(Language::En, PageScript::default()).to_vec()).unwrap();
    // The classes in the shadow root are out of reach of such lists.
    let html = format!("{}{link}{script}", banner(Language::En, "/")).to_lowercase();
    let (before, rest) = html.split_once("<template").unwrap();
    let (_, after) = rest.split_once("</template>").unwrap();
    for name in HIDDEN_OR_BLOCKED {
        assert!(!before.contains(name) && !after.contains(name), "{name}");
    }
    assert!(pages.style_path().starts_with("/_kelisim/panel."));
}

#[test]
fn after_an_answer_one_link_stays_unless_the_site_has_its_own() {
    let mut settings = practice();
    let link = SitePages::build(&settings, CATALOGUE, script()).settings_link(Language::Kk, ORIGIN, "/a?b=1");
    let link = String::from_utf8(link.to_vec()).unwrap();
    assert!(link.is_ascii());
    assert!(link.contains(r#"href="https://shop.example/_kelisim/settings?language=kk&amp;to=%2Fa%3Fb%3D1""#));
    assert_eq!(link.matches("<a slot=\"link\"").count(), 1);

    settings.own_settings_link = true;
    let pages = SitePages::build(&settings, CATALOGUE, script());
    assert!(pages.settings_link(Language::Kk, ORIGIN, "/").is_empty());
    let banner = String::from_utf8(pages.banner(Language::Kk, Model::OptIn, ORIGIN, "/").to_vec()).unwrap();
    assert!(!banner.contains(r#"slot="link" "#));
}

#[test]
fn where_nothing_is_offered_nothing_is_asked() {
    let mut settings = practice();
    settings.offer = CategorySet::EMPTY;
    assert!(
        SitePages::build(&settings, CATALOGUE, script()).banner(Language::Ru, Model::OptIn, ORIGIN, "/").is_empty()
    );
}

#[test]
fn only_the_notice_model_says_that_going_on_is_consent() {
    let mut settings = practice();
    let says = |settings: &_, model| {
        let html = SitePages::build(settings, CATALOGUE, script()).banner(Language::En, model, ORIGIN, "/");
        String::from_utf8(html.to_vec()).unwrap().contains("that counts as consent")
    };
    assert!(!says(&settings, Model::OptIn));
    assert!(!says(&settings, Model::Notice), "a site that asks first never falls back to notice");
    settings.model = Model::Notice;
    assert!(says(&settings, Model::Notice));
    assert!(!says(&settings, Model::OptIn));
}

#[test]
fn the_script_tag_carries_what_the_page_needs() {
    let pages = SitePages::build(&practice(), CATALOGUE, script());
    let tag = |page| String::from_utf8(pages.script_tag(Language::Kk, page).to_vec()).unwrap();
    let plain = tag(PageScript::default());
    assert!(
        plain.starts_with(&format!(r#"<script data-kelisim-script src="{}" integrity="sha256-"#, pages.script_path()))
    );
    assert!(plain.ends_with(r#" data-kelisim-prefix="/_kelisim/" data-kelisim-language="kk" data-kelisim-edition="2026-11" data-kelisim-allowed=""></script>"#));
    let full = tag(PageScript { answered: true, posted: true, nonce: Some("a\"b"), allowed: practice().offer });
    assert!(full.contains(r#" nonce="a&quot;b" "#));
    assert!(full.ends_with(
        r#" data-kelisim-allowed="functional analytical" data-kelisim-answered data-kelisim-posted></script>"#
    ));
}

#[test]
fn a_notice_is_named_by_what_it_shows() {
    let base = practice();
    let id = |settings: &_, catalogue, language| {
        SitePages::build(settings, catalogue, script()).notice(language, Model::OptIn).id
    };
    let first = id(&base, CATALOGUE, Language::Ru);
    assert_eq!(first, id(&base, CATALOGUE, Language::Ru));
    assert_ne!(first, id(&base, CATALOGUE, Language::Kk));
    assert_ne!(first, id(&base, [2; 32], Language::Ru));
    let mut changed = base.clone();
    changed.notice.third_parties = russian("банк");
    assert_ne!(first, id(&changed, CATALOGUE, Language::Ru));
    let mut changed = base.clone();
    changed.texts[0].hash = [0; 32];
    assert_ne!(first, id(&changed, CATALOGUE, Language::Ru));

    let pages = SitePages::build(&base, CATALOGUE, script());
    let notice = pages.notice(Language::Ru, Model::OptIn);
    assert_eq!(notice.id.0, crate::pages::assets::sha256(notice.json.as_bytes()));
    let digits = crate::pages::assets::hexadecimal(&notice.id.0);
    assert!(banner(Language::Ru, "/").contains(&format!(r#"name="notice" value="{digits}""#)));
    let document: serde_json::Value = serde_json::from_str(&notice.json).unwrap();
    assert_eq!(document["jurisdiction"], "KZ");
    assert_eq!(document["valid_for"], "P6M");
    assert_eq!(document["buttons"].as_array().unwrap().len(), 3);
    assert_eq!(pages.notices().count(), 3);
}

#[test]
fn a_choice_goes_to_the_site_also_from_a_page_whose_base_is_on_another_host() {
    let pages = SitePages::build(&practice(), CATALOGUE, script());
    let link = String::from_utf8(pages.settings_link(Language::En, ORIGIN, "/").to_vec()).unwrap();
    let base = url::Url::parse("https://elsewhere.example/b/").unwrap();
    let (mut count, document) = (0, parse(&format!("{}{link}", banner(Language::En, "/"))));
    for name in ["form", "a", "link"] {
        let mut found = Vec::new();
        elements(&document.document, name, &mut found);
        let address = |node| attribute(node, "action").or_else(|| attribute(node, "href"));
        // The link that loads the page again is the script's.
        for address in found.iter().filter_map(address).filter(|address| !address.is_empty()) {
            assert_eq!(base.join(&address).unwrap().origin().ascii_serialization(), ORIGIN, "{name}: {address}");
            count += 1;
        }
    }
    assert!(count >= 6, "{count} addresses");
    let style = format!("href=\"{ORIGIN}{}\"", pages.style_path());
    assert!(banner(Language::En, "/").contains(&style) && link.contains(&style), "the style is in a tree of its own");
}
