//! What persons have asked for, and until when it is to be done.

use askama::Template;

use super::{Frame, deadline, rendered};
use crate::{
    admin::{Administration, PersonRequest, PersonRequests, RequestKind, date_in_kazakhstan},
    store::StoreError,
};

/// How many of those that are done are shown.
const MOST_DONE: usize = 20;

#[derive(Template)]
#[template(path = "persons.html", config = "src/admin/askama.toml")]
struct PersonsPage {
    frame: Frame,
    today: String,
    pending: Vec<Shown>,
    done: Vec<Shown>,
    most_done: usize,
    erasure: String,
    breach: String,
    answer: Option<String>,
}

struct Shown {
    number: String,
    kind: &'static str,
    received: String,
    due: Option<String>,
    is_overdue: bool,
    is_today: bool,
    done: String,
}

pub(super) fn page(frame: Frame, admin: &Administration) -> Result<String, StoreError> {
    let deadlines = admin.settings().deadlines;
    let requests = PersonRequests::read(admin.gateway.store().state_dir())?;
    let today = date_in_kazakhstan(admin.settings().clock.now());
    let shown = |request: &PersonRequest| {
        let due = request.due(&deadlines);
        Shown {
            number: request.number.clone(),
            kind: match request.kind {
                RequestKind::Access => frame.say("узнать, что хранится", "know what is kept"),
                RequestKind::Erase => frame.say("удалить", "erase"),
                RequestKind::Correct => frame.say("исправить", "correct"),
            },
            received: request.received.to_string(),
            due: due.map(|due| due.to_string()),
            is_overdue: due.is_some_and(|due| due < today),
            is_today: due == Some(today),
            done: request.done.map(|done| done.to_string()).unwrap_or_default(),
        }
    };
    let pending = requests.pending(&deadlines).into_iter().map(shown).collect();
    let done = requests.done(MOST_DONE).into_iter().map(shown).collect();
    let words = frame.words;
    let (erasure, breach) = (deadline(words, deadlines.erasure), deadline(words, deadlines.breach));
    let answer = deadlines.answer.map(|answer| deadline(words, answer));
    Ok(rendered(&PersonsPage {
        today: today.to_string(),
        pending,
        done,
        most_done: MOST_DONE,
        erasure,
        breach,
        answer,
        frame,
    }))
}
