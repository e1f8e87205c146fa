//! Has the checkpoints of the log signed by witnesses, and asks them at the start what they remember.

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    admin::{WitnessFailure, Witnesses},
    gateway,
    ledger::{AddCheckpoint, Comparison, Note, Prover, Signed, SignedCheckpoint, VerifierKey, compare},
    store::{Reader, Store, StoreError},
    timestamp::Timestamp,
    witness::{Client, Failure, Settings},
};

/// How long the start waits for all witnesses together: visitors wait meanwhile.
const START_PATIENCE: Duration = Duration::from_secs(3);

/// How long a witness that did not sign is left alone, at first and at most: twice as long each time.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often in one attempt a witness may correct what we take for the size that it signed last: once, unless others ask it, too.
const MOST_CORRECTIONS: usize = 3;

/// How many checkpoints that some witness has signed are looked at for the signature of one: with several witnesses, one that was away for
/// longer is shown as one that has not signed yet.
const MOST_LOOKED_AT: usize = 1000;

/// What a witness remembered at the start.
pub(super) struct Remembered {
    /// The name of its key.
    pub(super) witness: String,
    /// The size that it signed last, where it said so.
    pub(super) size: Option<u64>,
    /// What that says of our log.
    pub(super) comparison: Comparison,
}

/// Asks all witnesses at once what they remember of the log. Those that do not answer in three seconds, or prove nothing, are left out.
pub(super) fn remembered(witnesses: &[Settings], store: &Store) -> io::Result<Vec<Remembered>> {
    if witnesses.is_empty() {
        return Ok(Vec::new());
    }
    let mut clients = witnesses.iter().map(Client::new).collect::<io::Result<Vec<_>>>()?;
    let asking = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answers = runtime.block_on(async {
            let mut asking = JoinSet::new();
            for client in clients.drain(..) {
                let store = store.clone();
                asking.spawn(async move { ask(client, &store).await });
            }
            let mut answers = Vec::new();
            let collected = async {
                while let Some(answer) = asking.join_next().await {
                    answers.extend(answer.ok().flatten());
                }
            };
            if tokio::time::timeout(START_PATIENCE, collected).await.is_err() {
                tracing::warn!("not every witness answered at the start; the others are asked again later");
            }
            answers
        });
        // A name that does not resolve must not hold up the start: the thread that asks for it is left alone.
        runtime.shutdown_background();
        Ok(answers)
    };
    // On a thread of its own: whoever starts a gateway may be in the middle of something asynchronous.
    thread::scope(|scope| scope.spawn(asking).join())
        .unwrap_or_else(|_| Err(io::Error::other("asking the witnesses panicked")))
}

async fn ask(mut client: Client, store: &Store) -> Option<Remembered> {
    let witness = client.key().name().to_owned();
    match comparison(&mut client, store).await {
        Ok((size, comparison)) => Some(Remembered { witness, size, comparison }),
        Err(error) => {
            tracing::warn!(witness, %error, "a witness does not say what it remembers");
            None
        }
    }
}

/// What a witness signed last, and what that says of our log.
async fn comparison(client: &mut Client, store: &Store) -> Result<(Option<u64>, Comparison), Failure> {
    let newest = client.newest(store.key()).await?;
    let size = newest.as_ref().map(|newest| newest.checkpoint().size);
    let comparison = read(store, move |reader| {
        let ours = reader.size()?;
        compare(reader, ours, newest.as_ref().map(SignedCheckpoint::checkpoint))
    });
    Ok((size, comparison.await?))
}

/// Reads from the log beside everything else.
async fn read<T: Send + 'static>(
    store: &Store,
    with: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Failure> {
    let store = store.clone();
    let read = tokio::task::spawn_blocking(move || with(&store.reader()?)).await;
    match read {
        Ok(read) => read.map_err(|error| Failure::Log(error.to_string())),
        Err(error) => Err(Failure::Log(error.to_string())),
    }
}

/// One witness, for as long as the gateway lives.
pub(super) struct Pursuit {
    client: Client,
    gateway: Arc<gateway::Current>,
    /// Where it is told how the witness stands.
    states: Witnesses,
    /// The size that the witness signed last, as far as we know.
    known: Option<u64>,
    /// The size up to which its signatures are ours.
    signed: u64,
    /// Since when a checkpoint waits.
    since: Option<Timestamp>,
    pause: Duration,
    /// The failure that was told last.
    told: Option<&'static str>,
}

impl Pursuit {
    /// Prepares a witness; `size` is what it signed last, where that is known.
    pub(super) fn new(
        settings: &Settings,
        gateway: Arc<gateway::Current>,
        states: Witnesses,
        size: Option<u64>,
    ) -> io::Result<Self> {
        let client = Client::new(settings)?;
        gateway.metrics().witness_waits(client.key().name(), None);
        gateway.metrics().witness_begins(client.key().name(), &Failure::REASONS);
        states.add(client.key().name());
        Ok(Self { client, gateway, states, known: size, signed: 0, since: None, pause: PAUSE.0, told: None })
    }

