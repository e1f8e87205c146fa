//! What traffic showed and nobody has named, and the lines that wait to be applied.

use crate::{
    admin,
    cli::{
        control,
        doctor::facts::{Facts, Gateway, Unknown},
    },
    config::Configuration,
    cookies::Catalogue,
    gateway::{Mode, SiteSettings},
    inventory::{self, Configured, Item, SiteInventory, Standing, What},
    routing::{ForeignHosts, known_hosts},
    store,
};

pub(super) fn look(configuration: &Configuration, facts: &mut Facts) {
    let state_dir = &configuration.state_dir;
    // One that does not answer is not asked a second time: it would be waited for much longer.
    if matches!(facts.gateway, Gateway::Running(_))
        && let Err(error) = control::ask_for_inventory(state_dir)
    {
        facts.not_seen.push(format!("the last minute of the inventory: {error}"));
    }
    match admin::waiting_lines(state_dir) {
        Ok(lines) => facts.waiting_lines = lines.len(),
        Err(error) => facts.not_seen.push(format!("lines that wait to be applied: {error}")),
    }
    let text = match store::read_inventory(state_dir) {
        Ok(text) => text,
        Err(error) => {
            facts.not_seen.push(format!("the inventory: {error}"));
            return;
        }
    };
    let catalogues: Vec<_> = configuration
        .sites
        .iter()
        .map(|site| (site, Catalogue::new(configuration.catalogue.clone(), site.cookies.clone())))
        .collect();
    let of = |name: &str| catalogues.iter().find(|(site, _)| site.name == name).map(|(_, catalogue)| catalogue);
    let seen = match text.map(|text| inventory::read(&text, of)) {
        None => return,
        Some(Ok(seen)) => seen,
        Some(Err(fault)) => {
            facts.not_seen.push(format!("the inventory: {fault}"));
            return;
        }
    };
    for (site, catalogue) in &catalogues {
        if let Some(seen) = seen.get(&site.name) {
            facts.unknown.push(unknown(site, catalogue, seen));
        }
    }
}

fn unknown(site: &SiteSettings, catalogue: &Catalogue, seen: &SiteInventory) -> Unknown {
    let known = known_hosts();
    let storage = Catalogue::new(Vec::new(), site.storage.clone());
    let hosts = ForeignHosts::new(site.hosts.clone(), site.foreign_hosts.clone());
    let items = inventory::items(seen, Configured { catalogue, storage: &storage, hosts: &hosts, known: &known });
    let unnamed: Vec<&Item> = items.iter().filter(|item| matches!(item.standing, Standing::Unknown { .. })).collect();
    let count = |is_it: fn(&What) -> bool| unnamed.iter().filter(|item| is_it(&item.what)).count();
    Unknown {
        site: site.name.clone(),
        cookies: unnamed
            .iter()
            .filter(|item| matches!(item.what, What::Cookie(_)))
            .map(|item| item.name.clone())
            .collect(),
        hosts: count(|what| matches!(what, What::Host(_))),
        keys: count(|what| matches!(what, What::Key(_))),
        is_strict: site.mode == Mode::Strict,
    }
}
