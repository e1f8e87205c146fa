//! What visitors see: banner, settings, policy, errors; and what they send us: a choice.
//!
//! Everything that does not depend on the visitor is rendered once for each configuration. What goes into the site's pages is
//! ASCII and holds no style, no inline script and no handler; our own pages work without JavaScript.

mod ascii;
mod assets;
mod banner;
mod choice;
mod erasure_page;
mod error_page;
mod facts;
mod frame;
mod frame_page;
mod notice;
mod notice_page;
mod phrases;
mod policy_page;
mod policy_text;
mod receipt;
mod receipt_data;
mod receipt_document;
mod receipt_history;
mod receipt_page;
mod return_path;
mod script;
mod settings;
mod settings_page;
mod site_pages;
pub(crate) mod texts;
mod visible;

#[cfg(test)]
mod tests;

pub use ascii::to_ascii;
pub use assets::Asset;
pub use choice::{ChoiceFault, LONGEST_CHOICE, Layer, PostedChoice, SettingsQuery, parse_form, parse_json};
pub use erasure_page::{ErasedLeaf, ErasedView};
pub use error_page::{Message, error_page};
pub use frame_page::{FrameOffer, FrameRefusal, FrameRequest};
pub use notice::NoticeDocument;
pub use receipt::{Download, PostedErasure, ReceiptQuery};
pub use receipt_document::Issued;
pub use receipt_history::{HistoryLine, Standing};
pub use receipt_page::{ReceiptView, Recorded, Whereabouts};
pub use return_path::ReturnPath;
pub use script::{Script, ScriptSettings, Signals};
pub use settings::{Controller, DeclaredCookie, DeclaredHost, EditionText, Localised, Notice, Settings};
pub use settings_page::{ChoiceView, SettingsView};
pub use site_pages::{PageScript, SitePages};

/// The `Content-Security-Policy` of the page in place of a frame, and of answers to its form: framed by the site itself, and no script.
pub const FRAME_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
                                         frame-ancestors 'self'; base-uri 'none'";

/// The `Content-Security-Policy` of our own pages: nothing but our own files, no frames around them, forms to ourselves only.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; script-src 'self'; \
                                           connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";
