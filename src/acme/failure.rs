//! Why there is no certificate, in plain words: what the authority said, and what to look at.

use std::{fmt, io};

use instant_acme::{Error, Problem};

use super::Challenge;
use crate::timestamp::Timestamp;

/// How much of what an authority says is shown, in characters.
const LONGEST_SAID: usize = 500;

/// What stands before the kinds of problems of the protocol (RFC 8555, section 6.7).
const KINDS: &str = "urn:ietf:params:acme:error:";

/// Why a certificate was not obtained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of it.
    pub reason: Reason,
    /// What was said of it: by the authority, with the kind of its problem, or by this machine.
    pub said: String,
    /// Until when the authority wants to be left alone, where it said so.
    pub until: Option<Timestamp>,
}

/// The kinds of failures. Each has a word for metrics and an advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The authority asks to agree to its terms.
    Terms,
    /// The authority gives certificates to its customers alone.
    ExternalAccount,
    /// The authority does not let our account ask.
    Account,
    /// The directory does not answer.
    Unreachable,
    /// What answers is no authority.
    Protocol,
    /// The name leads nowhere.
    Dns,
    /// The name leads to where nothing listens.
    Connection,
    /// The name leads to a server that does not shake hands as it should.
    Tls,
    /// The name leads to another server.
    Elsewhere,
    /// The name was not proved in time, and nobody says why.
    Unproved,
    /// The domain's records forbid it.
    Caa,
    /// Too much was asked for.
    RateLimited,
    /// The authority gives no certificate for such a name.
    Rejected,
    /// The authority does not offer the challenge.
    Challenge,
    /// The authority has a fault of its own, or takes too long.
    Authority,
    /// What was issued can't be used.
    Unusable,
    /// What is kept can't be read or written.
    State,
    /// Anything else that the authority says.
    Other,
}

impl Reason {
    /// The word for it in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::ExternalAccount => "external_account",
            Self::Account => "account",
            Self::Unreachable => "unreachable",
            Self::Protocol => "protocol",
            Self::Dns => "dns",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Elsewhere => "elsewhere",
            Self::Unproved => "unproved",
            Self::Caa => "caa",
            Self::RateLimited => "rate_limited",
            Self::Rejected => "rejected",
            Self::Challenge => "challenge",
            Self::Authority => "authority",
            Self::Unusable => "unusable",
            Self::State => "state",
            Self::Other => "other",
        }
    }

    /// Whether it would be the same for every other name, so that those wait too.
    pub(super) const fn is_of_all_names(self) -> bool {
        matches!(
            self,
            Self::Terms
                | Self::ExternalAccount
                | Self::Account
                | Self::Unreachable
                | Self::Protocol
                | Self::RateLimited
                | Self::Authority
                | Self::State
        )
    }

    /// What to look at.
    pub fn advice(self, name: &str, challenge: Challenge) -> String {
        let port = challenge.port();
        match self {
            Self::Terms => "read them, and write `terms_of_service_agreed = true` in [tls.acme] if you agree".to_owned(),
            Self::ExternalAccount => {
                "this authority gives certificates only to accounts that it knows already (external account binding), which Kelisim has \
                 not: choose another `directory`"
                    .to_owned()
            }
            Self::Account => {
                "the authority refuses this account, or this account this name: ask whoever runs the authority. Where the account was \
                 deactivated, remove `account.json` from the folder of the authority in the state directory, and a new one is made"
                    .to_owned()
            }
            Self::Unreachable => {
                "look whether this machine reaches the directory: its network, its name server, its clock, a firewall on the way out; an \
                 authority of your own needs `directory_ca`"
                    .to_owned()
            }
            Self::Protocol => "look whether `directory` in [tls.acme] is the address of an ACME directory".to_owned(),
            Self::Dns => format!("look at the records of {name}: it needs an A or AAAA record that leads to this machine"),
            Self::Connection => format!(
                "look whether {name} is found, and every A and AAAA record of it leads to this machine (an old AAAA record is the usual reason), and \
                 whether port {port} is open from outside: firewall, provider, router"
            ),
            Self::Tls => format!(
                "look whether something else ends TLS before Kelisim, such as a proxy or a content delivery network: then write \
                 `challenge = \"http-01\"`, or look whether {name} leads to this machine"
            ),
            Self::Elsewhere => format!(
                "another server answered: look whether every A and AAAA record of {name} leads to this machine, and whether something \
                 else listens on port {port} before Kelisim"
            ),
            Self::Unproved => format!(
                "the authority does not say what it waits for: look whether every A and AAAA record of {name} leads to this machine, and \
                 whether port {port} is open from outside"
            ),
            Self::Caa => format!(
                "a CAA record of {name} or of a domain above it forbids this authority: add it there, for Let's Encrypt \
                 `0 issue \"letsencrypt.org\"`, or choose another `directory`"
            ),
            Self::RateLimited => {
                "too many certificates were asked for; nothing is asked before the time that is said. To try things out use \
                 `directory = \"staging\"`"
                    .to_owned()
            }
            Self::Rejected => format!("look whether {name} is a public name, written right, and take it out of `names` otherwise"),
            Self::Challenge => "remove `challenge` from [tls.acme], or choose the other one".to_owned(),
            Self::Authority => "nothing is to be done but wait, if it does not last".to_owned(),
            Self::Unusable => "look at the clock of this machine, and ask whoever runs the authority".to_owned(),
            Self::State => "look at the folder: free space, and that the user who runs Kelisim may read and write it".to_owned(),
            Self::Other => format!("look at what the authority says, and whether {name} leads to this machine on port {port}"),
        }
    }
}

