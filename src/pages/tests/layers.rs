//! The notice holds what visitors read, and nothing else.

use html5ever::{ParseOpts, parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use serde_json::Value;

use super::{practice, russian, script};
use crate::{
    consent::{Category, FrameName, Model},
    pages::{
        DeclaredHost, FrameOffer, FrameRequest, ReturnPath, Settings, SettingsView, SitePages, texts::Texts,
        visible::visible_text,
    },
    routing::{ForeignHost, HostPattern},
    visitor::{Language, Signals},
};

/// A practice with a map that can be opened once and a counter.
fn site() -> Settings {
    let mut settings = practice();
    let host = |name: &str, category, owner: &str| DeclaredHost {
        name: name.to_owned(),
        category,
        owner: owner.to_owned(),
        sees_address: true,
    };
    settings.hosts.push(host("maps.example", Category::Functional, "Карты «Север» & Ко"));
    settings.hosts.push(host("ads.example", Category::Marketing, "Реклама"));
    settings
}

fn document(pages: &SitePages, language: Language, model: Model) -> Value {
    serde_json::from_str(&pages.notice(language, model).json).unwrap()
}

fn lines(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// The pages as they are served: banner, settings, and what stands in place of a map.
fn served(pages: &SitePages, language: Language, model: Model) -> [String; 3] {
    let to = ReturnPath::new("/prices?a=1", "/_kelisim/");
    let banner =
        String::from_utf8(pages.banner(language, model, "https://shop.example", to.as_str()).to_vec()).unwrap();
    let view = SettingsView { to: &to, model, choice: None, signals: Signals::default(), saved: false };
    let line = ForeignHost {
        host: HostPattern::Exact("maps.example".to_owned()),
        port: None,
        category: Category::Functional,
        owner: "Карты «Север» & Ко".into(),
        sees_address: true,
    };
    let frame = FrameName::of("https://maps.example/embed");
    let request = FrameRequest {
        host: "maps.example".into(),
        port: None,
        frame,
        to: to.clone(),
        language: None,
        sandboxed: false,
    };
    let frame = pages.frame_page(language, &request, FrameOffer::Once(&line));
    [banner, pages.settings_page(language, &view), frame]
}

#[test]
fn each_layer_is_the_text_of_the_page_that_is_served() {
    let mut notice_model = site();
    notice_model.model = Model::Notice;
    for (settings, model) in
        [(site(), Model::OptIn), (notice_model.clone(), Model::Notice), (notice_model, Model::OptIn)]
    {
        let pages = SitePages::build(&settings, [1; 32], script());
        for language in Language::ALL {
            let layers = document(&pages, language, model)["layers"].clone();
            let [banner, settings, frame] = served(&pages, language, model);
            assert_eq!(lines(&layers["banner"]), visible_text(&banner), "{language}");
            assert_eq!(lines(&layers["settings"]), visible_text(&settings), "{language}");
            assert_eq!(layers["frame"][0]["host"], "maps.example");
            assert_eq!(lines(&layers["frame"][0]["text"]), visible_text(&frame), "{language}");
            assert_eq!(
                layers["frame"].as_array().unwrap().len(),
                1,
                "nobody can open what is never held back or not offered"
            );
        }
    }
}

/// What a browser has in its tree and shows: not the head, the shadow tree's frame, comments, nor what the style hides.
fn shown_by_a_browser(node: &Handle, text: &mut String) {
    match &node.data {
        NodeData::Text { contents } => text.push_str(&contents.borrow()),
        NodeData::Element { name, attrs, .. } => {
            let attrs = attrs.borrow();
            let is = |attribute: &str, value: &str| {
                attrs.iter().any(|one| &*one.name.local == attribute && &*one.value == value)
            };
            let hidden = is("slot", "status") || is("slot", "link") || is("aria-hidden", "true");
            if hidden || matches!(&*name.local, "head" | "template") {
                return;
            }
        }
        _ => {}
    }
    node.children.borrow().iter().for_each(|child| shown_by_a_browser(child, text));
}

#[test]
fn the_text_of_a_page_is_what_a_parser_of_browsers_finds() {
    let letters = |text: &str| text.chars().filter(|one| one.is_alphanumeric()).collect::<String>();
    let pages = SitePages::build(&site(), [1; 32], script());
    for language in Language::ALL {
        for html in served(&pages, language, Model::OptIn) {
            let mut text = String::new();
            shown_by_a_browser(&parse_document(RcDom::default(), ParseOpts::default()).one(&*html).document, &mut text);
            // A box that is ticked is written as a letter, and is none in the page.
            let ours = visible_text(&html).join(" ").replace("[x]", "");
            assert_eq!(letters(&ours), letters(&text), "{language}");
        }
    }
}

#[test]
fn the_banner_is_read_in_its_order_with_buttons_and_facts() {
    let pages = SitePages::build(&site(), [1; 32], script());
    let banner = lines(&document(&pages, Language::Ru, Model::OptIn)["layers"]["banner"]);
    assert_eq!(banner[0], "Файлы cookie на этом сайте");
    assert!(banner.contains(&"Передача третьим лицам: нет".to_owned()), "{banner:#?}");
    let buttons: Vec<_> = banner.iter().rev().take(3).rev().map(String::as_str).collect();
    assert_eq!(buttons, ["[Принимать только необходимые файлы cookie]", "[Принять все файлы cookie]", "[Настройки]"]);
    let seeing = banner.iter().find(|line| line.contains("maps.example")).unwrap();
    assert!(seeing.contains("Карты «Север» & Ко; функциональные") && !seeing.contains("ads.example"), "{seeing}");
    assert!(banner.iter().any(|line| line.contains("3 года после того")), "how long the record is kept");
    let page = lines(&document(&pages, Language::Ru, Model::OptIn)["layers"]["settings"]);
    assert!(page.contains(&"[x] Необходимые Всегда включены".to_owned()), "{page:#?}");
    assert!(page.contains(&"[ ] Аналитические".to_owned()), "nothing is ticked beforehand");
}

#[test]
fn what_this_site_never_shows_is_not_in_the_document() {
    let pages = SitePages::build(&site(), [1; 32], script());
    for notice in pages.notices() {
        let texts = Texts::of(notice.language);
        let others = [
            &texts.message.bad_gateway.title,
            &texts.receipt.question_title,
            &texts.settings.signal,
            &texts.banner.failed,
        ];
        for never in ["{categories}", "{term}", "{host}"].into_iter().chain(others.map(String::as_str)) {
            assert!(!notice.json.contains(never), "{never}");
        }
    }
    let implied = "это будет считаться согласием";
    assert!(!pages.notice(Language::Ru, Model::OptIn).json.contains(implied));
    let mut settings = site();
    settings.model = Model::Notice;
    settings.notice.third_parties = russian("банк");
    let pages = SitePages::build(&settings, [1; 32], script());
    assert!(pages.notice(Language::Ru, Model::Notice).json.contains(implied));
    settings.offer = crate::consent::CategorySet::EMPTY;
    let pages = SitePages::build(&settings, [1; 32], script());
    assert_eq!(document(&pages, Language::Ru, Model::OptIn)["layers"]["banner"], serde_json::json!([]));
}

#[test]
fn links_begin_as_the_site_is_reached() {
    let mut settings = site();
    settings.origin = "http://localhost:28080".to_owned();
    let pages = SitePages::build(&settings, [1; 32], script());
    let document = document(&pages, Language::En, Model::OptIn);
    assert_eq!(document["withdrawal"], "http://localhost:28080/_kelisim/settings");
    let page = lines(&document["layers"]["settings"]).join("\n");
    assert!(page.contains("kelisim-frame |") && !page.contains("__Host-"), "the names are those of plain http: {page}");
}
