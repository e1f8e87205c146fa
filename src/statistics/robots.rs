//! Who asks without being a person, and why that is thought: first by the protocol, then by name.
//!
//! What a connection shows can't be seen by tools that are handed a log or run in a page. A robot is counted apart, under its reason, and
//! never mixed with visitors. A name that a robot gives itself is taken from a list, never from its line.

use regex::RegexSet;
use serde::Deserialize;

use crate::visitor::{Fetch, Scheme};

/// Why a request is taken for a robot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RobotReason {
    /// It says no agent at all.
    NoAgent,
    /// It names no language, which every browser does.
    NoLanguage,
    /// It says that it is a browser that sends fetch headers over TLS, and sends none.
    Contradiction,
    /// It says so: its name is on the list, or its line has a robot's words.
    SaysSo,
    /// A library or a command for fetching pages.
    Program,
}

impl RobotReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::NoAgent, Self::NoLanguage, Self::Contradiction, Self::SaysSo, Self::Program];

    /// The word used in tables and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAgent => "no_agent",
            Self::NoLanguage => "no_language",
            Self::Contradiction => "contradiction",
            Self::SaysSo => "says_so",
            Self::Program => "program",
        }
    }
}

/// A robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Robot<'l> {
    /// Why it is taken for one.
    pub reason: RobotReason,
    /// Its name on the list.
    pub name: Option<&'l str>,
}

/// Words that robots are known by when there is no list: the word, the name, whether it is a program rather than a crawler. Coarse on purpose.
const BUILT_IN: &[(&str, &str, bool)] = &[
    ("googlebot", "Googlebot", false),
    ("google-inspectiontool", "Google Inspection", false),
    ("bingbot", "Bingbot", false),
    ("yandexbot", "YandexBot", false),
    ("yandex.com/bots", "Yandex", false),
    ("mail.ru_bot", "Mail.ru Bot", false),
    ("duckduckbot", "DuckDuckBot", false),
    ("baiduspider", "Baiduspider", false),
    ("applebot", "Applebot", false),
    ("petalbot", "PetalBot", false),
    ("gptbot", "GPTBot", false),
    ("chatgpt-user", "ChatGPT-User", false),
    ("oai-searchbot", "OAI-SearchBot", false),
    ("claudebot", "ClaudeBot", false),
    ("perplexitybot", "PerplexityBot", false),
    ("ccbot", "CCBot", false),
    ("bytespider", "Bytespider", false),
    ("amazonbot", "Amazonbot", false),
    ("meta-externalagent", "Meta", false),
    ("facebookexternalhit", "Facebook preview", false),
    ("telegrambot", "Telegram preview", false),
    ("whatsapp/", "WhatsApp preview", false),
    ("twitterbot", "X preview", false),
    ("linkedinbot", "LinkedIn preview", false),
    ("ahrefsbot", "AhrefsBot", false),
    ("semrushbot", "SemrushBot", false),
    ("mj12bot", "MJ12bot", false),
    ("dotbot", "DotBot", false),
    ("dataforseobot", "DataForSeoBot", false),
    ("uptimerobot", "UptimeRobot", false),
    ("pingdom", "Pingdom", false),
    ("headlesschrome", "Headless Chrome", false),
    ("phantomjs", "PhantomJS", false),
    ("lighthouse", "Lighthouse", false),
    ("curl/", "curl", true),
    ("wget/", "Wget", true),
    ("python-requests", "python-requests", true),
    ("python-urllib", "urllib", true),
    ("aiohttp", "aiohttp", true),
    ("httpx/", "httpx", true),
    ("scrapy", "Scrapy", true),
    ("go-http-client", "Go", true),
    ("okhttp", "OkHttp", true),
    ("java/", "Java", true),
    ("apache-httpclient", "HttpClient", true),
    ("node-fetch", "node-fetch", true),
    ("axios/", "axios", true),
    ("undici", "undici", true),
    ("libwww-perl", "libwww-perl", true),
    ("guzzlehttp", "Guzzle", true),
    ("postmanruntime", "Postman", true),
];

/// Words by which a robot that is on no list still says that it is one.
const WORDS: [&str; 6] = ["bot", "crawl", "spider", "slurp", "preview", "monitor"];

/// Since these versions browsers send fetch headers with every request over TLS.
const SENDS_FETCH_HEADERS: [(&str, u32); 2] = [("Chrome/", 90), ("Firefox/", 95)];

