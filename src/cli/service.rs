//! What the log says of the gateway itself: by which configuration it works, when it started, when it stopped.

use crate::{
    ledger::{Entry, ServiceState},
    store::{AppendError, Store, StoreError},
    timestamp::Timestamp,
};

/// The version that stands in leaves.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why the log does not say by which configuration the gateway would work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("can't write in the consent log that the configuration changed: {0}")]
    Append(#[from] AppendError),
}

/// Writes the configuration, unless it is the one that the log named last.
pub(super) fn configured(
    store: &Store,
    fingerprint: [u8; 32],
    summary: Box<str>,
    time: Timestamp,
) -> Result<(), ConfigurationError> {
    let entry = Entry::Configuration { fingerprint, summary, time };
    let newest = store.reader()?.newest_leaf(entry.kind())?;
    let word = |data: &[u8]| field(data, "fingerprint");
    if newest.is_none_or(|(_, data)| word(&data) != word(&entry.leaf_data())) {
        store.note_waiting(entry)?;
    }
    Ok(())
}

/// Writes that the listeners accept. A log that can't be written keeps nobody from serving without consent.
pub(super) fn started(store: &Store, time: Timestamp) {
    let entry = service(ServiceState::Started, time);
    let newest = store.reader().and_then(|reader| reader.newest_leaf(entry.kind()));
    match newest {
        Ok(Some((index, data))) if is_open(&data) => {
            tracing::info!(
                last_start = index.0,
                "this is a start after a crash: the log has no stop of the gateway before"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "the log can't be asked how the gateway ended before"),
    }
    if let Err(error) = store.note_waiting(entry) {
        tracing::error!(%error, "the log does not say that the gateway started");
    }
}

/// Writes that the gateway was asked to stop and has. The last leaf before the log is closed.
pub(super) fn stopped(store: &Store, time: Timestamp) {
    if let Err(error) = store.note_waiting(service(ServiceState::Stopped, time)) {
        tracing::error!(%error, "the log does not say that the gateway stopped");
    }
}

fn service(state: ServiceState, time: Timestamp) -> Entry {
    Entry::Service { state, version: VERSION.into(), time }
}

/// Whether the newest leaf of the service is a start.
fn is_open(data: &[u8]) -> bool {
    field(data, "state").as_deref() == Some(ServiceState::Started.name())
}

/// A field of text in a leaf: the tag line ends with the first line break, and JSON follows.
fn field(data: &[u8], name: &str) -> Option<String> {
    let content = &data[data.iter().position(|byte| *byte == b'\n')? + 1..];
    let content: serde_json::Value = serde_json::from_slice(content).ok()?;
    content.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_without_a_stop_is_open() {
        let data = |state| service(state, Timestamp::default()).leaf_data();
        assert!(is_open(&data(ServiceState::Started)) && !is_open(&data(ServiceState::Stopped)));
        assert!(!is_open(b"") && !is_open(b"kelisim-service-leaf/v1\n{}"));
    }
}
