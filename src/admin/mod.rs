//! For the operator and auditors: metrics and health on a listener of its own; pages behind a sign-in there, and over TLS under a host of
//! their own where one is configured.
//!
//! A page reads; what is taken out of the log is noted in the log first. Links to the statistics are made and ended here; nothing else takes
//! effect from here. Accounts and the requests of persons are changed on the command line.

mod access_words;
mod accounts;
mod answer;
mod body;
mod dashboard;
mod deadline;
mod exporting;
mod guesses;
mod health;
mod leaves;
mod letter;
mod pages;
mod password;
mod requests;
mod sessions;
mod sign_in;
mod spool;
mod statistics_settings;
mod turns;
mod waiting_lines;
mod way;
mod witnesses;

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

pub use access_words::{by_in_words, form_in_words, is_of_one_person, what_in_words};
pub use accounts::{Account, AccountError, Accounts, Role, add_account, remove_account};
pub use answer::Answer;
pub use body::Body;
pub use dashboard::{Answered, Defined, Metric, defined_table};
pub use deadline::{Deadline, Deadlines, date_in_kazakhstan};
pub use health::Https;
pub use leaves::AccessSeen;
pub use letter::{LetterMaterial, letter};
pub use requests::{PersonRequest, PersonRequests, RequestError, RequestKind, add_request, end_request};
pub use statistics_settings::StatisticsSettings;
pub use waiting_lines::{WaitingError, forget_lines, waiting_lines};
pub use witnesses::{WitnessFailure, WitnessState, Witnesses};

use self::{guesses::Guesses, sessions::Sessions, turns::Turns, way::Way};
use crate::{clock::Clock, gateway, ledger::VerifierKey, sockets::WriteLimit, timestamp::Term, visitor::ClientAddress};

/// Connections at once: a monitor and a person or two.
const MOST_CONNECTIONS: usize = 64;
/// From accepting a connection to its first head, and between requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a reader may take nothing of what is written: an export that nobody takes ends, and with it its turn.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Passwords that wait to be compared: each takes some tenths of a second.
const MOST_WAITING: usize = 8;
/// How long accepting pauses when the system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the pages show besides the log.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The time.
    pub clock: Clock,
    /// Until when something is to be done.
    pub deadlines: Deadlines,
    /// How long choices are kept after they expire …
    pub consent_records: Term,
    /// … and frames that were opened once.
    pub frame_records: Term,
    /// The keys of the log's witnesses.
    pub witnesses: Vec<VerifierKey>,
    /// How they stand.
    pub witness_states: Witnesses,
    /// Where the statistics are, and how they are shown.
    pub statistics: StatisticsSettings,
    /// Whether every core of the server answers.
    pub alive: watch::Receiver<bool>,
    /// The file of the configuration, for the commands that the pages name.
    pub configuration: Option<PathBuf>,
}

/// What every request needs, by whichever way it comes.
pub struct Administration {
    gateway: Arc<gateway::Current>,
    settings: ArcSwap<Settings>,
    sessions: Sessions,
    /// On the listener …
    guesses: Guesses,
    /// … and over TLS.
    public_guesses: Guesses,
    waiting: [Arc<Semaphore>; 2],
    /// One password is hashed at a time: each takes 64 MiB.
    hashing: Arc<Semaphore>,
    /// Who is taking an export just now.
    exporting: Arc<Turns>,
    /// Reports are read by few at a time: each looks through the tables of all its days.
    reporting: Arc<Semaphore>,
    is_leaving: AtomicBool,
    /// Says whether visitors can be served over TLS, once the server listens.
    https: OnceLock<Box<dyn Fn() -> Https + Send + Sync>>,
}

impl Administration {
    /// Nobody is signed in yet.
    pub fn new(gateway: Arc<gateway::Current>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            gateway,
            settings: ArcSwap::from_pointee(settings),
            sessions: Sessions::default(),
            guesses: Guesses::new(guesses::LOCAL),
            public_guesses: Guesses::new(guesses::PUBLIC),
            waiting: std::array::from_fn(|_| Arc::new(Semaphore::new(MOST_WAITING))),
            hashing: Arc::new(Semaphore::new(1)),
            exporting: Arc::default(),
            reporting: Arc::new(Semaphore::new(dashboard::REPORTS_AT_ONCE)),
            is_leaving: AtomicBool::new(false),
            https: OnceLock::new(),
        })
    }

    /// What the pages show, from now on. Who is signed in stays so.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = Settings::clone(&self.settings.load());
        change(&mut settings);
        self.settings.store(Arc::new(settings));
    }

    /// From now on this is asked whether visitors can be served over TLS.
    pub fn asks_of_https(&self, ask: impl Fn() -> Https + Send + Sync + 'static) {
        // The server starts once.
        _ = self.https.set(Box::new(ask));
    }

    /// From now on the gateway is not ready for visitors.
    pub fn leave(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Answers a request to the host of the administration. The caller has seen that it came over TLS to that host alone.
    pub async fn answer_over_tls(self: &Arc<Self>, request: Request<Incoming>, client: ClientAddress) -> Answer {
        let way = Way::tls(&request, client);
        answer::answer_over_tls(request, &way, self).await
    }

    /// Forgets who tried passwords, when that counts no more. To be called every minute or so.
    pub fn forget_clients(&self) {
        self.public_guesses.forget_before(self.settings().clock.now());
    }
}

/// Answers on the listener until it is dropped.
pub async fn serve(listener: TcpListener, administration: Arc<Administration>) {
    let permits = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let administration = administration.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let administration = administration.clone();
                async move { Ok::<_, Infallible>(answer::answer(request, &Way::plain(peer), &administration).await) }
            });
            // A monitor that goes away is of no interest.
            _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(WriteLimit::new(stream, WRITE_TIMEOUT)), service)
                .await;
            drop(permit);
        });
    }
}
