//! Where script and banner go: found start tag by start tag.

use lol_html::{html_content::Element, send::SendHandlerTypes};

use super::{Found, MARKER, lock};
use std::sync::{Arc, Mutex};

/// The places that are still to be found.
pub(super) struct Places {
    pub(super) found: Arc<Mutex<Found>>,
    pub(super) with_banner: bool,
    pub(super) script_placed: bool,
    /// Both places are known, or there is none for the banner.
    pub(super) done: bool,
}

impl Places {
    /// Looks at a start tag; inside a template there is no place for the banner.
    pub(super) fn start_tag(&mut self, name: &str, element: &Element<'_, '_, SendHandlerTypes>, in_template: bool) {
        if self.done {
            return;
        }
        let tag = element.source_location().bytes();
        if !self.script_placed && name != "html" {
            self.script_placed = true;
            lock(&self.found).script(if name == "head" { tag.end } else { tag.start });
            self.done = !self.with_banner;
        }
        if !self.with_banner || name == "template" || in_template {
            return;
        }
        match name {
            "body" => lock(&self.found).banner(tag.end),
            // A page of frames has no body; anything before them would turn them off.
            "frameset" => {}
            // A second script of ours: another gateway stands behind this one, too far down for the sniffer to see it.
            "script" if element.has_attribute(MARKER) => {}
            "html" | "head" | "base" | "basefont" | "bgsound" | "link" | "meta" | "title" | "noscript" | "noframes"
            | "style" | "script" | "frame" => return,
            _ => lock(&self.found).banner(tag.start),
        }
        self.done = true;
    }
}
