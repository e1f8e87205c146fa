//! The fuzz targets of `tests/fuzz` on a stable compiler: every seed of their corpus, and some thousand inputs made of the seeds by changing
//! them. A run tries the same inputs each time. `KELISIM_FUZZ_SEED=7` tries others, `KELISIM_FUZZ_RUNS=100000` more of them.

mod mutation;
#[path = "../../fuzz/targets/lib.rs"]
mod targets;

use std::{env, fs, path::PathBuf};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::targets::{ALL, Target};

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

/// Every file of a target's corpus, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder(target)).unwrap_or_else(|error| panic!("the corpus of {target}: {error}"));
    let mut seeds: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    seeds
}

fn number(variable: &str) -> Option<u32> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}

/// The smallest input found that breaks a target, and what it said; `None` where all hold.
fn broken(target: &Target, seeds: &[Vec<u8>], runs: u32) -> Option<(Vec<u8>, String)> {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number("KELISIM_FUZZ_SEED").unwrap_or_default().to_le_bytes());
    // A property that fails is told once, when its input has been made as small as it gets.
    let config = Config { cases: runs, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let outcome = runner.run(&mutation::inputs(seeds, target.words), |input| {
        (target.run)(&input);
        Ok::<(), TestCaseError>(())
    });
    match outcome {
        Ok(()) => None,
        Err(TestError::Fail(reason, input)) => Some((input, reason.to_string())),
        Err(TestError::Abort(reason)) => panic!("{}: {reason}", target.name),
    }
}

fn tried(name: &str) {
    let target = ALL.iter().find(|target| target.name == name).unwrap();
    let corpus = corpus(name);
    assert!(corpus.len() >= 3, "a target has seeds");
    for (file, seed) in &corpus {
        let outcome = std::panic::catch_unwind(|| (target.run)(seed));
        assert!(outcome.is_ok(), "tests/fuzz/corpus/{name}/{file} breaks the target");
    }
    let seeds: Vec<_> = corpus.into_iter().map(|(_, seed)| seed).collect();
    let runs = number("KELISIM_FUZZ_RUNS").unwrap_or(target.runs);
    if let Some((input, reason)) = broken(target, &seeds, runs) {
        let kept = env::temp_dir().join(format!("kelisim-fuzz-{name}"));
        fs::write(&kept, &input).unwrap();
        panic!(
            "{name}: {reason}\ninput: \"{}\"\nit is kept as {}; in tests/fuzz/corpus/{name} it is tried by every run of \
             cargo test --test integration fuzz::{name}",
            input.escape_ascii(),
            kept.display()
        );
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            tried(stringify!($name));
        })*

        #[test]
        fn every_target_has_a_test_a_corpus_and_a_program() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(ALL.map(|target| target.name), tested);
            let names = |folder: &str| {
                let entries = fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
                let stem = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
                let mut names: Vec<_> = entries.map(|entry| stem(entry.unwrap())).collect();
                names.sort();
                names
            };
            assert_eq!(names("tests/fuzz/corpus"), tested);
            assert_eq!(names("tests/fuzz/fuzz_targets"), tested);
            let package = fs::read_to_string(folder("../Cargo.toml")).unwrap();
            let package: toml::Table = package.parse().unwrap();
            let programs = package["bin"].as_array().unwrap().iter().map(|program| program["name"].as_str().unwrap());
            assert_eq!(programs.collect::<Vec<_>>(), tested);
        }
    };
}

targets! {
    access_log analytics answer_headers bundle_zip catalogue choice coded_page configuration countries forwarding
    ledger_texts log_bundle negotiation page proxy_header receipt record report request_cookies request_head
    response_cookies
}

#[test]
fn an_input_that_breaks_a_target_is_found_and_made_small() {
    fn run(input: &[u8]) {
        assert!(memchr::memmem::find(input, b"<!--").is_none(), "a comment");
    }
    let target = Target { name: "planted", run, words: &["<!--"], runs: 0 };
    let seeds = [b"<p>one</p>".to_vec(), b"<p>other</p>".to_vec()];
    let (input, reason) = broken(&target, &seeds, 500).expect("one of 500 inputs has the word");
    assert!(memchr::memmem::find(&input, b"<!--").is_some() && input.len() < 40, "{}", input.escape_ascii());
    assert!(reason.contains("a comment"), "{reason}");
}
