//! What is edited inside a page, start tag by start tag: hints to refused hosts lose their words, refused frames show a page of ours
//! instead, and where no policy blocks loads, elements that load from a refused host are held back.
//!
//! Edits are ranges of bytes within a tag. No tag comes or goes, so that the document stays the same but for attributes. What is
//! written is letters, digits and a few marks that mean the same in every encoding, with quotes round a value or without.

use std::{
    fmt::Write as _,
    hash::{Hash, Hasher},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use url::Url;

use super::{
    address::{Address, Resolved, of_srcset, resolve, text},
    parser::Tag,
};
use crate::{
    consent::{Category, CategorySet, FrameGrant, FrameName},
    rewrite::PageTally,
    routing::ForeignHosts,
};

/// Bytes of a page that are replaced by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) at: Range<usize>,
    pub(super) with: Bytes,
}

/// How far pages are edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditMode {
    /// A policy of ours blocks loads, and unknown hosts are refused: only what the policy does not reach is edited.
    Strict,
    /// No policy blocks: whatever loads from a host that a line refuses is held back, and unknown hosts pass.
    Compatible,
}

/// What stands in place of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Path and query of our page, to which `&host=…&frame=…` is added. ASCII of a URL.
    pub address: Box<str>,
    /// The frame's title where it has none: ASCII, escaped for an attribute; `{host}` is replaced.
    pub title: Box<str>,
}

/// What is edited in a page, and by which rules.
#[derive(Clone, Debug)]
pub struct PageEdits {
    mode: EditMode,
    hosts: Arc<ForeignHosts>,
    allowed: CategorySet,
    /// What addresses are relative to: the page's own address, later its first `<base href>`.
    base: Url,
    base_found: bool,
    /// Scheme, host and port of the page itself.
    origin: Box<str>,
    grant: Option<FrameGrant>,
    placeholder: Placeholder,
    /// How many frames were replaced, in all parts of the page.
    replaced: Arc<AtomicUsize>,
    tally: PageTally,
}

/// How many frames of one page are replaced, so that a page of nothing but frames does not grow without bound; the policy stops the others.
const MOST_PLACEHOLDERS: usize = 200;

/// Words of `rel` that make a browser contact a host before anything of it is used.
pub(super) const HINTS: [&str; 6] = ["preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload", "prerender"];

/// Words of `rel` with which a browser loads the address.
const LOADING: [&str; 5] = ["stylesheet", "icon", "apple-touch-icon", "mask-icon", "manifest"];

/// Attributes from which elements load, besides `script`, `link`, `iframe` and `frame`.
const SOURCES: [(&str, &[&str]); 8] = [
    ("img", &["src", "srcset"]),
    ("source", &["src", "srcset"]),
    ("video", &["src", "poster"]),
    ("audio", &["src"]),
    ("track", &["src"]),
    ("embed", &["src"]),
    ("object", &["data"]),
    ("input", &["src"]),
];

/// Equal when they make the same of a page. What was counted, or found in a page so far, is not compared.
impl PartialEq for PageEdits {
    fn eq(&self, other: &Self) -> bool {
        let decides = |edits: &Self| (edits.mode, edits.allowed);
        decides(self) == decides(other)
            && Arc::ptr_eq(&self.hosts, &other.hosts)
            && self.base == other.base
            && self.grant == other.grant
            && self.placeholder == other.placeholder
    }
}

impl Eq for PageEdits {}

impl Hash for PageEdits {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base.hash(state);
        self.placeholder.address.hash(state);
    }
}

impl PageEdits {
    /// Bytes that it holds which a request decides: the addresses of the page.
    pub fn held_bytes(&self) -> usize {
        self.base.as_str().len() + self.placeholder.address.len() + self.placeholder.title.len()
    }

    /// The edits of the page at this absolute address; `None` where there is nothing that could be refused, or the address is none.
    pub fn new(
        mode: EditMode,
        hosts: Arc<ForeignHosts>,
        allowed: CategorySet,
        page: &str,
        grant: Option<FrameGrant>,
        placeholder: Placeholder,
    ) -> Option<Self> {
        let idle = mode == EditMode::Compatible && hosts.lines().all(|line| line.passes(allowed));
        let base = Url::parse(page).ok().filter(|_| !idle)?;
        let origin = base.origin().ascii_serialization().into();
        let (base_found, replaced, tally) = (false, Arc::default(), PageTally::default());
        Some(Self { mode, hosts, allowed, base, base_found, origin, grant, placeholder, replaced, tally })
    }