impl Failure {
    /// A failure that this machine saw.
    pub(super) fn new(reason: Reason, said: impl Into<String>) -> Self {
        Self { reason, said: shown(&said.into()), until: None }
    }

    /// What the protocol's client says.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Api(problem) => Self::from_problem(problem),
            Error::Timeout(_) => Self::new(Reason::Authority, "it did not come to an end in time"),
            Error::Json(error) => {
                Self::new(Reason::Protocol, format!("its answer is not that of an authority: {error}"))
            }
            Error::Str(text) => Self::new(Reason::Protocol, format!("its answer lacks something: {text}")),
            Error::Other(error) if error.is::<io::Error>() => Self::new(Reason::Unreachable, error.to_string()),
            other => Self::new(Reason::Other, other.to_string()),
        }
    }

    /// What the authority says before a name was to be proved: it can't have found another server there.
    pub(super) fn before_proof(problem: &Problem) -> Self {
        let failure = Self::from_problem(problem);
        let reason = if failure.reason == Reason::Elsewhere { Reason::Account } else { failure.reason };
        Self { reason, ..failure }
    }

    /// What the authority says.
    pub(super) fn from_problem(problem: &Problem) -> Self {
        // The kind of a part is nearer to the matter than that of the whole (RFC 8555, section 6.7.1).
        let part = problem.subproblems.first();
        let kind = part.and_then(|part| part.r#type.as_deref()).or(problem.r#type.as_deref()).unwrap_or_default();
        let detail = part.and_then(|part| part.detail.as_deref()).or(problem.detail.as_deref()).unwrap_or_default();
        let kind = kind.strip_prefix(KINDS).unwrap_or(kind);
        let reason = match kind {
            "dns" => Reason::Dns,
            "connection" => Reason::Connection,
            "tls" => Reason::Tls,
            "unauthorized" | "incorrectResponse" => Reason::Elsewhere,
            "caa" => Reason::Caa,
            "rateLimited" => Reason::RateLimited,
            "rejectedIdentifier" | "unsupportedIdentifier" => Reason::Rejected,
            "userActionRequired" => Reason::Terms,
            "externalAccountRequired" => Reason::ExternalAccount,
            "serverInternal" => Reason::Authority,
            _ => Reason::Other,
        };
        Self::new(reason, format!("{kind}: {detail}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.said)
    }
}

/// One line of bounded length: an authority may quote what a server answered.
fn shown(text: &str) -> String {
    let one_line = |character: char| if character.is_control() { ' ' } else { character };
    text.chars().take(LONGEST_SAID).map(one_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str) -> Failure {
        Failure::of(&Error::Api(serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn a_problem_is_told_by_its_kind_and_in_the_authoritys_words() {
        let check = |kind: &str, reason: Reason| {
            let json = format!("{{\"type\": \"{KINDS}{kind}\", \"detail\": \"no\\nway\", \"status\": 400}}");
            let expected = Failure { reason, said: format!("{kind}: no way"), until: None };
            assert_eq!(problem(&json), expected);
        };
        check("dns", Reason::Dns);
        check("connection", Reason::Connection);
        check("unauthorized", Reason::Elsewhere);
        check("caa", Reason::Caa);
        check("rateLimited", Reason::RateLimited);
        check("badCSR", Reason::Other);
        assert_eq!(problem("{}").said, ": ");
        assert_eq!(problem(&format!("{{\"detail\": \"{}\"}}", "x".repeat(9999))).said.len(), LONGEST_SAID);
    }

    #[test]
    fn a_part_of_a_problem_says_more_than_the_whole() {
        let json = format!(
            "{{\"type\": \"{KINDS}malformed\", \"detail\": \"some\", \"subproblems\": [{{\"type\": \"{KINDS}caa\", \"detail\": \"forbidden\"}}]}}"
        );
        assert_eq!((problem(&json).reason, &*problem(&json).said), (Reason::Caa, "caa: forbidden"));
    }

    #[test]
    fn who_is_refused_before_a_name_is_to_be_proved_is_not_sent_to_look_at_its_records() {
        let before = |kind: &str| {
            let json = format!("{{\"type\": \"{KINDS}{kind}\", \"detail\": \"no\"}}");
            Failure::before_proof(&serde_json::from_str(&json).unwrap()).reason
        };
        assert_eq!(before("unauthorized"), Reason::Account);
        assert_eq!(before("rateLimited"), Reason::RateLimited);
        assert!(Reason::Account.is_of_all_names());
        assert!(Reason::Account.advice("shop.example", Challenge::Http01).contains("account.json"));
    }

    #[test]
    fn a_name_that_is_not_proved_in_time_is_a_matter_of_the_name() {
        assert!(!Reason::Unproved.is_of_all_names(), "the other challenge gets its turn");
        assert!(Reason::Unproved.advice("shop.example", Challenge::Http01).contains("port 80 "));
    }

    #[test]
    fn every_advice_says_what_to_do_and_names_the_port_of_the_challenge() {
        let http = Reason::Connection.advice("shop.example", Challenge::Http01);
        assert!(http.contains("shop.example") && http.contains("port 80 "), "{http}");
        let tls = Reason::Connection.advice("shop.example", Challenge::TlsAlpn01);
        assert!(tls.contains("port 443 "), "{tls}");
        assert!(Reason::Terms.advice("shop.example", Challenge::Http01).contains("terms_of_service_agreed = true"));
    }
}
