//! Keeps a certificate for every name: looks at what is due, asks for it, keeps what comes and serves it.

#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Mutex, Notify};

use super::{
    Challenge, Failure, LastFailure, Reason, Served, Settings, Standing, authority::Authority, certificate::Issued,
    http::Http, plan, plan::Plan, standing::Standings, storage::Storage,
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
        /// When it is asked for, where that is not now.
        again: Option<Timestamp>,
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
    state_dir: PathBuf,
    served: Arc<Served>,
    clock: Clock,
    tell: Tell,
    /// What is gone by from the next look on, once it was replaced; of no names where there is none in it.
    next: StdMutex<Option<Option<Settings>>>,
    replaced: Notify,
    standings: Standings,
    work: Mutex<Option<Work>>,
}

/// Settings whose files were read, and that are not gone by yet.
#[must_use]
pub struct Prepared {
    settings: Option<Settings>,
    work: Option<Work>,
}

/// The names of one authority.
struct Work {
    authority: Authority,
    storage: Storage,
    challenges: Vec<Challenge>,
    names: Vec<Name>,
    /// Until when no name is tried, since the last that was failed for a reason that is theirs too.
    paused: Timestamp,
}

struct Name {
    name: String,
    plan: Plan,
    /// Whether the plan is another than the one that is kept, since a clock that was ahead wrote that.
    is_set_right: bool,
    issued: Option<Issued>,
    /// What is wrong with what was kept.
    damaged: Option<String>,
    /// What was issued and could not be written yet.
    unwritten: Option<String>,
}

impl Renewal {
    /// Certificates of no names, until others are said.
    pub fn new(
        state_dir: &Path,
        clock: Clock,
        served: Arc<Served>,
        tell: impl Fn(Event<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            state_dir: state_dir.to_owned(),
            served,
            clock,
            tell: Box::new(tell),
            next: StdMutex::default(),
            replaced: Notify::new(),
            standings: Standings::default(),
            work: Mutex::default(),
        }
    }

    /// Reads what is kept for these settings. Nobody is asked, and nothing has changed until [`Renewal::replace`].
    ///
    /// # Errors
    ///
    /// When the folder can't be made or read.
    pub fn prepare(&self, settings: Option<Settings>) -> io::Result<Prepared> {
        let work = settings.as_ref().map(|settings| Work::open(settings, &self.state_dir, &self.clock)).transpose()?;
        Ok(Prepared { settings, work })
    }

    /// Goes by these settings: what is kept for their names is served from now on, and nothing else that was issued.
    pub fn replace(&self, Prepared { settings, work }: Prepared) {
        self.served.keep_only(settings.as_ref().map_or(&[], |settings| &settings.names));
        self.stand(work.as_ref());
        if let Some(work) = &work {
            let now = self.clock.now();
            work.names.iter().for_each(|name| name.begin(&self.served, &work.storage, now, &self.tell));
        }
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
        self.replaced.notify_one();
    }

    /// How each name stands. An attempt that is under way is not waited for.
    pub fn standings(&self) -> Vec<(String, Standing)> {
        self.standings.all()
    }

    fn stand(&self, work: Option<&Work>) {
        let names = work.iter().flat_map(|work| &work.names);
        self.standings.begin(names.map(|name| (&*name.name, name.plan.failures, name.due())));
    }

    /// Returns when settings were replaced, so that there may be something to do.
    pub async fn replaced(&self) {
        self.replaced.notified().await;
    }

    /// Does what is due, one name after the other. Two looks at once wait for each other.
    pub async fn look(&self) {
        let mut work = self.work.lock().await;
        self.take_next(&mut work);
        let Some(Work { authority, storage, challenges, names, paused }) = &mut *work else { return };
        for name in names {
            let one = Look { renewal: self, authority, storage };
            name.write_late(storage);
            name.set_right(storage, self.clock.now());
            one.ask_when(name).await;
            let now = self.clock.now();
            // A clock that was ahead when another name failed holds this one up no longer than any other would.
            *paused = (*paused).min(now.plus(plan::common_pause()));
            if now >= name.due().max(*paused) {
                *paused = one.attempt(name, challenges).await;
            }
        }
    }

