//! Parameters of scripts and hits, by preset: what is not listed here does not pass.
//!
//! Left out on purpose: everything that sets an address, a place, a time or a right (`cip`, `ip`, `country`, `cdt`, `token_auth`), the raw
//! user agent and client hints (`ua`, `uadata`, `userAgent`, `uafvl`), names of accounts (`uid`, `id`, `up.*`), plugins, and ids of clicks.

use super::text;

/// What becomes of a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text or a number: passes without e-mail and network addresses; addresses of pages in it are cut.
    Text,
    /// The address of a page: without user, query and fragment, but with the parameters of campaigns.
    Page,
    /// An id that a script made up: passes where it is short and plain.
    Id,
    /// A language: the first part of its tag.
    Language,
    /// The size of a screen: the nearest of four usual ones.
    Screen,
    /// An object with the site's own names: all texts in it as [`Kind::Text`].
    Values,
}

/// Names, with a trailing `*` for any rest of letters, digits, `_` and `.`.
pub(super) type Fields = [(&'static str, Kind)];

/// What becomes of the parameter of this name, if it passes at all.
pub(super) fn kind(fields: &Fields, name: &str) -> Option<Kind> {
    let plain = |rest: &str| rest.len() <= LONGEST_REST && rest.bytes().all(is_of_name);
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.strip_prefix(start).is_some_and(plain),
        None => pattern == name,
    };
    fields.iter().find(|(pattern, _)| fits(pattern)).map(|(_, kind)| *kind)
}

/// Longest part of a name that a site chooses itself, in bytes; Google allows 40.
const LONGEST_REST: usize = 64;

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

impl Kind {
    /// The value as it passes, or none.
    pub(super) fn apply(self, value: &str) -> Option<String> {
        match self {
            Self::Text | Self::Values => Some(text::text(value)),
            Self::Page => Some(text::page(value)),
            Self::Id => text::id(value),
            Self::Language => text::language(value),
            Self::Screen => text::screen(value),
        }
    }
}

use Kind::{Id, Language, Page, Screen, Text, Values};

/// Of scripts that need none but the mark of a version.
pub(super) const SCRIPT: &Fields = &[("v", Text)];

/// `gtag/js` and `gtm.js`.
pub(super) const GOOGLE_SCRIPT: &Fields = &[("id", Id), ("l", Id), ("cx", Id), ("gtm", Id), ("tag_exp", Id)];

/// Matomo's tracking interface (`matomo.php`).
pub(super) const MATOMO: &Fields = &[
    ("idsite", Text),
    ("rec", Text),
    ("apiv", Text),
    ("rand", Text),
    ("r", Text),
    ("send_image", Text),
    ("ping", Text),
    // The page and where its visitor came from.
    ("action_name", Text),
    ("url", Page),
    ("urlref", Page),
    ("_ref", Page),
    ("_rcn", Text),
    ("_rck", Text),
    ("link", Page),
    ("download", Page),
    ("pv_id", Id),
    ("h", Text),
    ("m", Text),
    ("s", Text),
    ("cs", Text),
    ("ca", Text),
    // The browser.
    ("_id", Id),
    ("lang", Language),
    ("res", Screen),
    // How long the page took.
    ("gt_ms", Text),
    ("pf_net", Text),
    ("pf_srv", Text),
    ("pf_tfr", Text),
    ("pf_dm1", Text),
    ("pf_dm2", Text),
    ("pf_onl", Text),
    // Searches, events, contents, goals, orders.
    ("search", Text),
    ("search_cat", Text),
    ("search_count", Text),
    ("e_c", Text),
    ("e_a", Text),
    ("e_n", Text),
    ("e_v", Text),
    ("c_n", Text),
    ("c_p", Text),
    ("c_t", Page),
    ("c_i", Text),
    ("idgoal", Text),
    ("revenue", Text),
    ("ec_id", Id),
    ("ec_st", Text),
    ("ec_tx", Text),
    ("ec_sh", Text),
    ("ec_dt", Text),
    ("ec_items", Values),
    ("_pkc", Text),
    ("_pkp", Text),
    ("_pks", Text),
    ("_pkn", Text),
    ("cvar", Values),
    ("_cvar", Values),
    ("dimension*", Text),
];

/// The payload of Umami's `api/send`.
pub(super) const UMAMI: &Fields = &[
    ("website", Id),
    ("hostname", Text),
    ("url", Page),
    ("referrer", Page),
    ("title", Text),
    ("tag", Text),
    ("name", Text),
    ("data", Values),
    ("language", Language),
    ("screen", Screen),
    // Measured by the browser, of type `performance`.
    ("lcp", Text),
    ("inp", Text),
    ("cls", Text),
    ("fcp", Text),
    ("ttfb", Text),
];

/// Plausible's `api/event`, in the short and the long names.
pub(super) const PLAUSIBLE: &Fields = &[
    ("n", Text),
    ("name", Text),
    ("d", Text),
    ("domain", Text),
    ("u", Page),
    ("url", Page),
    ("r", Page),
    ("referrer", Page),
    ("p", Values),
    ("props", Values),
    ("$", Values),
    ("revenue", Values),
    ("i", Text),
    ("interactive", Text),
    ("h", Text),
    ("v", Text),
    ("e", Text),
    ("sd", Text),
];

/// Google Analytics 4, as its script sends it. There is no official list.
pub(super) const GOOGLE: &Fields = &[
    ("v", Text),
    ("tid", Id),
    ("gtm", Id),
    ("tag_exp", Id),
    ("_p", Id),
    ("_s", Text),
    ("_z", Text),
    ("_eu", Text),
    ("_ee", Text),
    ("_et", Text),
    ("_c", Text),
    ("_fv", Text),
    ("_nsi", Text),
    ("_ss", Text),
    ("are", Text),
    ("frm", Text),
    ("ir", Text),
    ("pae", Text),
    ("tfd", Text),
    // Consent, as Google's own signals say it.
    ("gcs", Id),
    ("gcd", Id),
    ("gcu", Text),
    ("npa", Text),
    ("dma", Text),
    ("dma_cps", Id),
    ("pscdl", Text),
    // Browser and session.
    ("cid", Id),
    ("sid", Id),
    ("sct", Text),
    ("seg", Text),
    ("ul", Language),
    ("sr", Screen),
    // Page and event.
    ("dl", Page),
    ("dr", Page),
    ("dt", Text),
    ("en", Text),
    ("cu", Text),
    ("pr*", Text),
    ("ep.*", Text),
    ("epn.*", Text),
];