/// How much of a line is read, in bytes.
const LONGEST: usize = 1024;

/// Patterns of one list at most, and the longest of them in bytes: the list that is kept for this has 1,500.
const MOST_PATTERNS: usize = 10_000;
const LONGEST_PATTERN: usize = 300;
/// Memory of all compiled patterns together, in bytes.
const LARGEST_PROGRAM: usize = 64 << 20;

/// The list of names: one that the operator supplies, or the coarse one that is built in.
#[derive(Debug, Default)]
pub struct Robots(Option<List>);

#[derive(Debug)]
struct List {
    patterns: RegexSet,
    entries: Vec<ListEntry>,
}

#[derive(Debug)]
struct ListEntry {
    name: Box<str>,
    is_program: bool,
}

/// Why a list can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ListFault {
    /// Not the format.
    #[error("it is not a JSON list of objects with `pattern`: {0}")]
    Form(#[from] serde_json::Error),
    /// A pattern is no regular expression, or all together are too large.
    #[error("a pattern can't be used: {0}")]
    Pattern(#[from] regex::Error),
    /// Too many or too long.
    #[error("it has more than {MOST_PATTERNS} patterns, or one of more than {LONGEST_PATTERN} bytes")]
    Bounds,
}

/// An entry as `crawler-user-agents.json` has it; what else it says is not read.
#[derive(Deserialize)]
struct Written {
    pattern: String,
    #[serde(default)]
    tags: Vec<String>,
}

impl Robots {
    /// Reads a list in the format of `crawler-user-agents.json`: objects with `pattern`, a regular expression, and `tags`.
    pub fn parse(json: &str) -> Result<Self, ListFault> {
        let written: Vec<Written> = serde_json::from_str(json)?;
        if written.len() > MOST_PATTERNS || written.iter().any(|entry| entry.pattern.len() > LONGEST_PATTERN) {
            return Err(ListFault::Bounds);
        }
        let patterns = regex::RegexSetBuilder::new(written.iter().map(|entry| &entry.pattern))
            .size_limit(LARGEST_PROGRAM)
            .build()?;
        let entry = |entry: Written| ListEntry {
            name: name_of(&entry.pattern).into(),
            is_program: entry.tags.iter().any(|tag| tag == "http-library" || tag == "browser-automation"),
        };
        Ok(Self(Some(List { patterns, entries: written.into_iter().map(entry).collect() })))
    }

    /// How many patterns the operator's list has; `None` with the one that is built in.
    pub fn patterns(&self) -> Option<usize> {
        self.0.as_ref().map(|list| list.entries.len())
    }

    /// What speaks for a robot in a request for a page. `language` is whether the request names one.
    pub fn find(&self, agent: Option<&str>, language: bool, fetch: Fetch, scheme: Scheme) -> Option<Robot<'_>> {
        let because = |reason| Some(Robot { reason, name: None });
        let Some(agent) = agent.map(str::trim).filter(|agent| !agent.is_empty()) else {
            return because(RobotReason::NoAgent);
        };
        let agent = &agent[..agent.floor_char_boundary(LONGEST)];
        if let Some(named) = self.named(agent) {
            return Some(named);
        }
        let promises =
            SENDS_FETCH_HEADERS.iter().any(|(word, since)| version(agent, word).is_some_and(|it| it >= *since));
        if scheme == Scheme::Https && promises && !fetch.is_present() {
            return because(RobotReason::Contradiction);
        }
        if !language {
            return because(RobotReason::NoLanguage);
        }
        None
    }

    /// What the name alone says, for a line of a log, which has nothing else.
    pub fn named(&self, agent: &str) -> Option<Robot<'_>> {
        let agent = &agent[..agent.floor_char_boundary(LONGEST)];
        let of_list = self.0.as_ref().and_then(|list| {
            let entry = &list.entries[list.patterns.matches(agent).iter().next()?];
            let reason = if entry.is_program { RobotReason::Program } else { RobotReason::SaysSo };
            Some(Robot { reason, name: Some(&*entry.name) })
        });
        of_list.or_else(|| built_in(agent))
    }
}

fn built_in(agent: &str) -> Option<Robot<'static>> {
    let agent = agent.to_ascii_lowercase();
    if let Some((_, name, is_program)) = BUILT_IN.iter().find(|(word, ..)| agent.contains(word)) {
        let reason = if *is_program { RobotReason::Program } else { RobotReason::SaysSo };
        return Some(Robot { reason, name: Some(*name) });
    }
    if WORDS.iter().any(|word| agent.contains(word)) && !agent.contains("cubot") {
        // A make of telephones has the word in its name.
        return Some(Robot { reason: RobotReason::SaysSo, name: None });
    }
    (!agent.starts_with("mozilla/") && !agent.starts_with("opera/"))
        .then_some(Robot { reason: RobotReason::Program, name: None })
}

