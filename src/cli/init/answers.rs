//! What is asked, in its order, and what an answer means.

use std::net::IpAddr;

use super::{
    InitArguments, InitError,
    asking::{Asking, Question},
};
use crate::visitor::Language;

/// Everything that a configuration needs. At first it holds what is right in form, so that each answer can be checked by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) hosts: Vec<String>,
    pub(super) upstream: String,
    pub(super) controller: String,
    pub(super) number: String,
    pub(super) address: String,
    pub(super) email: String,
    pub(super) https: Https,
    pub(super) languages: Vec<String>,
    pub(super) mode: Mode,
    pub(super) third_parties: String,
    pub(super) cross_border: String,
}

/// How visitors reach the site by https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Https {
    /// Kelisim ends TLS, with certificates of an authority, to whose terms somebody agreed.
    Authority,
    /// Kelisim ends TLS, with these files.
    Files { certificate: String, key: String },
    /// Another one in front does, from these addresses.
    Proxy(Vec<String>),
    /// Nobody does.
    None,
}

/// What is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Observe,
    Strict,
}

impl Mode {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Strict => "strict",
        }
    }
}

/// What stands in the notice where nobody was asked: that there is none.
pub(super) const NONE: &str = "нет";

impl Answers {
    fn in_form() -> Self {
        Self {
            hosts: vec!["example.kz".to_owned()],
            upstream: "http://127.0.0.1:8080".to_owned(),
            controller: "Shop LLP".to_owned(),
            number: "260140000005".to_owned(),
            address: "Республика Казахстан, г. Астана".to_owned(),
            email: "privacy@example.kz".to_owned(),
            https: Https::None,
            languages: Language::ALL.map(|language| language.tag().to_owned()).to_vec(),
            mode: Mode::Observe,
            third_parties: NONE.to_owned(),
            cross_border: NONE.to_owned(),
        }
    }

    /// Asks everything that no option has answered.
    pub(super) fn ask(arguments: &InitArguments, asking: &mut Asking<'_>) -> Result<Self, InitError> {
        let mut answers = Self::in_form();
        asking.say("Six questions; Enter takes what stands in [brackets].\n\n1. The site")?;
        let question = Question {
            text: "Its names, with commas between",
            option: "--hosts",
            given: arguments.hosts.as_deref(),
            default: None,
        };
        asking.ask(&question, &mut answers, |text, answers| {
            answers.hosts = listed(text);
            Ok(())
        })?;
        asking.say("\n2. Where the site itself listens, behind Kelisim")?;
        let question = Question {
            text: "Its address",
            option: "--upstream",
            given: arguments.upstream.as_deref(),
            default: Some(answers.upstream.clone()),
        };
        asking.ask(&question, &mut answers, |text, answers| {
            text.clone_into(&mut answers.upstream);
            Ok(())
        })?;
        controller(arguments, asking, &mut answers)?;
        https(arguments, asking, &mut answers)?;
        asking.say("\n5. The languages of the banner; the first one is shown where a browser asks for none of them")?;
        let question = Question {
            text: "Languages",
            option: "--languages",
            given: arguments.languages.as_deref(),
            default: Some(answers.languages.join(", ")),
        };
        asking.ask(&question, &mut answers, |text, answers| {
            answers.languages = listed(text);
            Ok(())
        })?;
        mode(arguments, asking, &mut answers)?;
        Ok(answers)
    }
}

fn controller(arguments: &InitArguments, asking: &mut Asking<'_>, answers: &mut Answers) -> Result<(), InitError> {
    asking.say("\n3. Who answers for the processing of visitors' data, as the policy of the site says it")?;
    let question =
        Question { text: "Name", option: "--controller", given: arguments.controller.as_deref(), default: None };
    asking.ask(&question, answers, |text, answers| {
        text.clone_into(&mut answers.controller);
        Ok(())
    })?;
    let question = Question {
        text: "BIN or IIN, 12 digits",
        option: "--number",
        given: arguments.number.as_deref(),
        default: None,
    };
    asking.ask(&question, answers, |text, answers| {
        answers.number = text.split_whitespace().collect();
        Ok(())
    })?;
    let question = Question {
        text: "Postal address",
        option: "--address",
        given: arguments.address.as_deref(),
        default: Some(answers.address.clone()),
    };
    asking.ask(&question, answers, |text, answers| {
        text.clone_into(&mut answers.address);
        Ok(())
    })?;
    let own = answers.hosts[0].trim_start_matches("*.").trim_start_matches("www.").to_owned();
    let question = Question {
        text: "E-mail for requests of visitors",
        option: "--email",
        given: arguments.email.as_deref(),
        default: own.contains('.').then(|| format!("privacy@{own}")),
    };
    asking.ask(&question, answers, |text, answers| {
        text.clone_into(&mut answers.email);
        Ok(())
    })
}

