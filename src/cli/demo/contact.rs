//! The contact form: a session, a token against forged posts, and the message shown once it was sent. Nothing is mailed or stored on disk.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::hmac;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use super::{
    body,
    body::Body,
    html::{Visitor, escape, hexadecimal},
};

/// Largest form, in bytes.
const FORM: usize = 16 * 1024;

/// Longest field that is kept, in characters.
const FIELD: usize = 2_000;

/// Messages kept, the oldest goes first.
const MESSAGES: usize = 64;

/// What was sent in one session.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    session: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) matter: String,
    pub(super) text: String,
}

impl Message {
    /// The values for the page that shows the message.
    pub(super) fn escaped(&self) -> [(&'static str, String); 4] {
        [("name", &self.name), ("email", &self.email), ("matter", &self.matter), ("text", &self.text)]
            .map(|(name, value)| (name, escape(value)))
    }
}

/// The form's memory.
#[derive(Debug)]
pub(super) struct Contact {
    key: hmac::Key,
    messages: Mutex<VecDeque<Message>>,
}

impl Contact {
    pub(super) fn new() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &aws_lc_rs::rand::SystemRandom::new());
        Self { key: key.expect("the system has a random source"), messages: Mutex::default() }
    }

    /// The token that a form of this session must carry.
    pub(super) fn token(&self, session: &str) -> String {
        hexadecimal(&hmac::sign(&self.key, session.as_bytes()).as_ref()[..16])
    }

    /// The last message of this session.
    pub(super) fn sent(&self, session: &str) -> Option<Message> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().rev().find(|message| message.session == session).cloned()
    }

    /// Takes a form: 303 to the page that shows it, 403 where the token is not this session's, 413 where it is too large.
    pub(super) async fn take(&self, visitor: &Visitor, body: Incoming) -> Response<Body> {
        let plain = |status, text: &'static str| {
            let mut response = Response::new(body::whole(text));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            response
        };
        let Ok(form) = Limited::new(body, FORM).collect().await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "The form is too large.\n");
        };
        let mut message = Message { session: visitor.session.clone(), ..Message::default() };
        let mut token = String::new();
        for (name, value) in fields(&form.to_bytes()) {
            match name.as_str() {
                "name" => message.name = value,
                "email" => message.email = value,
                "matter" => message.matter = value,
                "text" => message.text = value,
                "token" => token = value,
                _ => {}
            }
        }
        if token != self.token(&visitor.session) {
            return plain(
                StatusCode::FORBIDDEN,
                "This form belongs to another session. Open the page again and send it anew.\n",
            );
        }
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.retain(|kept| kept.session != message.session);
        if messages.len() >= MESSAGES {
            messages.pop_front();
        }
        messages.push_back(message);
        let mut response = plain(StatusCode::SEE_OTHER, "");
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/contact/sent"));
        response
    }
}

/// Names and values of a query or of an `application/x-www-form-urlencoded` body (WHATWG URL, 5.1).
pub(super) fn fields(form: &[u8]) -> impl Iterator<Item = (String, String)> {
    form.split(|byte| *byte == b'&').map(|field| {
        let mut parts = field.splitn(2, |byte| *byte == b'=');
        let mut decoded = || {
            let spaced: Vec<u8> =
                parts.next().unwrap_or_default().iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            let bytes: Vec<u8> = percent_encoding::percent_decode(&spaced).collect();
            String::from_utf8_lossy(&bytes).chars().take(FIELD).collect::<String>()
        };
        (decoded(), decoded())
    })
}

/// The value of a field of the request's query.
pub(super) fn query(request: &Request<Incoming>, name: &str) -> Option<String> {
    fields(request.uri().query()?.as_bytes()).find(|(other, _)| other == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        let read: Vec<_> = fields("name=%D0%90%D0%BB%D0%B8%D1%8F+%D0%A3.&empty=&bare&a=b=c".as_bytes()).collect();
        let expected = [("name", "Алия У."), ("empty", ""), ("bare", ""), ("a", "b=c")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_token_belongs_to_one_session_of_one_start() {
        let contact = Contact::new();
        assert_eq!(contact.token("a"), contact.token("a"));
        assert_ne!(contact.token("a"), contact.token("b"));
        assert_ne!(contact.token("a"), Contact::new().token("a"));
    }
}
