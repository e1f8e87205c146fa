//! Keeps a certificate for every name: looks at what is due, asks for it, keeps what comes and serves it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Mutex;

use super::{
    Challenge, Failure, Reason, Served, Settings, authority::Authority, certificate::Issued, http::Http, plan,
    plan::Plan, storage::Storage,
};
use crate::{
    clock::{self, Clock},
    timestamp::Timestamp,
};

/// How long an attempt may take in all. An authority has limits of its own below that.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(5 * 60);

/// What happened to a name. What is told of it, and counted, is the business of whoever asked for it.
#[derive(Debug)]
pub enum Event<'a> {
    /// What was kept is in use.
    Kept {
        /// The name.
        name: &'a str,
        /// Its last moment.
        until: Timestamp,
    },
    /// There is none yet: handshakes for the name are refused.
    Missing {
        /// The name.
        name: &'a str,
    },
    /// What is kept can't be used, and is left where it is until a new one comes.
    Damaged {
        /// The name.
        name: &'a str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// A new one is in use.
    Issued {
        /// The name.
        name: &'a str,
        /// How the name was proved.
        challenge: Challenge,
        /// Its last moment.
        until: Timestamp,
    },
    /// None came.
    Failed {
        /// The name.
        name: &'a str,
        /// How the name was to be proved.
        challenge: Challenge,
        /// Why.
        failure: &'a Failure,
        /// When it is tried again.
        again: Timestamp,
    },
}