    /// The same edits with a count of their own, to begin again.
    pub(in crate::rewrite) fn anew(&self) -> Self {
        Self { replaced: Arc::default(), tally: PageTally::default(), ..self.clone() }
    }

    pub(super) fn mode(&self) -> EditMode {
        self.mode
    }

    /// The elements that edits look at, as a selector; of templates and of what stands there for browsers without scripts, where they are.
    pub(super) fn elements(&self) -> &'static str {
        match self.mode {
            EditMode::Strict => "base,iframe,frame,link,script,noscript,template",
            EditMode::Compatible => {
                "base,iframe,frame,link,script,noscript,template,img,source,video,audio,track,embed,object,input"
            }
        }
    }

    /// What is judged while the page goes out.
    pub fn tally(&self) -> PageTally {
        self.tally.clone()
    }

    /// The edits within one start tag, in their order. `in_template` says whether the tag stands in a template, which no page is based on.
    pub(super) fn of_tag(&mut self, name: &str, tag: &Tag<'_, '_>, in_template: bool) -> Vec<Edit> {
        let start = tag.source_location().bytes().start;
        let mut edits = TagEdits { tag, after_name: start + 1 + name.len(), edits: Vec::new() };
        match (name, self.mode) {
            ("base", _) if !in_template => self.take_base(tag),
            ("iframe" | "frame", _) => self.frame(&mut edits),
            ("link", mode) => self.link(mode, &mut edits),
            // A browser follows such rules before the page's policy is asked, and whether they lead to others is in the text.
            ("script", EditMode::Strict) => {
                let rules = |kind: String| kind.trim().eq_ignore_ascii_case("speculationrules");
                if tag.get_attribute("type").is_some_and(|kind| rules(text(&kind))) {
                    edits.replace("type", "text/plain");
                }
            }
            ("script", EditMode::Compatible) => {
                if self.attribute_refused(tag, "src") {
                    edits.insert(" type=\"text/plain\"");
                    edits.hold_back("type");
                    edits.hold_back("src");
                }
            }
            (_, EditMode::Compatible) => {
                let sources = SOURCES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, sources)| sources);
                for source in sources {
                    if self.attribute_refused(tag, source) {
                        edits.hold_back(source);
                    }
                }
            }
            (_, EditMode::Strict) => {}
        }
        edits.edits.sort_by_key(|edit| edit.at.start);
        edits.edits
    }

    fn take_base(&mut self, tag: &Tag<'_, '_>) {
        if self.base_found {
            return;
        }
        if let Some(href) = tag.get_attribute("href") {
            self.base_found = true;
            if let Ok(base) = self.base.join(&text(&href))
                && !base.cannot_be_a_base()
            {
                self.base = base;
            }
        }
    }

    fn link(&self, mode: EditMode, edits: &mut TagEdits<'_, '_, '_>) {
        let Some(href) = edits.tag.get_attribute("href") else { return };
        let rel = text(&edits.tag.get_attribute("rel").unwrap_or_default());
        let any = |words: &[&str]| rel.split_ascii_whitespace().any(|word| is_one_of(word, words));
        match mode {
            EditMode::Strict if any(&HINTS) => {
                // In doubt the hint goes: it only makes a page faster.
                let judged = match resolve(&self.base, &href) {
                    Resolved::On(address) => self.weigh(&address),
                    Resolved::Unreadable => Some((None, true)),
                    Resolved::Nowhere => None,
                };
                if self.counted(judged) {
                    let kept: Vec<_> = rel.split_ascii_whitespace().filter(|word| !is_one_of(word, &HINTS)).collect();
                    let kept = if kept.is_empty() { "kelisim-refused".to_owned() } else { kept.join(" ") };
                    edits.replace("rel", &plain(&kept));
                }
            }
            EditMode::Compatible if any(&HINTS) || any(&LOADING) => {
                if self.attribute_refused(edits.tag, "href") {
                    edits.hold_back("href");
                }
            }
            EditMode::Strict | EditMode::Compatible => {}
        }
    }

    fn frame(&self, edits: &mut TagEdits<'_, '_, '_>) {
        let tag = edits.tag;
        // With `srcdoc` the address counts for nothing, and what is in it is under the page's own policy.
        let Some(src) = tag.get_attribute("src").filter(|_| !tag.has_attribute("srcdoc")) else { return };
        let Resolved::On(address) = resolve(&self.base, &src) else { return };
        let Some((category, refused)) = self.weigh(&address) else { return };
        if !refused {
            self.tally.frame(category, false);
            return;
        }
        if self.replaced.load(Relaxed) >= MOST_PLACEHOLDERS {
            return;
        }
        let frame = FrameName::of(&address.url);
        let granted = self
            .grant
            .as_ref()
            .is_some_and(|grant| *grant.host == *address.host && grant.port == address.port && grant.frame == frame);
        self.tally.frame(category, !granted);
        if granted {
            return;
        }
        self.replaced.fetch_add(1, Relaxed);
        let host = address.port.map_or_else(|| address.host.clone(), |port| format!("{}:{port}", address.host));
        let Placeholder { address, title } = &self.placeholder;
        let limited =
            if tag.get_attribute("sandbox").is_some_and(|rights| limits(&text(&rights))) { "&sandboxed=1" } else { "" };
        // A path alone would lead to the host of the page's base.
        let moved = self.base_found && self.base.origin().ascii_serialization() != *self.origin;
        let origin = if moved { &*self.origin } else { "" };
        edits.replace("src", &plain(&format!("{origin}{address}&host={}&frame={frame}{limited}", in_query(&host))));
        if !tag.has_attribute("title") {
            edits.insert(&format!(" title=\"{}\"", title.replace("{host}", &plain(&host))));
        }
    }

    /// The category of what an address leads to, and whether it is refused; `None` for the site's own.
    fn weigh(&self, Address { host, port, .. }: &Address) -> Option<(Option<Category>, bool)> {
        self.hosts.weigh(host, *port, self.allowed, self.mode == EditMode::Strict)
    }

    /// Counts a load, and says whether it is refused.
    fn counted(&self, load: Option<(Option<Category>, bool)>) -> bool {
        let Some((category, refused)) = load else { return false };
        self.tally.load(category, refused);
        refused
    }

    fn attribute_refused(&self, tag: &Tag<'_, '_>, name: &str) -> bool {
        let Some(value) = tag.get_attribute(name) else { return false };
        let addresses =
            if name == "srcset" { of_srcset(&self.base, &value) } else { vec![resolve(&self.base, &value)] };
        let loads = addresses.iter().filter_map(|found| match found {
            Resolved::On(address) => self.weigh(address),
            Resolved::Unreadable | Resolved::Nowhere => None,
        });
        // One attribute is one load, however many sizes of a picture it names; a refused one decides.
        self.counted(loads.max_by_key(|(_, refused)| *refused))
    }
}