fn https(arguments: &InitArguments, asking: &mut Asking<'_>, answers: &mut Answers) -> Result<(), InitError> {
    asking.say(
        "\n4. How visitors come by https: authority (Let's Encrypt issues and renews a certificate; ports 80 and 443 must be reached from the \
         internet), files (you have one), proxy (another one in front ends TLS), none (to try it)",
    )?;
    let [certificate, key] = ["pem", "key"].map(|ending| format!("tls/{}.{ending}", answers.hosts[0]));
    let there = asking.folder.join(&certificate).exists();
    let question = Question {
        text: "Way",
        option: "--https",
        given: arguments.https.as_deref(),
        default: Some(if there { "files" } else { "authority" }.to_owned()),
    };
    let mut way = String::new();
    asking.ask(&question, answers, |text, _| {
        text.clone_into(&mut way);
        let known = ["authority", "files", "proxy", "none"].contains(&text);
        if known { Ok(()) } else { Err("write authority, files, proxy or none".to_owned()) }
    })?;
    match way.as_str() {
        "authority" => {
            let question = Question {
                text: "Have you read the terms of Let's Encrypt (letsencrypt.org/repository), and agree? yes or no",
                option: "--terms-agreed",
                given: arguments.terms_agreed.as_deref(),
                default: None,
            };
            asking.ask(&question, answers, |text, answers| {
                answers.https = Https::Authority;
                if text == "yes" {
                    Ok(())
                } else {
                    Err("it gives no certificate otherwise; write yes, or take another way".to_owned())
                }
            })
        }
        "files" => {
            // The certificate can be looked at only with its key, so both are checked with the second answer.
            let question = Question {
                text: "File of the certificate, with its chain",
                option: "--certificate",
                given: arguments.certificate.as_deref(),
                default: Some(certificate),
            };
            let mut chain = String::new();
            let folder = asking.folder.to_owned();
            asking.ask(&question, answers, |text, _| {
                text.clone_into(&mut chain);
                if folder.join(text).is_file() { Ok(()) } else { Err(format!("there is no file {text}")) }
            })?;
            let question = Question {
                text: "File of its private key",
                option: "--key",
                given: arguments.key.as_deref(),
                default: Some(key),
            };
            asking.ask(&question, answers, |text, answers| {
                answers.https = Https::Files { certificate: chain.clone(), key: text.to_owned() };
                Ok(())
            })
        }
        "proxy" => {
            let question = Question {
                text: "Addresses of the proxy",
                option: "--proxy",
                given: arguments.proxy.as_deref(),
                default: Some("127.0.0.1, ::1".to_owned()),
            };
            asking.ask(&question, answers, |text, answers| {
                answers.https = Https::Proxy(listed(text));
                Ok(())
            })
        }
        _ => {
            answers.https = Https::None;
            Ok(())
        }
    }
}

fn mode(arguments: &InitArguments, asking: &mut Asking<'_>, answers: &mut Answers) -> Result<(), InitError> {
    asking.say(
        "\n6. What is done: observe (nobody is asked, nothing is blocked, what the site uses is noted: begin so), strict (the policy is enforced)",
    )?;
    let question = Question {
        text: "Mode",
        option: "--mode",
        given: arguments.mode.as_deref(),
        default: Some(answers.mode.name().to_owned()),
    };
    asking.ask(&question, answers, |text, answers| {
        let known = [Mode::Observe, Mode::Strict].into_iter().find(|mode| mode.name() == text);
        answers.mode = known.ok_or("write observe or strict")?;
        Ok(())
    })?;
    if answers.mode == Mode::Observe {
        return Ok(());
    }
    asking.say("  Visitors are told at once, so two statements of law belong to it.")?;
    let question = Question {
        text: "Who else receives data of visitors",
        option: "--third-parties",
        given: arguments.third_parties.as_deref(),
        default: Some(NONE.to_owned()),
    };
    asking.ask(&question, answers, |text, answers| {
        text.clone_into(&mut answers.third_parties);
        Ok(())
    })?;
    let question = Question {
        text: "To which other countries it goes",
        option: "--cross-border",
        given: arguments.cross_border.as_deref(),
        default: Some(NONE.to_owned()),
    };
    asking.ask(&question, answers, |text, answers| {
        text.clone_into(&mut answers.cross_border);
        Ok(())
    })
}

/// Words with commas or spaces between.
fn listed(text: &str) -> Vec<String> {
    text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Https {
    /// Whether all of these proxies are on this machine.
    pub(super) fn is_of_this_machine(addresses: &[String]) -> bool {
        addresses.iter().all(|address| address.parse().is_ok_and(|address: IpAddr| address.is_loopback()))
    }
}