    /// Has every newest checkpoint signed. One request is on its way at a time; what is signed by the log meanwhile waits, and of that the
    /// newest goes next.
    pub(super) async fn run(mut self) {
        let mut checkpoints = self.gateway.store().checkpoints();
        self.remember().await;
        loop {
            let newest = checkpoints.borrow_and_update().clone();
            let Some(newest) = newest.filter(|newest| newest.checkpoint().size > self.signed) else {
                self.waits(None);
                if checkpoints.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let began = self.gateway.now();
            self.waits(Some(self.since.unwrap_or(began)));
            match self.have_signed(&newest).await {
                Ok(cosigned) => self.keep(cosigned, began, &checkpoints),
                Err(failure) => {
                    self.tell(&failure).await;
                    tokio::time::sleep(self.pause).await;
                    self.pause = PAUSE.1.min(self.pause * 2);
                }
            }
        }
    }

    /// Tells what the log itself has of this witness: it may be away now.
    async fn remember(&self) {
        let key = self.client.key().clone();
        let signed = read(self.gateway.store(), move |reader| last_signed(reader, &key)).await;
        if let Ok(Some((size, time))) = signed {
            self.states.has_signed(self.client.key().name(), size, time);
        }
    }

    fn waits(&mut self, since: Option<Timestamp>) {
        self.since = since;
        self.states.waits(self.client.key().name(), since);
        self.gateway.metrics().witness_waits(self.client.key().name(), since);
    }

    async fn have_signed(&mut self, newest: &SignedCheckpoint) -> Result<SignedCheckpoint, Failure> {
        let size = newest.checkpoint().size;
        let store = self.gateway.store().clone();
        let mut corrections = 0;
        loop {
            let old = self.known.unwrap_or(0);
            if old > size {
                return Err(Failure::Behind { ours: size, theirs: old });
            }
            let proof = read(&store, move |reader| Prover::new(reader, size).consistency(old)).await?;
            let request = AddCheckpoint { old, proof, note: newest.note().to_string() };
            match self.client.add(&request, store.key()).await {
                // It says which size it signed last: more than is known where its answer was lost on the way. Less than it has signed
                // is its own failure.
                Err(Failure::Conflict { newest })
                    if corrections < MOST_CORRECTIONS && (self.known.is_none() || (old < newest && newest <= size)) =>
                {
                    corrections += 1;
                    self.known = Some(newest);
                }
                outcome => return outcome,
            }
        }
    }

    fn keep(
        &mut self,
        cosigned: SignedCheckpoint,
        began: Timestamp,
        checkpoints: &watch::Receiver<Option<Arc<SignedCheckpoint>>>,
    ) {
        let size = cosigned.checkpoint().size;
        self.known = Some(size);
        self.signed = size;
        self.pause = PAUSE.0;
        if let Signed::At(time) = cosigned.note().signed_by(self.client.key()) {
            self.states.signs(self.client.key().name(), size, time);
        }
        let newer = checkpoints.borrow().as_ref().is_some_and(|newest| newest.checkpoint().size > size);
        self.waits(newer.then_some(began));
        if self.told.take().is_some() {
            tracing::info!(witness = self.client.key().name(), size, "the witness signs again");
        }
        if let Err(error) = self.gateway.store().keep_cosigned(cosigned) {
            tracing::error!(%error, "the signature of a witness can't be kept");
        }
    }

    /// Counts a failure, and says it where it is another one than before.
    async fn tell(&mut self, failure: &Failure) {
        let (witness, reason) = (self.client.key().name().to_owned(), failure.reason());
        self.states.failed(&witness, WitnessFailure { reason, time: self.gateway.now() });
        self.gateway.metrics().witness_failed(&witness, reason);
        let new = self.told.replace(reason) != Some(reason);
        match failure {
            Failure::Behind { .. } | Failure::Inconsistent | Failure::Conflict { .. } => {
                // What the witness says may be wrong; what the log itself has signed is not.
                let compared = comparison(&mut self.client, self.gateway.store()).await;
                if let Ok((size, comparison)) = compared {
                    self.known = size;
                    if new {
                        tell_of_loss(&witness, comparison);
                    }
                } else {
                    self.known = None;
                }
                if new {
                    tracing::error!(witness, error = %failure, "a witness contradicts our log");
                }
            }
            failure if new => tracing::warn!(witness, error = %failure, "a witness does not sign; asking again"),
            _ => {}
        }
    }
}

/// The largest tree whose kept checkpoint this witness has signed, and when it did.
fn last_signed(reader: &Reader, witness: &VerifierKey) -> Result<Option<(u64, Timestamp)>, StoreError> {
    // A log's own checkpoints are counted up to the size before the one that is given here.
    let mut size = reader.size()?;
    let eras = reader.eras(size + 1)?;
    let none = (Timestamp::default(), Timestamp::default());
    for _ in 0..MOST_LOOKED_AT {
        let [Some(found), _] = reader.cosigned_around(&eras, (size, size))? else { return Ok(None) };
        let Some(era) = eras.iter().find(|era| era.start < found && found <= era.end) else { return Ok(None) };
        let notes = reader.checkpoints_between(era, none, [Some(found), None], found - 1)?;
        let note = notes.iter().find_map(|(_, note)| Note::parse(note));
        if let Some(Signed::At(time)) = note.map(|note| note.signed_by(witness)) {
            return Ok(Some((found, time)));
        }
        size = found - 1;
    }
    Ok(None)
}

fn tell_of_loss(witness: &str, comparison: Comparison) {
    match comparison {
        Comparison::Behind { ours, theirs } => {
            tracing::error!(witness, ours, theirs, "the log has lost leaves that this witness has signed");
        }
        Comparison::Forked { size } => {
            tracing::error!(witness, size, "the log's first leaves are not those that this witness has signed");
        }
        Comparison::Agrees | Comparison::Unknown => {}
    }
}