/// The edits of one tag while they are found.
struct TagEdits<'a, 'rewriter, 'token> {
    tag: &'a Tag<'rewriter, 'token>,
    /// The offset behind the tag's name.
    after_name: usize,
    edits: Vec<Edit>,
}

impl TagEdits<'_, '_, '_> {
    /// Puts another value in place of an attribute's; of several with one name the first counts.
    fn replace(&mut self, name: &str, value: &str) {
        let attribute = self.tag.attributes().iter().find(|attribute| attribute.name() == name);
        if let Some(place) = attribute.and_then(|attribute| attribute.value_source_location()) {
            self.edits.push(Edit { at: place.bytes(), with: value.to_owned().into() });
        }
    }

    /// Names an attribute `data-kelisim-…`, every time that it stands there: of several the next one would count.
    fn hold_back(&mut self, name: &str) {
        for attribute in self.tag.attributes().iter().filter(|attribute| attribute.name() == name) {
            if let Some(place) = attribute.name_source_location() {
                self.edits.push(Edit { at: place.bytes(), with: format!("data-kelisim-{name}").into() });
            }
        }
    }

    /// Adds attributes before the tag's own.
    fn insert(&mut self, attributes: &str) {
        self.edits.push(Edit { at: self.after_name..self.after_name, with: attributes.to_owned().into() });
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a sandbox with these rights stops our form: it posts from the page's own origin, to the page above.
fn limits(rights: &str) -> bool {
    let has = |wanted: &str| rights.split_ascii_whitespace().any(|right| right.eq_ignore_ascii_case(wanted));
    let above = has("allow-top-navigation") || has("allow-top-navigation-by-user-activation");
    !(has("allow-forms") && has("allow-same-origin") && above)
}

/// An attribute value that needs no quotes.
fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len() + 16), |mut value, character| {
        if character.is_ascii_alphanumeric() || "-._~/?%:[]".contains(character) {
            value.push(character);
        } else {
            let _ = write!(value, "&#{};", u32::from(character));
        }
        value
    })
}

/// A host as the value of a query's field: letters, digits and a few marks stay.
fn in_query(host: &str) -> String {
    host.bytes().fold(String::with_capacity(host.len()), |mut value, byte| {
        if byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte) {
            value.push(char::from(byte));
        } else {
            let _ = write!(value, "%{byte:02X}");
        }
        value
    })
}
