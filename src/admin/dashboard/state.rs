//! What the gateway itself does just now: what it refused, how the log stands, whether the site answers.

use super::number::{say, whole};
use crate::{admin::Administration, ledger::Enforced, store::StoreError, timestamp::Timestamp, visitor::Language};

/// The state of everything that is not statistics.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Since when refusals are counted, in UTC.
    pub(super) since: String,
    pub(super) enforced: Vec<EnforcedRow>,
    pub(super) leaves: String,
    /// Leaves that the newest checkpoint covers.
    pub(super) checkpoint: Option<String>,
    /// Witnesses that have signed it, of all.
    pub(super) witnesses: Option<(usize, usize)>,
    /// Refusals that wait for the disk, and those that found no place.
    pub(super) waiting: String,
    pub(super) lost: Option<String>,
    pub(super) is_failing: bool,
    /// How often the site did not answer since the start, by reason.
    pub(super) failures: Vec<(&'static str, String)>,
}

/// What was refused and what passed of one kind.
#[derive(Clone, Debug)]
pub(super) struct EnforcedRow {
    pub(super) what: &'static str,
    pub(super) refused: String,
    pub(super) passed: String,
}

/// Reads it. Waits for the disk.
pub(super) fn state(language: Language, name: &str, admin: &Administration) -> Result<State, StoreError> {
    let store = admin.gateway.store();
    let counts =
        admin.gateway.site_number(name).map(|number| admin.gateway.enforcement().read(number)).unwrap_or_default();
    let enforced = Enforced::ALL.into_iter().map(|what| {
        let of = |number: fn(&crate::ledger::EnforcementCount) -> u64| {
            counts.iter().filter(|count| count.what == what).map(number).fold(0, u64::saturating_add)
        };
        EnforcedRow {
            what: kind(language, what),
            refused: count(language, of(|count| count.refused)),
            passed: count(language, of(|count| count.passed)),
        }
    });
    let newest = store.checkpoints().borrow().clone();
    let signed = newest.as_ref().map_or(0, |signed| {
        let own = store.key().name().to_owned();
        signed.note().signatures().iter().filter(|line| line.name() != own).count()
    });
    let configured = admin.settings().witness_states.all().len();
    let failures = admin.gateway.metrics().upstream_failures(name).into_iter();
    Ok(State {
        since: minute(admin.gateway.enforcement().since()),
        enforced: enforced.collect(),
        leaves: count(language, store.reader()?.size()?),
        checkpoint: newest.map(|signed| count(language, signed.checkpoint().size)),
        witnesses: (configured > 0).then_some((signed, configured)),
        waiting: count(language, u64::try_from(store.waiting()).unwrap_or(u64::MAX)),
        lost: Some(store.lost()).filter(|lost| *lost > 0).map(|lost| count(language, lost)),
        is_failing: store.is_failing(),
        failures: failures.map(|(reason, number)| (failure(language, &reason), count(language, number))).collect(),
    })
}

fn count(language: Language, number: u64) -> String {
    whole(language, i64::try_from(number).unwrap_or(i64::MAX))
}

/// A moment to the minute, in UTC.
fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {}", &text[..10], &text[11..16])
}

fn kind(language: Language, what: Enforced) -> &'static str {
    say(
        language,
        match what {
            Enforced::SetCookie => ["cookie, которые ставил сайт", "сайт орнатқан cookie", "cookies that the site set"],
            Enforced::CookiePair => {
                ["cookie, которые слал браузер", "браузер жіберген cookie", "cookies that the browser sent"]
            }
            Enforced::Load => ["загрузки с других узлов", "басқа тораптардан жүктеулер", "loads from other hosts"],
            Enforced::Frame => ["чужие фреймы", "бөгде фреймдер", "frames of others"],
        },
    )
}

/// Why the site did not answer, by the words of the metrics.
fn failure(language: Language, reason: &str) -> &'static str {
    say(
        language,
        match reason {
            "connect" => ["соединение не принято", "қосылым қабылданбады", "the connection was not taken"],
            "tls" => ["TLS не установлен", "TLS орнатылмады", "TLS was not agreed on"],
            "connect_timeout" => ["соединения не дождались", "қосылым күткенше болмады", "no connection in time"],
            "answer_timeout" => ["ответа не дождались", "жауап уақытында келмеді", "no answer in time"],
            "broken" => ["ответ оборвался", "жауап үзіліп қалды", "the answer broke off"],
            "protocol" => ["ответ нельзя понять", "жауапты түсіну мүмкін емес", "the answer can't be understood"],
            "request_body" => ["запрос оборвался", "сұрау үзіліп қалды", "the request broke off"],
            _ => ["другое", "басқа", "other"],
        },
    )
}
