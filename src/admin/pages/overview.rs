//! What the log is: its size, its newest checkpoint and who has signed it, its key, its witnesses; and for the operator what waits.

use askama::Template;

use super::{Frame, rendered, witnesses::Shown};
use crate::{
    admin::{Administration, accounts::Role, sign_in::SignedIn},
    store::StoreError,
};

#[derive(Template)]
#[template(path = "overview.html", config = "src/admin/askama.toml")]
struct OverviewPage {
    frame: Frame,
    log: String,
    key: String,
    leaves: u64,
    checkpoint: Option<Checkpoint>,
    /// Those that are configured.
    witnesses: Vec<Shown>,
    waiting: Option<Waiting>,
}

struct Checkpoint {
    origin: String,
    size: u64,
    root: String,
    witnesses: Vec<String>,
}

/// What the disk has not taken.
struct Waiting {
    refusals: usize,
    lost: u64,
    is_failing: bool,
}

pub(super) fn page(frame: Frame, account: &SignedIn, admin: &Administration) -> Result<String, StoreError> {
    let store = admin.gateway.store();
    let leaves = store.reader()?.size()?;
    let key = store.key();
    let newest = store.checkpoints().borrow().clone();
    let checkpoint = newest.map(|signed| Checkpoint {
        origin: signed.checkpoint().origin.to_string(),
        size: signed.checkpoint().size,
        root: signed.checkpoint().root.to_string(),
        witnesses: signed
            .note()
            .signatures()
            .iter()
            .map(|line| line.name().to_owned())
            .filter(|name| name != key.name())
            .collect(),
    });
    let size = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let now = admin.gateway.now();
    let states = admin.settings().witness_states.all().into_iter();
    let witnesses = states.map(|state| Shown::of(frame.words, state, size, now)).collect();
    let waiting = (account.role == Role::Operator).then(|| Waiting {
        refusals: store.waiting(),
        lost: store.lost(),
        is_failing: store.is_failing(),
    });
    let (log, key) = (store.log().to_string(), key.to_string());
    Ok(rendered(&OverviewPage { frame, log, key, leaves, checkpoint, witnesses, waiting }))
}
