//! `[site.signals]`: the tools of others that are told what is allowed.

use toml::Spanned;

use crate::{
    config::{context::Advice, file::Table, keys},
    pages::Signals,
};

/// Checks the table; without it nobody is told.
pub(super) fn check(site: &mut Table<'_>) -> Signals {
    let Some(mut table) = site.table("signals", &keys::SIGNALS) else { return Signals::default() };
    let mut flag = |key| table.boolean(key).is_some_and(Spanned::into_inner);
    let (google, matomo, meta) = (flag("google"), flag("matomo"), flag("meta"));
    let counters = table.list("yandex_metrica", |text| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number.ok_or_else(|| {
            Advice::new(format!("`{text}` is not the number of a counter"), "write its digits in quotation marks")
        })
    });
    let counters = counters.map(Spanned::into_inner).unwrap_or_default();
    Signals { google, matomo, meta, yandex_metrica: counters.into_iter().map(Spanned::into_inner).collect() }
}