    /// What is kept is read once more: an attempt that was under way when the settings were replaced may have changed it.
    fn take_next(&self, work: &mut Option<Work>) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(settings) = &*next else { return };
        for Work { storage, names, .. } in work.iter_mut() {
            names.iter_mut().for_each(|name| name.write_late(storage));
        }
        match settings.as_ref().map(|settings| Work::open(settings, &self.state_dir, &self.clock)).transpose() {
            Ok(mut opened) => {
                if let Some((opened, before)) = opened.as_mut().zip(work.take()) {
                    opened.keep_unwritten(before);
                }
                let names = settings.as_ref().map_or(&[][..], |settings| &settings.names);
                self.served.keep_only(names);
                for name in opened.iter().flat_map(|work| &work.names) {
                    name.serve(&self.served);
                }
                self.stand(opened.as_ref());
                *work = opened;
                *next = None;
            }
            Err(error) => {
                tracing::error!(%error, "what is kept of certificates can't be read; it is tried again every minute")
            }
        }
    }
}

/// A look at a name.
struct Look<'a> {
    renewal: &'a Renewal,
    authority: &'a Authority,
    storage: &'a Storage,
}

impl Look<'_> {
    /// Asks the authority when it would like a certificate to be renewed. Where it does not say, two thirds of its life decide.
    async fn ask_when(&self, name: &mut Name) {
        let now = self.renewal.clock.now();
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
    async fn attempt(&self, name: &mut Name, challenges: &[Challenge]) -> Timestamp {
        let Renewal { served, tell, clock, standings, .. } = self.renewal;
        let now = clock.now();
        let challenge = name.plan.challenge(challenges);
        name.plan.trying(now, u64::from_le_bytes(clock::random()));
        let outcome = match self.storage.keep_plan(&name.name, &name.plan) {
            Ok(()) => self.obtain(name, challenge).await,
            // What can't be counted is not asked: every start would ask again.
            Err(error) => Err(Failure::new(Reason::State, error.to_string())),
        };
        match outcome {
            Ok((issued, pem)) => {
                served.put(&name.name, issued.key.clone());
                name.plan = Plan::succeeded(challenge, &issued.facts, now);
                tell(Event::Issued { name: &name.name, challenge, until: issued.facts.not_after });
                if plan::is_due_as_it_comes(&issued.facts, now) {
                    tracing::warn!(
                        name = name.name,
                        "a certificate that has just been issued is to be renewed already; look at the clock of this machine, and ask whoever \
                         runs the authority"
                    );
                }
                name.issued = Some(issued);
                name.unwritten = Some(pem);
                standings.put(&name.name, Standing { failures: 0, again: name.due(), last: None });
                name.write_late(self.storage);
                Timestamp::default()
            }
            Err(failure) => {
                name.plan.failed(failure.until, !failure.reason.is_of_all_names());
                // That it could not be kept was told, if so, by the attempt itself.
                _ = self.storage.keep_plan(&name.name, &name.plan);
                let again = name.due();
                let last = Some(LastFailure::new(&failure, &name.name, challenge));
                standings.put(&name.name, Standing { failures: name.plan.failures, again, last });
                tell(Event::Failed { name: &name.name, challenge, failure: &failure, again });
                if failure.reason.is_of_all_names() { now.plus(plan::common_pause()) } else { Timestamp::default() }
            }
        }
    }

    async fn obtain(&self, name: &Name, challenge: Challenge) -> Result<(Issued, String), Failure> {
        let replaces = name.issued.as_ref().and_then(|issued| issued.id.as_ref());
        let obtaining = self.authority.obtain(&name.name, challenge, replaces, &self.renewal.served);
        let obtained = tokio::time::timeout(LONGEST_ATTEMPT, obtaining).await;
        let late = |_| Failure::new(Reason::Authority, "it did not come to an end in time");
        let pem = obtained.map_err(late)??;
        let unusable = |what: String| Failure::new(Reason::Unusable, format!("it issued {what}"));
        let issued = Issued::read(&pem, &name.name).map_err(unusable)?;
        let end = issued.facts.not_after;
        if end <= self.renewal.clock.now() {
            return Err(unusable(format!("a certificate that ended on {}", end.date())));
        }
        Ok((issued, pem))
    }
}

