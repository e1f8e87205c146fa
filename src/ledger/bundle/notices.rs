//! What visitors read, on the page of a bundle: each notice with the text of its layers, and how many records were made at each.

use std::{collections::BTreeMap, fmt::Write as _};

use super::page::{anchor, escaped};
use crate::ledger::{NoticeFacts, NoticeId};

/// A notice, and how visitors answered it.
#[derive(Clone, Debug)]
pub struct ShownNotice {
    /// Its name.
    pub id: NoticeId,
    /// What it says.
    pub facts: NoticeFacts,
    /// How many records name it, by the word for how each visitor answered.
    pub methods: BTreeMap<&'static str, u64>,
}

/// A layer of a notice: its name in English and Russian, and the methods by which a visitor answers there.
struct Layer {
    english: &'static str,
    russian: &'static str,
    methods: &'static [&'static str],
}

const BANNER: Layer =
    Layer { english: "The banner", russian: "Баннер", methods: &["banner_form", "script", "navigation"] };
const SETTINGS: Layer =
    Layer { english: "The settings page", russian: "Страница настроек", methods: &["settings_form"] };
const RECEIPT: Layer =
    Layer { english: "The receipt page", russian: "Страница о записях", methods: &["receipt_form"] };
const FRAME: Layer =
    Layer {
        english: "In place of a frame", russian: "На месте встроенного блока", methods: &["frame_form"]
    };

impl ShownNotice {
    /// How many records name it.
    pub fn records(&self) -> u64 {
        self.methods.values().sum()
    }

    /// The notice with its layers.
    pub(super) fn html(&self) -> String {
        let (facts, id) = (&self.facts, self.id.to_string());
        let [site, edition, language] = [&facts.site, &facts.edition, &facts.language].map(|text| escaped(text));
        let mut html = format!(
            "<article id=\"{}\"><h3>{site} · {edition} · {language}</h3>\n<p>Records · <span lang=\"ru\">Записей</span>: {}. \
             <a href=\"notices/{id}.json\"><code>notices/{}….json</code></a></p>\n",
            anchor(self.id),
            self.records(),
            &id[..12],
        );
        let banner = match facts.layers.banner.is_empty() {
            true => vec![facts.banner.text.clone()],
            false => facts.layers.banner.clone(),
        };
        self.layer(&mut html, &BANNER, &banner);
        self.layer(&mut html, &SETTINGS, &facts.layers.settings);
        self.layer(&mut html, &RECEIPT, &facts.layers.receipt);
        // The texts of all hosts in one: how many records each has is told by the records.
        let frames: Vec<_> = facts.layers.frame.iter().flat_map(|frame| frame.text.iter().cloned()).collect();
        self.layer(&mut html, &FRAME, &frames);
        html.push_str("</article>\n");
        html
    }

    /// A layer that somebody answered or that has a text.
    fn layer(&self, html: &mut String, layer: &Layer, lines: &[String]) {
        let records: u64 = layer.methods.iter().filter_map(|method| self.methods.get(method)).sum();
        let lines: Vec<_> = lines.iter().filter(|line| !line.is_empty()).collect();
        if records == 0 && lines.is_empty() {
            return;
        }
        let open = if records > 0 { " open" } else { "" };
        let (english, russian) = (layer.english, layer.russian);
        write!(
            html,
            "<details{open}><summary>{english} · <span lang=\"ru\">{russian}</span>: {records}</summary><div lang=\"{}\">",
            escaped(&self.facts.language)
        )
        .expect("a string takes every write");
        if lines.is_empty() {
            html.push_str("<p lang=\"en\">The notice does not hold this text. <span lang=\"ru\">В уведомлении этого текста нет.</span></p>");
        }
        lines.iter().for_each(|line| html.extend(["<p>", &escaped(line), "</p>"]));
        html.push_str("</div></details>\n");
    }
}
