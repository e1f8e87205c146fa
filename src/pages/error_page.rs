//! Short pages that say what happened, in the visitor's language, without a script. None of them quotes the request.

use askama::Template;
use http::StatusCode;

use super::{
    assets,
    frame::{Frame, render},
    phrases,
    texts::{MessageTexts, Texts},
};
use crate::visitor::Language;

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The request can't be understood.
    BadRequest,
    /// A choice that did not come from a page of this site, or not from a person's click.
    ForeignChoice,
    /// A form to erase records that did not come from a page of this site, or not from a person's click.
    ForeignErasure,
    /// No such page under our own prefix.
    NotFound,
    /// No site of that name is served here.
    Misdirected,
    /// Too many choices in a short time.
    TooManyChoices,
    /// Too many requests of one client at once.
    TooManyRequests,
    /// The site's server can't be reached or does not speak HTTP.
    BadGateway,
    /// The site's server did not answer in time.
    GatewayTimeout,
    /// The log can't be written, so a grant is not in force.
    NotRecorded,
    /// The log can't be written, but a refusal is in force without it.
    RefusalInForce,
    /// A receipt waits for the checkpoint that covers it.
    NotYetProved,
    /// The log can't be read, so what is recorded can't be shown.
    LogUnread,
    /// The log can't be written, so records may not be erased.
    NotErased,
}

impl Message {
    /// The status with which it is sent.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::ForeignChoice | Self::ForeignErasure => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TooManyChoices | Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::NotRecorded | Self::RefusalInForce | Self::NotYetProved | Self::LogUnread | Self::NotErased => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn texts(self, texts: &Texts) -> &MessageTexts {
        let messages = &texts.message;
        match self {
            Self::BadRequest => &messages.bad_request,
            Self::ForeignChoice => &messages.foreign_choice,
            Self::ForeignErasure => &messages.foreign_erasure,
            Self::NotFound => &messages.not_found,
            Self::Misdirected => &messages.misdirected,
            Self::TooManyChoices => &messages.too_many_choices,
            Self::TooManyRequests => &messages.too_many_requests,
            Self::BadGateway => &messages.bad_gateway,
            Self::GatewayTimeout => &messages.gateway_timeout,
            Self::NotRecorded => &messages.not_recorded,
            Self::RefusalInForce => &messages.refusal_in_force,
            Self::NotYetProved => &messages.not_yet_proved,
            Self::LogUnread => &messages.log_unread,
            Self::NotErased => &messages.not_erased,
        }
    }

    /// Whether there is a page to go back to: when the site itself does not answer, going back there leads nowhere.
    pub(super) const fn has_way_back(self) -> bool {
        !matches!(self, Self::TooManyRequests | Self::BadGateway | Self::GatewayTimeout | Self::Misdirected)
    }

    /// The page of ours that helps, and what its link says.
    pub(super) fn way_on(self, texts: &Texts) -> Option<(&'static str, &str)> {
        match self {
            Self::ForeignChoice | Self::TooManyChoices | Self::NotRecorded | Self::RefusalInForce => {
                Some(("settings", &texts.message.to_settings))
            }
            Self::ForeignErasure | Self::NotErased => Some(("receipt", &texts.message.to_receipt)),
            _ => None,
        }
    }
}

/// A page for when no site is known. `prefix` is where our files live, if they live anywhere; without it the page has no style.
pub fn error_page(language: Language, message: Message, prefix: Option<&str>, reference: Option<&str>) -> String {
    let style_path = prefix.map(|prefix| format!("{prefix}{}", assets::PAGES_STYLE.name));
    message_page(language, message, Place { style_path: style_path.as_deref(), ..Place::default() }, reference)
}

/// What a message page knows of the site.
#[derive(Default)]
pub(super) struct Place<'a> {
    pub(super) host: &'a str,
    pub(super) style_path: Option<&'a str>,
    pub(super) back: Option<&'a str>,
    /// Address and words of a link to the page of ours that helps.
    pub(super) way_on: Option<(String, &'a str)>,
}

pub(super) fn message_page(language: Language, message: Message, place: Place<'_>, reference: Option<&str>) -> String {
    let texts = Texts::of(language);
    let MessageTexts { title, text } = message.texts(texts);
    let reference = reference.map(|name| phrases::fill(&texts.message.reference, &[("reference", name)]));
    render(&MessageTemplate {
        frame: Frame {
            language,
            texts,
            title,
            host: place.host,
            style_path: place.style_path,
            back: place.back,
            languages: Vec::new(),
        },
        text,
        reference,
        way_on: place.way_on,
    })
}

#[derive(Template)]
#[template(path = "message.html", config = "banner/askama.toml")]
struct MessageTemplate<'a> {
    frame: Frame<'a>,
    text: &'a str,
    reference: Option<String>,
    way_on: Option<(String, &'a str)>,
}
