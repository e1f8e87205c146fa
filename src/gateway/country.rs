//! What follows from a country: which model of consent holds on each site. For whoever asks why a visitor was asked the way they were.

use std::sync::Arc;

use super::Shared;
use crate::{
    consent::{self, Country, Model, notice_applies},
    geo::Countries,
};

/// How one site asks visitors from one country.
#[derive(Clone, Copy, Debug)]
pub struct ModelOfSite<'a> {
    /// The site's name.
    pub site: &'a str,
    /// What is configured.
    pub configured: Model,
    /// Where opt-in holds whatever is configured …
    pub opt_in_countries: &'a [Country],
    /// … and whether the country is one of them.
    pub is_listed: bool,
    /// What holds.
    pub holds: Model,
}

impl Shared {
    /// Countries by address.
    pub fn countries(&self) -> &Arc<Countries> {
        &self.countries
    }

    /// Which model of consent holds on each site for visitors from a country, or from one that is not known.
    pub fn models_in(&self, country: Option<Country>) -> impl Iterator<Item = ModelOfSite<'_>> {
        self.sites.iter().map(move |site| ModelOfSite {
            site: &site.name,
            configured: site.consent.model,
            opt_in_countries: &site.consent.opt_in_countries,
            is_listed: country.is_some_and(|country| site.consent.opt_in_countries.contains(&country)),
            holds: model_in(&site.consent, country),
        })
    }
}

/// The model of consent that holds for visitors from a country.
pub(super) fn model_in(settings: &consent::Settings, country: Option<Country>) -> Model {
    if notice_applies(settings, country) { Model::Notice } else { Model::OptIn }
}