impl Work {
    fn open(settings: &Settings, state_dir: &Path, clock: &Clock) -> io::Result<Self> {
        let storage = Storage::open(state_dir, &settings.directory)?;
        let now = clock.now();
        let names = settings.names.iter().map(|name| Name::open(name, &storage, now)).collect::<io::Result<_>>()?;
        let http = Http::new(settings.directory_ca.clone(), clock.clone());
        let authority = Authority::new(settings.clone(), http, storage.clone());
        Ok(Self { authority, storage, challenges: settings.challenges.clone(), names, paused: Timestamp::default() })
    }

    /// Takes over what was issued under other settings and could not be written yet, where it is of the same authority and name.
    fn keep_unwritten(&mut self, before: Self) {
        if self.storage != before.storage {
            return;
        }
        for unwritten in before.names.into_iter().filter(|name| name.unwritten.is_some()) {
            if let Some(name) = self.names.iter_mut().find(|name| name.name == unwritten.name) {
                *name = unwritten;
            }
        }
    }
}

impl Name {
    fn open(name: &str, storage: &Storage, now: Timestamp) -> io::Result<Self> {
        let kept = storage.certificate(name)?.map(|pem| Issued::read(&pem, name)).transpose();
        let (issued, damaged) = match kept {
            Ok(issued) => (issued, None),
            Err(fault) => (None, Some(fault)),
        };
        let mut plan = storage.plan(name)?;
        let is_set_right = plan.set_right(now);
        Ok(Self { name: name.to_owned(), plan: plan.begun_again(), is_set_right, issued, damaged, unwritten: None })
    }

    /// Takes back what a clock that was ahead wrote, and keeps the plan without it: else each start would count its pauses anew.
    fn set_right(&mut self, storage: &Storage, now: Timestamp) {
        self.is_set_right |= self.plan.set_right(now);
        if !self.is_set_right {
            return;
        }
        match storage.keep_plan(&self.name, &self.plan) {
            Ok(()) => self.is_set_right = false,
            Err(error) => tracing::warn!(%error, "when a certificate is asked for can't be kept; the clock was ahead"),
        }
    }

    /// Writes what was issued, where that is still to be done.
    fn write_late(&mut self, storage: &Storage) {
        let Some(pem) = self.unwritten.take() else { return };
        let written = storage.keep_certificate(&self.name, &pem);
        if let Err(error) = written.and_then(|()| storage.keep_plan(&self.name, &self.plan)) {
            tracing::error!(name = self.name, %error, "a certificate was issued, is in use and can't be kept; it is tried again every minute");
            self.unwritten = Some(pem);
        }
    }

    fn serve(&self, served: &Served) {
        if let Some(issued) = &self.issued {
            served.put(&self.name, issued.key.clone());
        }
    }

    /// Serves what is kept, and tells how it stands.
    fn begin(&self, served: &Served, storage: &Storage, now: Timestamp, tell: &Tell) {
        self.serve(served);
        let name = &*self.name;
        if let Some(issued) = &self.issued {
            tell(Event::Kept { name, until: issued.facts.not_after });
        } else if let Some(fault) = self.damaged.clone() {
            tell(Event::Damaged { name, file: storage.certificate_path(name), fault });
        } else {
            let due = self.due();
            tell(Event::Missing { name, again: (due > now).then_some(due) });
        }
    }

    fn due(&self) -> Timestamp {
        self.plan.due(self.issued.as_ref().map(|issued| &issued.facts))
    }
}
