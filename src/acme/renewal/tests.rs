//! What is done when, without an authority: nobody is there.

use std::fs;

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
                Event::Missing { name, .. } => format!("missing {name}"),
                Event::Damaged { name, fault, .. } => format!("damaged {name}: {fault}"),
                Event::Issued { name, .. } => format!("issued {name}"),
                Event::Failed { name, failure, .. } => format!("failed {name}: {}", failure.reason.name()),
            };
            told.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        };
        let renewal = Renewal::new(self.state_dir.path(), self.clock.clone(), self.served.clone(), tell);
        renewal.replace(renewal.prepare(Some(self.settings.clone())).unwrap());
        renewal
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
    let expected =
        ["damaged shop.example: a certificate for other names: other.example", "failed shop.example: unreachable"];
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
        alone.clock.set(alone.clock.now().plus(Duration::from_secs(10)));
    }
    assert_eq!(asked, 10, "once a minute: it never came to a proof");
}

#[tokio::test]
async fn settings_are_replaced_without_a_stop() {
    let mut alone = Alone::new(&["a.example", "b.example"]);
    for name in ["a.example", "b.example", "c.example"] {
        alone.storage().keep_certificate(name, &pem(name)).unwrap();
    }
    let renewal = alone.open();
    renewal.look().await;
    alone.told();
    alone.settings.names = vec!["b.example".to_owned(), "c.example".to_owned()];
    let served = |name: &str| alone.served.certificate(name).is_some();
    let prepared = renewal.prepare(Some(alone.settings.clone())).unwrap();
    assert!(served("a.example") && !served("c.example"), "nothing has changed yet");
    renewal.replace(prepared);
    renewal.replaced().await;
    assert_eq!(["a.example", "b.example", "c.example"].map(served), [false, true, true]);
    assert_eq!(alone.told(), ["kept b.example 2026-11-30", "kept c.example 2026-11-30"]);
    // Two thirds of their life: what is due is that of the new names.
    alone.clock.set(Timestamp::parse("2026-10-31").unwrap());
    renewal.look().await;
    assert_eq!(alone.told(), ["failed b.example: unreachable"]);
    renewal.replace(renewal.prepare(None).unwrap());
    renewal.look().await;
    alone.pass(60);
    renewal.look().await;
    assert_eq!((alone.told(), served("b.example")), (Vec::new(), false));
}

#[tokio::test]
async fn what_can_not_be_kept_is_not_asked_for() {
    let alone = Alone::new(&["shop.example"]);
    let renewal = alone.open();
    renewal.look().await;
    let plan = alone.storage().certificate_path("shop.example").with_extension("json");
    fs::remove_file(&plan).unwrap();
    fs::create_dir_all(plan.join("in the way")).unwrap();
    alone.told();
    alone.pass(10);
    renewal.look().await;
    assert_eq!(alone.told(), ["failed shop.example: state"]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_stops_no_renewal_once_it_is_right() {
    let alone = Alone::new(&["a.example", "b.example"]);
    let right = alone.clock.now();
    alone.clock.set(Timestamp::parse("2056-10-01").unwrap());
    let renewal = alone.open();
    alone.told();
    renewal.look().await;
    assert_eq!(alone.told(), ["failed a.example: unreachable"]);
    alone.clock.set(right);
    renewal.look().await;
    assert_eq!(alone.told(), [""; 0]);
    alone.pass(7);
    renewal.look().await;
    assert_eq!(alone.told(), ["failed a.example: unreachable"], "it is tried again");
    alone.pass(7);
    renewal.look().await;
    assert_eq!(alone.told(), ["failed b.example: unreachable"], "and the other waits for it no longer than ever");
}

#[tokio::test]
async fn a_clock_that_was_ahead_stops_no_renewal_after_a_start_either() {
    let alone = Alone::new(&["shop.example"]);
    let right = alone.clock.now();
    alone.clock.set(Timestamp::parse("2056-10-01").unwrap());
    alone.open().look().await;
    alone.clock.set(right);
    let mut asked = 0;
    alone.told();
    // However often it starts: each start goes by what the first has set right.
    for _ in 0..7 {
        alone.open().look().await;
        asked += alone.told().iter().filter(|line| line.starts_with("failed")).count();
        alone.clock.set(alone.clock.now().plus(Duration::from_secs(25)));
    }
    assert_eq!(asked, 2, "a minute after the first start, and a minute after that");
}

#[tokio::test]
async fn a_certificate_that_could_not_be_written_yet_outlives_a_reload() {
    let mut alone = Alone::new(&["shop.example"]);
    let renewal = alone.open();
    renewal.look().await;
    let file = alone.storage().certificate_path("shop.example");
    // Its file is written under this name first.
    let in_the_way = file.with_added_extension("new");
    fs::create_dir_all(in_the_way.join("something")).unwrap();
    let pem = pem("shop.example");
    {
        let mut work = renewal.work.lock().await;
        let name = &mut work.as_mut().unwrap().names[0];
        let issued = Issued::read(&pem, "shop.example").unwrap();
        name.plan = Plan::succeeded(Challenge::Http01, &issued.facts, alone.clock.now());
        alone.served.put("shop.example", issued.key.clone());
        (name.issued, name.unwritten) = (Some(issued), Some(pem.clone()));
    }
    alone.settings.names.push("www.shop.example".to_owned());
    renewal.replace(renewal.prepare(Some(alone.settings.clone())).unwrap());
    alone.told();
    alone.pass(60);
    renewal.look().await;
    assert_eq!(alone.told(), ["failed www.shop.example: unreachable"], "what was issued is not asked for again");
    assert!(alone.served.certificate("shop.example").is_some());
    assert!(!file.exists());
    fs::remove_dir_all(in_the_way).unwrap();
    renewal.replace(renewal.prepare(None).unwrap());
    renewal.look().await;
    assert_eq!(fs::read_to_string(file).unwrap(), pem, "it is written before its settings go");
}

#[tokio::test]
async fn how_a_name_stands_is_known_also_after_a_start() {
    let mut alone = Alone::new(&["shop.example"]);
    let renewal = alone.open();
    let standing = |renewal: &Renewal| renewal.standings()[0].1.clone();
    assert_eq!(standing(&renewal), Standing::default());
    renewal.look().await;
    let failed = standing(&renewal);
    let last = failed.last.clone().unwrap();
    assert_eq!((failed.failures, last.is_held), (1, false));
    assert!(last.advice.contains("reaches the directory") && !last.said.is_empty(), "{last:?}");
    assert!(failed.again > alone.clock.now());
    renewal.replace(renewal.prepare(Some(alone.settings.clone())).unwrap());
    renewal.look().await;
    assert_eq!(standing(&renewal).last, Some(last), "a reload forgets nothing");
    let again = standing(&alone.open());
    assert_eq!((again.failures, again.last), (1, None), "what was counted is kept, what was said is not");
    alone.settings.names = vec!["other.example".to_owned()];
    renewal.replace(renewal.prepare(Some(alone.settings.clone())).unwrap());
    let names: Vec<_> = renewal.standings().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["other.example"]);
    renewal.replace(renewal.prepare(None).unwrap());
    assert_eq!(renewal.standings(), []);
}