/// What is told of each event.
type Tell = Box<dyn Fn(Event<'_>) + Send + Sync>;

/// The certificates of all names.
pub struct Renewal {
    authority: Authority,
    storage: Storage,
    challenges: Vec<Challenge>,
    served: Arc<Served>,
    clock: Clock,
    tell: Tell,
    state: Mutex<State>,
}

struct State {
    names: Vec<Name>,
    /// Until when no name is tried, since the last that was failed for a reason that is theirs too.
    paused: Timestamp,
}

struct Name {
    name: String,
    plan: Plan,
    issued: Option<Issued>,
    /// What was issued and could not be written yet.
    unwritten: Option<String>,
}

impl Renewal {
    /// Takes what is kept into use, for these names alone. Nobody is asked.
    ///
    /// # Errors
    ///
    /// When the folder can't be made or read.
    pub fn open(
        settings: Settings,
        state_dir: &Path,
        clock: Clock,
        served: Arc<Served>,
        tell: impl Fn(Event<'_>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let storage = Storage::open(state_dir, &settings.directory)?;
        served.keep_only(&settings.names);
        let names = settings.names.iter().map(|name| Name::open(name, &storage, &served, &tell));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        let http = Http::new(settings.directory_ca.clone(), clock.clone());
        let challenges = settings.challenges.clone();
        let authority = Authority::new(settings, http, storage.clone());
        let state = Mutex::new(State { names, paused: Timestamp::default() });
        Ok(Self { authority, storage, challenges, served, clock, tell: Box::new(tell), state })
    }

    /// Does what is due, one name after the other. Two looks at once wait for each other.
    pub async fn look(&self) {
        let mut state = self.state.lock().await;
        let State { names, paused } = &mut *state;
        for name in names {
            self.write_late(name);
            self.ask_when(name).await;
            if self.clock.now() >= name.due().max(*paused) {
                *paused = self.attempt(name).await;
            }
        }
    }

    /// Asks the authority when it would like a certificate to be renewed. Where it does not say, two thirds of its life decide.
    async fn ask_when(&self, name: &mut Name) {
        let now = self.clock.now();
        let Some(id) = name.issued.as_ref().and_then(|issued| issued.id.as_ref()) else { return };
        if !name.plan.is_look_due(now) {
            return;
        }
        let asked = tokio::time::timeout(LONGEST_ATTEMPT, self.authority.window(id)).await;
        let window = asked.ok().and_then(|asked| {
            // Nobody needs to do anything about it, so it is no failure.
            asked.inspect_err(|failure| tracing::debug!(name = name.name, %failure, "no window for a renewal")).ok()
        });
        name.plan.take_window(window.flatten(), now, u64::from_le_bytes(clock::random()));
        if let Err(error) = self.storage.keep_plan(&name.name, &name.plan) {
            tracing::warn!(%error, "what an authority said can't be kept; it is asked again after the next start");
        }
    }

    /// Tries to get a certificate; the answer is until when other names wait.
    async fn attempt(&self, name: &mut Name) -> Timestamp {
        let now = self.clock.now();
        let challenge = name.plan.challenge(&self.challenges);
        name.plan.trying(now, u64::from_le_bytes(clock::random()));
        let outcome = match self.storage.keep_plan(&name.name, &name.plan) {
            Ok(()) => self.obtain(name, challenge).await,
            // What can't be counted is not asked: every start would ask again.
            Err(error) => Err(Failure::new(Reason::State, error.to_string())),
        };
        match outcome {
            Ok((issued, pem)) => {
                self.served.put(&name.name, issued.key.clone());
                name.plan = Plan::succeeded(challenge);
                (self.tell)(Event::Issued { name: &name.name, challenge, until: issued.facts.not_after });
                name.issued = Some(issued);
                name.unwritten = Some(pem);
                self.write_late(name);
                Timestamp::default()
            }
            Err(failure) => {
                name.plan.failed(failure.until, !failure.reason.is_of_all_names());
                // That it could not be kept was told, if so, by the attempt itself.
                _ = self.storage.keep_plan(&name.name, &name.plan);
                let again = name.due();
                (self.tell)(Event::Failed { name: &name.name, challenge, failure: &failure, again });
                if failure.reason.is_of_all_names() { now.plus(plan::common_pause()) } else { Timestamp::default() }
            }
        }
    }

    async fn obtain(&self, name: &Name, challenge: Challenge) -> Result<(Issued, String), Failure> {
        let replaces = name.issued.as_ref().and_then(|issued| issued.id.as_ref());
        let obtaining = self.authority.obtain(&name.name, challenge, replaces, &self.served);
        let obtained = tokio::time::timeout(LONGEST_ATTEMPT, obtaining).await;
        let late = |_| Failure::new(Reason::Authority, "it did not come to an end in time");
        let pem = obtained.map_err(late)??;
        let unusable = |what: String| Failure::new(Reason::Unusable, format!("it issued {what}"));
        let issued = Issued::read(&pem, &name.name).map_err(unusable)?;
        let end = issued.facts.not_after;
        if end <= self.clock.now() {
            return Err(unusable(format!("a certificate that ended on {}", end.date())));
        }
        Ok((issued, pem))
    }

    /// Writes what was issued, where that is still to be done.
    fn write_late(&self, name: &mut Name) {
        let Some(pem) = name.unwritten.take() else { return };
        let written = self.storage.keep_certificate(&name.name, &pem);
        let written = written.and_then(|()| self.storage.keep_plan(&name.name, &name.plan));
        if let Err(error) = written {
            tracing::error!(name = name.name, %error, "a certificate was issued, is in use and can't be kept; it is tried again every minute");
            name.unwritten = Some(pem);
        }
    }
}

impl Name {
    fn open(name: &str, storage: &Storage, served: &Served, tell: &impl Fn(Event<'_>)) -> io::Result<Self> {
        let issued = match storage.certificate(name)?.map(|pem| Issued::read(&pem, name)) {
            Some(Ok(issued)) => {
                served.put(name, issued.key.clone());
                tell(Event::Kept { name, until: issued.facts.not_after });
                Some(issued)
            }
            Some(Err(fault)) => {
                tell(Event::Damaged { name, file: storage.certificate_path(name), fault });
                None
            }
            None => {
                tell(Event::Missing { name });
                None
            }
        };
        let plan = storage.plan(name)?.begun_again();
        Ok(Self { name: name.to_owned(), plan, issued, unwritten: None })
    }

    fn due(&self) -> Timestamp {
        self.plan.due(self.issued.as_ref().map(|issued| &issued.facts))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        sync::{Mutex as StdMutex, PoisonError},
    };

    use super::*;
    use crate::acme::certificate::tests::pem;

    /// A renewal whose authority nobody reaches, and what it tells.
    struct Alone {
        state_dir: tempfile::TempDir,
        settings: Settings,
        clock: Clock,
        served: Arc<Served>,
        told: Arc<StdMutex<Vec<String>>>,
    }

    impl Alone {
        fn new(names: &[&str]) -> Self {
            // Port 0 is none: a connection to it fails at once.
            let settings = Settings {
                directory: "https://127.0.0.1:0/directory".to_owned(),
                directory_ca: None,
                contact: None,
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                challenges: vec![Challenge::Http01],
                terms_of_service_agreed: false,
            };
            Self {
                state_dir: tempfile::tempdir().unwrap(),
                settings,
                clock: Clock::standing_at(Timestamp::parse("2026-10-01T10:00:00Z").unwrap()),
                served: Arc::default(),
                told: Arc::default(),
            }
        }

        fn open(&self) -> Renewal {
            let told = self.told.clone();
            let tell = move |event: Event<'_>| {
                let line = match event {
                    Event::Kept { name, until } => format!("kept {name} {}", until.date()),
                    Event::Missing { name } => format!("missing {name}"),
                    Event::Damaged { name, fault, .. } => format!("damaged {name}: {fault}"),
                    Event::Issued { name, .. } => format!("issued {name}"),
                    Event::Failed { name, failure, .. } => format!("failed {name}: {}", failure.reason.name()),
                };
                told.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            };
            let (settings, clock) = (self.settings.clone(), self.clock.clone());
            Renewal::open(settings, self.state_dir.path(), clock, self.served.clone(), tell).unwrap()
        }

        fn storage(&self) -> Storage {
            Storage::open(self.state_dir.path(), &self.settings.directory).unwrap()
        }

        fn told(&self) -> Vec<String> {
            std::mem::take(&mut self.told.lock().unwrap())
        }

        fn pass(&self, minutes: u64) {
            self.clock.set(self.clock.now().plus(Duration::from_secs(minutes * 60)));
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_served_and_nobody_is_asked_before_it_is_due() {
        let alone = Alone::new(&["shop.example"]);
        alone.storage().keep_certificate("shop.example", &pem("shop.example")).unwrap();
        let renewal = alone.open();
        assert!(alone.served.certificate("shop.example").is_some());
        renewal.look().await;
        assert_eq!(alone.told(), ["kept shop.example 2026-11-30"]);
        // Two thirds of its ninety days.
        alone.clock.set(Timestamp::parse("2026-10-31").unwrap());
        renewal.look().await;
        assert_eq!(alone.told(), ["failed shop.example: unreachable"]);
        assert!(alone.served.certificate("shop.example").is_some(), "the old one stays");
    }

    #[tokio::test]
    async fn what_is_damaged_is_told_and_asked_for_anew() {
        let alone = Alone::new(&["shop.example"]);
        alone.storage().keep_certificate("shop.example", &pem("other.example")).unwrap();
        alone.open().look().await;
        let expected = ["damaged shop.example: a certificate for other names: other.example", "failed shop.example: unreachable"];
        assert_eq!(alone.told(), expected);
    }

    #[tokio::test]
    async fn an_authority_that_is_away_is_asked_for_one_name_at_a_time_and_never_often() {
        let alone = Alone::new(&["a.example", "b.example"]);
        let renewal = alone.open();
        alone.told();
        renewal.look().await;
        assert_eq!(alone.told(), ["failed a.example: unreachable"], "it is away for the other too");
        renewal.look().await;
        assert_eq!(alone.told(), [""; 0]);
        alone.pass(6);
        renewal.look().await;
        assert_eq!(alone.told().len(), 1);
        let mut asked = 0;
        for _ in 0..24 * 60 {
            alone.pass(1);
            renewal.look().await;
            asked += alone.told().len();
        }
        assert!((10..=40).contains(&asked), "{asked} times in a day for two names");
    }

    #[tokio::test]
    async fn whoever_starts_again_and_again_asks_no_more_often() {
        let alone = Alone::new(&["shop.example"]);
        let mut asked = 0;
        for _ in 0..60 {
            let renewal = alone.open();
            renewal.look().await;
            asked += alone.told().iter().filter(|line| line.starts_with("failed")).count();
            alone.pass(1);
        }
        assert!((4..=6).contains(&asked), "{asked} times in an hour");
    }

    #[tokio::test]
    async fn what_can_not_be_kept_is_not_asked_for() {
        let alone = Alone::new(&["shop.example"]);
        let renewal = alone.open();
        let plan = alone.storage().certificate_path("shop.example").with_extension("json");
        fs::create_dir_all(plan.join("in the way")).unwrap();
        alone.told();
        renewal.look().await;
        assert_eq!(alone.told(), ["failed shop.example: state"]);
    }
}
