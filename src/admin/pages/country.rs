//! Why a visitor is taken to be in a country: what the database says about a network, and what follows from it on each site.
//!
//! An address comes in the body of a form and leaves this file as its network alone. Nothing of it is kept or logged.

use std::net::IpAddr;

use askama::Template;

use super::{Frame, Page, Words, rendered};
use crate::{
    admin::{Administration, sign_in::SignedIn},
    consent::{Country, Model},
    gateway::ModelOfSite,
    geo::{Answer, Described},
    visitor::{ClientAddress, TruncatedAddress},
};

#[derive(Template)]
#[template(path = "country.html", config = "src/admin/askama.toml")]
struct CountryPage {
    frame: Frame,
    database: Option<Described>,
    /// What was typed is no address.
    is_refused: bool,
    found: Option<Found>,
}

/// What was found for one network.
struct Found {
    network: String,
    answer: Option<Answer>,
    /// The database answers for a part of the network alone.
    is_split: bool,
    sites: Vec<Shown>,
}

/// How one site asks.
struct Shown {
    site: String,
    configured: &'static str,
    listed: String,
    holds: &'static str,
    why: &'static str,
}

/// The page with its form.
pub(super) fn page(frame: Frame, admin: &Administration) -> String {
    let database = admin.gateway.present().countries().described();
    shown(CountryPage { frame, database, is_refused: false, found: None })
}

/// The page with the answer about an address, or the page that says that the text is none.
pub(in crate::admin) fn found(
    words: Words,
    account: &SignedIn,
    admin: &Administration,
    text: &str,
) -> Result<String, String> {
    let frame = Frame::of(words, Some(account), Some(Page::Country));
    let present = admin.gateway.present();
    let countries = present.countries();
    let Some(network) = network(text) else {
        let database = countries.described();
        return Err(shown(CountryPage { frame, database, is_refused: true, found: None }));
    };
    let (database, answer) = countries.explain(network).unzip();
    let country = answer.as_ref().and_then(|answer| answer.country);
    let sites = present.models_in(country).map(|site| Shown::of(words, site, country)).collect();
    let is_split = answer.as_ref().is_some_and(|answer| answer.prefix > network.prefix());
    let found = Found { network: format!("{network}/{}", network.prefix()), answer, is_split, sites };
    Ok(shown(CountryPage { frame, database, is_refused: false, found: Some(found) }))
}

/// The network of an address: all that is left of it.
fn network(text: &str) -> Option<TruncatedAddress> {
    let address: IpAddr = text.trim().parse().ok()?;
    Some(ClientAddress::new(address).truncate())
}

fn shown(mut page: CountryPage) -> String {
    page.frame.title = page.frame.say_all("Почему эта страна", "Неге бұл ел", "Why this country");
    rendered(&page)
}

impl Shown {
    fn of(words: Words, site: ModelOfSite<'_>, country: Option<Country>) -> Self {
        let model = |model| match model {
            Model::OptIn => "opt-in",
            Model::Notice => "notice",
        };
        let why = match (site.configured, country, site.is_listed) {
            (Model::OptIn, ..) => words.of_all(
                "Так настроено для всех стран.",
                "Барлық елге осылай бапталған.",
                "It is configured so for every country.",
            ),
            (Model::Notice, None, _) => words.of_all(
                "Страна неизвестна, поэтому действует opt-in.",
                "Ел белгісіз, сондықтан opt-in қолданылады.",
                "The country is unknown, so opt-in holds.",
            ),
            (Model::Notice, Some(_), true) => {
                words.of_all("Страна есть в списке.", "Ел тізімде бар.", "The country is in the list.")
            }
            (Model::Notice, Some(_), false) => {
                words.of_all("Страны нет в списке.", "Ел тізімде жоқ.", "The country is not in the list.")
            }
        };
        Self {
            site: site.site.to_owned(),
            configured: model(site.configured),
            listed: site.opt_in_countries.iter().map(Country::as_str).collect::<Vec<_>>().join(", "),
            holds: model(site.holds),
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_network_alone_is_left() {
        let check = |text: &str, expected: Option<&str>| {
            let network = network(text).map(|network| format!("{network}/{}", network.prefix()));
            assert_eq!(network.as_deref(), expected, "{text}");
        };
        check(" 203.0.113.77\n", Some("203.0.113.0/24"));
        check("::ffff:203.0.113.77", Some("203.0.113.0/24"));
        check("2001:db8:1:2::3", Some("2001:db8:1::/48"));
        for text in ["", "203.0.113", "203.0.113.77:80", "shop.example", "203.0.113.0/24"] {
            check(text, None);
        }
    }
}
