//! What the visitor's browser sends: scripts and hits of each preset, with marks in every field that is known to carry one.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::marks::{ACCOUNT, ADDRESS, AGENT, CLICK, COOKIE, MAIL, QUERY, TOKEN};
use crate::analytics::Preset;

/// A request below the path of an analytics server.
pub(super) struct Hit {
    pub(super) method: &'static str,
    /// Below the path, with the query.
    pub(super) below: String,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: String,
}

impl Hit {
    fn get(below: impl Into<String>) -> Self {
        Self { method: "GET", below: below.into(), content_type: None, body: String::new() }
    }

    fn post(below: impl Into<String>, content_type: &'static str, body: String) -> Self {
        Self { method: "POST", below: below.into(), content_type: Some(content_type), body }
    }
}

const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain;charset=UTF-8";

/// A script and hits of the preset.
pub(super) fn of(preset: Preset) -> Vec<Hit> {
    let page = page();
    match preset {
        Preset::Matomo => {
            let hit = form(&[
                ("idsite", "1"),
                ("rec", "1"),
                ("action_name", &title()),
                ("url", &page),
                ("urlref", &page),
                ("_id", "0123456789abcdef"),
                ("cid", ACCOUNT),
                ("uid", ACCOUNT),
                ("cip", ADDRESS),
                ("token_auth", TOKEN),
                ("country", ACCOUNT),
                ("ua", AGENT),
                ("uadata", &format!("{{\"model\":\"{AGENT}\"}}")),
                ("e_n", &format!("opened {page}")),
                ("cvar", &format!("{{\"1\":[\"mail\",\"{MAIL}\"]}}")),
                ("res", "1080x2400"),
            ]);
            let bulk = json!({ "requests": [format!("?{hit}")], "token_auth": TOKEN }).to_string();
            vec![
                Hit::get(format!("matomo.js?uid={ACCOUNT}")),
                Hit::get(format!("matomo.php?{hit}")),
                Hit::post(format!("matomo.php?cip={ADDRESS}&token_auth={TOKEN}"), FORM, hit),
                Hit::post("matomo.php", FORM, bulk),
            ]
        }
        Preset::Umami => {
            let payload = json!({
                "website": "00000000-0000-4000-8000-000000000000",
                "hostname": "shop.example",
                "title": title(),
                "url": page,
                "referrer": page,
                "screen": "1080x2400",
                "language": "kk-KZ",
                "ip": ADDRESS,
                "userAgent": AGENT,
                "id": ACCOUNT,
                "name": "opened",
                "data": { "mail": MAIL, "to": [page] },
            });
            let hit = |kind: &str| json!({ "type": kind, "payload": payload }).to_string();
            vec![
                Hit::get(format!("script.js?id={ACCOUNT}")),
                Hit::post("api/send", JSON, hit("event")),
                Hit::post("api/send", JSON, hit("performance")),
            ]
        }
        Preset::Plausible => {
            let props = json!({ "mail": MAIL, "to": page });
            let hit = |props: serde_json::Value| {
                json!({ "n": "pageview", "d": "shop.example", "u": page, "r": page, "p": props, "m": props.to_string(),
                    "uid": ACCOUNT, "ip": ADDRESS, "user_agent": AGENT })
            };
            vec![
                Hit::get(format!("js/script.js?id={ACCOUNT}")),
                Hit::post(format!("api/event?ip={ADDRESS}"), TEXT, hit(props.clone()).to_string()),
                Hit::post("api/event", JSON, hit(props.to_string().into()).to_string()),
            ]
        }
        Preset::Google => {
            let common = form(&[
                ("v", "2"),
                ("tid", "G-CANARY"),
                ("cid", "123.456"),
                ("uid", ACCOUNT),
                ("_uip", ADDRESS),
                ("em", MAIL),
                ("uafvl", AGENT),
                ("uam", AGENT),
                ("gclid", CLICK),
                ("dl", &page),
                ("dr", &page),
                ("dt", &title()),
            ]);
            let event = form(&[("en", "click"), ("ep.mail", MAIL), ("ep.link_url", &page), ("up.name", ACCOUNT)]);
            vec![
                Hit::get(format!("gtag/js?id=G-CANARY&gclid={CLICK}")),
                Hit::get(format!("g/collect?{common}&{event}")),
                Hit::post(format!("g/collect?{common}"), TEXT, format!("{event}\n{event}")),
            ]
        }
    }
}

/// The address of a page as it should never be known.
pub(super) fn page() -> String {
    format!(
        "https://{ACCOUNT}@shop.example/leave/{MAIL};jsessionid={COOKIE}?mail={MAIL}&q={QUERY}&gclid={CLICK}&utm_source=letter#{QUERY}"
    )
}

/// A title with marks in every company: alone, before a colon, behind a label, as a host, and glued to the address of a page.
fn title() -> String {
    format!(
        "Page for {MAIL} at {ADDRESS}, {ADDRESS}: ip:{ADDRESS} http://{ADDRESS}/ {MAIL},https://shop.example/ results?q={QUERY}"
    )
}

fn form(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}
