//! What browsers post to our own pages: who posts it, of which type it is, and its body, bounded in length and time.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};

use super::{AnswerBody, Shared, own_pages::message, request::proven_record, site::Site, visit::Visit};
use crate::{
    consent::Record,
    pages::{LONGEST_CHOICE, Message, ReturnPath},
    timestamp::Timestamp,
    visitor::FetchSite,
};

/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than it may be.
    TooLarge,
    /// It broke off, or took too long.
    Broken,
}

/// Why nothing was done with what was posted.
#[derive(Debug)]
pub(super) struct Rejected {
    /// The word of the counter.
    pub(super) reason: &'static str,
    /// What the sender reads.
    pub(super) message: Message,
    /// The page to go back to.
    pub(super) to: ReturnPath,
}

impl Rejected {
    /// Before it is known which page the sender came from.
    pub(super) fn new(reason: &'static str, message: Message) -> Self {
        Self { reason, message, to: ReturnPath::default() }
    }

    /// Counts it and says so.
    pub(super) fn answer(&self, shared: &Shared, site: &Site, visit: &Visit, now: Timestamp) -> Response<AnswerBody> {
        shared.metrics.choice_rejected(self.reason);
        message(site, visit, now, self.message, &self.to)
    }
}

/// Who may post a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// A page of the site.
    Page,
    /// A person on a page of the site, by a click.
    Person,
}

/// A form of one of our pages.
pub(super) struct Form {
    /// The record that came with it.
    pub(super) record: Option<Record>,
    /// Its fields, as they were sent.
    pub(super) body: Bytes,
}

/// Reads a form that a browser posts from a page of the site, within the limit of what one client may post.
pub(super) async fn form(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    request: Request<Incoming>,
    sender: Sender,
    now: Timestamp,
) -> Result<Form, Rejected> {
    if !is_from_this_site(visit, request.headers()) {
        return Err(Rejected::new("foreign", Message::ForeignChoice));
    }
    if sender == Sender::Person && !visit.fetch.is_by_person(visit.agent()) {
        return Err(Rejected::new("not_activated", Message::ForeignChoice));
    }
    if !shared.choices.allows(visit.client.address, now) {
        return Err(Rejected::new("too_many", Message::TooManyChoices));
    }
    if media_type(request.headers()).as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(Rejected::new("unknown_type", Message::BadRequest));
    }
    let record = proven_record(shared, site, visit, &request);
    let body = read(request, LONGEST_CHOICE).await;
    let body = body.map_err(|_| Rejected::new("unreadable", Message::BadRequest))?;
    Ok(Form { record, body })
}

/// The body of a request, of at most this many bytes.
pub(super) async fn read(request: Request<Incoming>, most: usize) -> Result<Bytes, Unread> {
    let body = Limited::new(request.into_body(), most).collect();
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Unread::Broken),
    }
}

/// The media type of a body without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

/// Same origin by the fetch headers; where a browser has none, by `Origin`, or else `Referer`. Who sends neither is not a browser that shows our form.
pub(super) fn is_from_this_site(visit: &Visit, headers: &HeaderMap) -> bool {
    match visit.fetch.site {
        FetchSite::SameOrigin => true,
        FetchSite::SameSite | FetchSite::CrossSite | FetchSite::None => false,
        FetchSite::Absent => {
            let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            let ours = visit.origin();
            match (text(header::ORIGIN), text(header::REFERER)) {
                (Some(origin), _) => origin.eq_ignore_ascii_case(&ours),
                (None, Some(referer)) => {
                    let rest = referer.get(..ours.len()).filter(|start| start.eq_ignore_ascii_case(&ours));
                    rest.is_some() && referer[ours.len()..].starts_with('/')
                }
                (None, None) => false,
            }
        }
    }
}
