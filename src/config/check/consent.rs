//! `[site.consent]`: the model, what can be accepted, and the editions of the policy.

use toml::Spanned;

use crate::{
    config::{context::Context, file::Table, keys, policy, value},
    consent::{Category, CategorySet, Country, Edition, EditionId, Editions, Model, Settings},
    pages::EditionText,
    timestamp::{Term, Timestamp},
};

/// How long a choice is valid unless configured otherwise.
const VALID_FOR: Term = Term { months: 6, days: 0 };

/// How long browsers keep a cookie at most, in days (RFC 6265bis, section 5.5).
const LONGEST_COOKIE: u32 = 400;

/// The name of the edition of a site without a policy: what the visitor answers is the notice itself.
const NOTICE_EDITION: &str = "notice";

/// A policy that is not in force yet can't be asked about: the banner would name it as if it were.
fn refuse_future(context: &Context, folder: std::ops::Range<usize>, editions: &Editions) {
    let first = editions.iter().next().expect("there is at least one");
    if first.effective > context.now {
        context.fault(
            folder,
            format!(
                "no edition of the policy is in force yet: the first, `{}`, begins on {}",
                first.id,
                first.effective.date()
            ),
            "add the edition that is in force now, or keep `mode = \"observe\"` and leave `policy` out until that day",
        );
    }
}

/// What the table says, with the texts of the editions.
pub(super) struct Consent {
    pub(super) settings: Settings,
    pub(super) texts: Vec<EditionText>,
}

pub(super) fn check(site: &mut Table<'_>, has_geo: bool) -> Option<Consent> {
    let context = site.context;
    let offer_by_default = CategorySet::EMPTY.with(Category::Functional).with(Category::Analytical);
    if !site.has("consent") {
        let (editions, texts) = notice_alone(offer_by_default);
        let settings = Settings {
            model: Model::default(),
            opt_in_countries: default_countries(),
            offer: offer_by_default,
            valid_for: VALID_FOR,
            editions,
        };
        return Some(Consent { settings, texts });
    }
    let mut table = site.table("consent", &keys::CONSENT)?;
    let model = table.parsed("model", value::word(&[("opt-in", Model::OptIn), ("notice", Model::Notice)]));
    let opt_in_countries = countries(&mut table);
    if let Some(model) = model.as_ref()
        && *model.get_ref() == Model::Notice
        && !opt_in_countries.is_empty()
        && !has_geo
    {
        context.fault(
            model.span(),
            "`notice` must know who is in `opt_in_countries`, and there is no database of countries",
            "add [geo] with `database`, or write `model = \"opt-in\"`",
        );
    }
    let offer = table.list("offer", value::offered_category);
    let offer_span = offer.as_ref().map_or_else(|| table.span.clone(), Spanned::span);
    let offer = offer.map_or(offer_by_default, |list| list.into_inner().into_iter().map(Spanned::into_inner).collect());
    let valid_for = table.parsed("valid_for", value::term);
    if let Some(term) = valid_for.as_ref().filter(|term| is_longer_than_cookies(*term.get_ref())) {
        let remedy = "write at most `13 months`";
        context.warning(
            term.span(),
            "browsers keep a cookie for at most 400 days, so they ask again after that",
            remedy,
        );
    }
    let (editions, texts) = match table.text("policy") {
        Some(folder) => {
            let (editions, texts) = policy::read(context, folder.span(), &context.resolve(folder.get_ref()))?;
            let editions = Editions::new(editions).expect("ids are unique and there is at least one");
            refuse_future(context, folder.span(), &editions);
            (editions, texts)
        }
        None => notice_alone(offer),
    };
    compare(context, offer_span, offer, &editions);
    let settings = Settings {
        model: model.map(Spanned::into_inner).unwrap_or_default(),
        opt_in_countries,
        offer,
        valid_for: valid_for.map_or(VALID_FOR, Spanned::into_inner),
        editions,
    };
    Some(Consent { settings, texts })
}

/// What is offered must be described by the edition in force; what is described and not offered is worth a word.
fn compare(context: &Context, span: std::ops::Range<usize>, offer: CategorySet, editions: &Editions) {
    let in_force = editions.in_force(context.now);
    for category in offer.iter().filter(|category| !in_force.categories.contains(*category)) {
        context.fault(
            span.clone(),
            format!(
                "`{category}` is offered, and edition `{}` of the policy, which is in force, does not describe it",
                in_force.id
            ),
            format!("write `offer` without `{category}`, or publish an edition that describes it"),
        );
    }
    for edition in editions.iter().filter(|edition| edition.effective > context.now) {
        for category in offer.iter().filter(|category| !edition.categories.contains(*category)) {
            let what = format!(
                "`{category}` is offered, and edition `{}` will not describe it from {}",
                edition.id,
                edition.effective.date()
            );
            context.warning(span.clone(), what, format!("write `offer` without `{category}` before that day"));
        }
    }
    for category in in_force.categories.iter().filter(|category| !offer.contains(*category)) {
        let what = format!("edition `{}` of the policy describes `{category}`, and it is not offered", in_force.id);
        context.warning(span.clone(), what, format!("add `{category}` to `offer`; until then its cookies never pass"));
    }
}

fn countries(table: &mut Table<'_>) -> Vec<Country> {
    let Some(listed) = table.list("opt_in_countries", value::countries) else { return default_countries() };
    sorted(listed.into_inner().into_iter().flat_map(Spanned::into_inner))
}

fn sorted(countries: impl Iterator<Item = Country>) -> Vec<Country> {
    let mut countries: Vec<_> = countries.collect();
    countries.sort();
    countries.dedup();
    countries
}

/// Where the law asks for a choice before anything optional is stored (Directive 2002/58/EC, Article 5(3)).
fn default_countries() -> Vec<Country> {
    sorted(["EU", "GB"].into_iter().filter_map(|code| value::countries(code).ok()).flatten())
}

fn is_longer_than_cookies(term: Term) -> bool {
    let start = Timestamp::default();
    term.after(start) > Term { months: 0, days: LONGEST_COOKIE }.after(start)
}

/// The only edition where no policy is configured.
fn notice_alone(offer: CategorySet) -> (Editions, Vec<EditionText>) {
    let edition = Edition {
        id: EditionId::parse(NOTICE_EDITION).expect("the name is written here"),
        effective: Timestamp::default(),
        categories: offer,
        asks_again: false,
    };
    (Editions::new(vec![edition]).expect("there is one"), Vec::new())
}
