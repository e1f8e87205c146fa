//! The witnesses of the log as the overview tells of them: what each signed, how far it is behind, and why.

use super::{Words, moment};
use crate::{
    admin::{WitnessFailure, WitnessState},
    timestamp::Timestamp,
};

/// One witness in words.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) signed: Option<(u64, String)>,
    /// How many leaves of the newest checkpoint it has not signed, and for how long one waits; nothing where it has signed them all.
    pub(super) behind: Option<(u64, String)>,
    pub(super) failure: Option<Failed>,
}

/// Why it did not sign.
pub(super) struct Failed {
    pub(super) time: String,
    pub(super) words: &'static str,
    pub(super) is_contradiction: bool,
}

impl Shown {
    /// `size` is that of the newest checkpoint.
    pub(super) fn of(words: Words, state: WitnessState, size: u64, now: Timestamp) -> Self {
        let leaves = size.saturating_sub(state.signed.map_or(0, |(signed, _)| signed));
        let waited = |since: Timestamp| now.milliseconds().saturating_sub(since.milliseconds()).max(0) / 1000;
        Self {
            name: state.name,
            signed: state.signed.map(|(size, time)| (size, moment(time))),
            behind: (leaves > 0).then(|| (leaves, duration(words, state.since.map_or(0, waited)))),
            failure: state.failure.map(|failure| Failed {
                time: moment(failure.time),
                words: reason(words, failure),
                is_contradiction: failure.is_contradiction(),
            }),
        }
    }
}

fn reason(words: Words, failure: WitnessFailure) -> &'static str {
    let (russian, english) = match failure.reason {
        "unreachable" => ("с ним нет связи", "it can't be reached"),
        "timeout" => ("он не отвечает вовремя", "it does not answer in time"),
        "conflict" => {
            ("он отказывает: у него подписано другое число листьев", "it refuses: it has signed another size")
        }
        "behind" => (
            "он отказывает: у него подписано больше листьев, чем есть в журнале",
            "it refuses: it has signed more leaves than the log has",
        ),
        "inconsistent" => (
            "он отказывает: журнал не продолжает того, что он подписал раньше",
            "it refuses: the log does not go on from what it signed before",
        ),
        "unknown_log" => (
            "он не знает этого журнала: его владелец должен добавить открытый ключ журнала",
            "it does not know this log: its operator adds the log's public key",
        ),
        "other_key" => (
            "у него другой ключ этого журнала: его владелец должен сверить ключ",
            "it has another key of this log: its operator compares the key",
        ),
        "forged" => ("в его ответе нет подписи его ключа", "its answer holds no signature of its key"),
        "log" => ("журнал не удалось прочитать", "the log can't be read"),
        _ => ("его ответ непонятен", "its answer means nothing"),
    };
    words.of_both(russian, english)
}

/// Seconds as people say them: none needs more than one unit here.
fn duration(words: Words, seconds: i64) -> String {
    let (count, russian, english) = match seconds {
        0..120 => (seconds, "с", "s"),
        120..7200 => (seconds / 60, "мин", "min"),
        7200..172_800 => (seconds / 3600, "ч", "h"),
        _ => (seconds / 86_400, "дн.", "days"),
    };
    format!("{count} {}", words.of_both(russian, english))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visitor::Language;

    #[test]
    fn a_witness_is_behind_by_the_leaves_that_it_has_not_signed_and_by_the_time_that_one_waits() {
        let at = Timestamp::from_seconds;
        let shown = |signed, since| {
            let state = WitnessState { name: "w".to_owned(), signed, since, failure: None };
            Shown::of(Words(Language::En), state, 30, at(1000)).behind
        };
        assert_eq!(shown(Some((30, at(900))), None), None);
        assert_eq!(shown(Some((18, at(900))), Some(at(970))), Some((12, "30 s".to_owned())));
        assert_eq!(shown(None, Some(at(400))), Some((30, "10 min".to_owned())));
        assert_eq!(duration(Words(Language::Ru), 200_000), "2 дн.");
    }
}
