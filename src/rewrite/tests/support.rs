//! What the tests share: an injection that can be recognised, a page put through in parts, and a document as a browser reads it.

use bytes::Bytes;
use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use crate::rewrite::html::PageEditor;
use crate::rewrite::{Coding, Injection, Placement, RewritePlan};

pub(super) const SCRIPT: &str = r#"<script data-kelisim-script src="/_kelisim/gate.js"></script>"#;
pub(super) const BANNER: &str = "<kelisim-panel>May we?</kelisim-panel>";

pub(super) fn injection() -> Injection {
    Injection { script: Bytes::from_static(SCRIPT.as_bytes()), banner: Bytes::from_static(BANNER.as_bytes()) }
}

pub(super) fn rewrite_plan(coding: Coding) -> RewritePlan {
    RewritePlan { coding, placement: Placement::ScriptAndBanner, typed: true, encoding_named: true }
}

/// The page with our insertions, fed in the given parts.
pub(super) fn inject<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    put_through(PageEditor::new(injection(), Placement::ScriptAndBanner, None), parts)
}

/// A page as an editor makes it of its parts.
pub(super) fn put_through<'a>(mut editor: PageEditor, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut output = Vec::new();
    for part in parts {
        editor.write(Bytes::copy_from_slice(part), |piece| output.extend(piece.into_bytes()));
    }
    editor.finish(|piece| output.extend(piece.into_bytes()));
    output
}

/// The bytes without our insertions.
pub(super) fn remove_injected(page: &[u8]) -> Vec<u8> {
    let mut rest = page.to_vec();
    for ours in [SCRIPT, BANNER] {
        if let Some(at) = memchr::memmem::find(&rest, ours.as_bytes()) {
            rest.drain(at..at + ours.len());
        }
    }
    rest
}

/// The document as a browser reads it, without our nodes, one line for each node; text that we parted is joined again.
pub(super) fn document(page: &[u8], scripting: bool) -> Vec<String> {
    document_with(page, scripting, &mut |_, attributes| attributes)
}

/// Names and values, in the order of the tag.
pub(super) type Attributes = Vec<(String, String)>;

/// The same, with the attributes of each element, in the order of the tree, as this function changes them.
pub(super) fn document_with(
    page: &[u8],
    scripting: bool,
    change: &mut dyn FnMut(&str, Attributes) -> Attributes,
) -> Vec<String> {
    let text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(page).0;
    let options = ParseOpts {
        tree_builder: TreeBuilderOpts { scripting_enabled: scripting, ..TreeBuilderOpts::default() },
        ..ParseOpts::default()
    };
    let dom = parse_document(RcDom::default(), options).one(text.as_ref());
    let mut lines = vec![format!("{:?}", dom.quirks_mode.get())];
    describe(&dom.document, 0, change, &mut lines);
    lines
}

/// Whether the document is one of frames.
pub(super) fn has_frames(document: &[String]) -> bool {
    document.iter().any(|line| line == "2 <frameset>")
}

fn describe(
    node: &Handle,
    depth: usize,
    change: &mut dyn FnMut(&str, Attributes) -> Attributes,
    lines: &mut Vec<String>,
) {
    match &node.data {
        NodeData::Document => {}
        NodeData::Doctype { name, public_id, system_id } => {
            lines.push(format!("{depth} !{name} {public_id} {system_id}"))
        }
        NodeData::Text { contents } => {
            let prefix = format!("{depth} \"");
            match lines.last_mut() {
                Some(last) if last.starts_with(&prefix) => last.push_str(&contents.borrow()),
                _ => lines.push(prefix + &contents.borrow()),
            }
        }
        NodeData::Comment { contents } => lines.push(format!("{depth} -- {contents}")),
        NodeData::ProcessingInstruction { target, contents } => lines.push(format!("{depth} ? {target} {contents}")),
        NodeData::Element { name, attrs, template_contents, .. } => {
            let attributes = attrs.borrow();
            if &*name.local == "kelisim-panel"
                || attributes.iter().any(|attribute| &*attribute.name.local == "data-kelisim-script")
            {
                return;
            }
            let given = attributes.iter().map(|given| (given.name.local.to_string(), given.value.to_string()));
            let changed = change(&name.local, given.collect());
            let written: String = changed.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let foreign = if (*name.ns).ends_with("xhtml") { "" } else { "foreign " };
            lines.push(format!("{depth} <{foreign}{}{written}>", name.local));
            if let Some(contents) = template_contents.borrow().as_ref() {
                contents.children.borrow().iter().for_each(|child| describe(child, depth + 2, change, lines));
            }
        }
    }
    node.children.borrow().iter().for_each(|child| describe(child, depth + 1, change, lines));
}