/// The number behind a word such as `Chrome/`.
fn version(agent: &str, word: &str) -> Option<u32> {
    let rest = &agent[agent.find(word)? + word.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

/// A pattern as people read it: `Googlebot\/` is Googlebot.
fn name_of(pattern: &str) -> String {
    const LONGEST_NAME: usize = 40;
    let plain: String = pattern
        .chars()
        .filter(|sign| sign.is_ascii_alphanumeric() || " -_.".contains(*sign))
        .take(LONGEST_NAME)
        .collect();
    plain.trim_matches(['.', ' ', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visitor::FetchSite;

    const CHROME: &str =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
    const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.0 Safari/605.1.15";
    const PRESENT: Fetch = Fetch { site: FetchSite::None, ..Fetch::ABSENT };

    #[test]
    fn the_protocol_speaks_and_then_the_name() {
        let robots = Robots::default();
        let check = |agent: Option<&str>, language, fetch, scheme, expected: Option<(RobotReason, Option<&str>)>| {
            let found = robots.find(agent, language, fetch, scheme).map(|robot| (robot.reason, robot.name));
            assert_eq!(found, expected, "{agent:?}");
        };
        check(Some(CHROME), true, PRESENT, Scheme::Https, None);
        check(Some(CHROME), true, Fetch::ABSENT, Scheme::Http, None);
        check(Some(CHROME), true, Fetch::ABSENT, Scheme::Https, Some((RobotReason::Contradiction, None)));
        check(Some(SAFARI), true, Fetch::ABSENT, Scheme::Https, None);
        check(Some(CHROME), false, PRESENT, Scheme::Https, Some((RobotReason::NoLanguage, None)));
        check(None, true, PRESENT, Scheme::Https, Some((RobotReason::NoAgent, None)));
        check(Some("  "), true, PRESENT, Scheme::Https, Some((RobotReason::NoAgent, None)));
        let google = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
        check(Some(google), false, Fetch::ABSENT, Scheme::Https, Some((RobotReason::SaysSo, Some("Googlebot"))));
        let unnamed = "Mozilla/5.0 (compatible; petr.ivanov-crawler/1.0)";
        check(Some(unnamed), true, Fetch::ABSENT, Scheme::Http, Some((RobotReason::SaysSo, None)));
        check(Some("curl/8.5.0"), false, Fetch::ABSENT, Scheme::Http, Some((RobotReason::Program, Some("curl"))));
        check(Some("my own program"), true, Fetch::ABSENT, Scheme::Http, Some((RobotReason::Program, None)));
        let cubot =
            "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 21) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36";
        check(Some(cubot), true, PRESENT, Scheme::Https, None);
    }

    #[test]
    fn a_list_of_the_operators_comes_before_the_words_that_are_built_in() {
        let json = r#"[{"pattern":"Example-?Agent\\/","tags":["seo"]},{"pattern":"^fetcher","tags":["http-library"]}]"#;
        let robots = Robots::parse(json).unwrap();
        assert_eq!(robots.patterns(), Some(2));
        let named = |agent| robots.named(agent).map(|robot| (robot.reason, robot.name.map(str::to_owned)));
        assert_eq!(named("Mozilla/5.0 ExampleAgent/3"), Some((RobotReason::SaysSo, Some("Example-Agent".into()))));
        assert_eq!(named("fetcher"), Some((RobotReason::Program, Some("fetcher".into()))));
        assert_eq!(named("Mozilla/5.0 Googlebot"), Some((RobotReason::SaysSo, Some("Googlebot".into()))));
        assert_eq!(named(CHROME), None);
    }

    #[test]
    fn a_list_that_is_wrong_is_refused() {
        assert!(matches!(Robots::parse("{}"), Err(ListFault::Form(_))));
        assert!(matches!(Robots::parse(r#"[{"pattern":"("}]"#), Err(ListFault::Pattern(_))));
        let long = format!(r#"[{{"pattern":"{}"}}]"#, "a".repeat(LONGEST_PATTERN + 1));
        assert!(matches!(Robots::parse(&long), Err(ListFault::Bounds)));
    }
}
