//! Where a view from elsewhere comes from: the channel, the name, and the campaign that a link names.
//!
//! Read from the named parameters of the address and from the host of the referrer; nothing else of either is kept.

use std::sync::Arc;

use super::{
    known_sources::{CLICK_IDS, KNOWN},
    path::is_personal,
};

/// Longest word kept of a parameter, in bytes.
const LONGEST_WORD: usize = 60;
/// Parameters looked at; a link has a few.
const MOST_PARAMETERS: usize = 64;
/// Longest query that is read, in bytes.
const LONGEST_QUERY: usize = 4096;

/// The kind of place that a view comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// No place is named: an address that was typed, a bookmark, a program that names none.
    Direct,
    /// A search engine.
    Search,
    /// A click that was paid for, as its number or its link says.
    Advertising,
    /// A social network.
    Social,
    /// A site of videos.
    Video,
    /// A messenger.
    Messenger,
    /// An assistant that answers questions.
    Assistant,
    /// A map, a list of firms or of offers.
    Directory,
    /// A page that shows mail, or a link that says so.
    Mail,
    /// Another site.
    Referral,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 10] = [
        Self::Direct,
        Self::Search,
        Self::Advertising,
        Self::Social,
        Self::Video,
        Self::Messenger,
        Self::Assistant,
        Self::Directory,
        Self::Mail,
        Self::Referral,
    ];

    /// The word used in tables and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Search => "search",
            Self::Advertising => "advertising",
            Self::Social => "social",
            Self::Video => "video",
            Self::Messenger => "messenger",
            Self::Assistant => "assistant",
            Self::Directory => "directory",
            Self::Mail => "mail",
            Self::Referral => "referral",
        }
    }
}

/// Where a view comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The kind of place.
    pub channel: Channel,
    /// A known name or a domain; `direct` where none is named.
    pub name: Arc<str>,
}

/// A view from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where from.
    pub source: Source,
    /// What the link says of its campaign (`utm_campaign`).
    pub campaign: Option<Arc<str>>,
}

impl Arrival {
    /// Reads it from the query of the address and the `Referer` line (RFC 9110, section 10.1.3). What the link says of itself comes first,
    /// then the number of a click, then the referrer. `is_own` tells whether a host is the site's: then nothing is named.
    pub fn read(query: Option<&str>, referrer: Option<&str>, is_own: impl Fn(&str) -> bool) -> Self {
        let named = Named::read(query.unwrap_or_default());
        let referred = referrer.and_then(host).filter(|host| !is_own(host));
        let medium = named.medium.as_deref().and_then(channel_of_medium);
        let mut source = match (named.source, named.click, referred) {
            (Some(name), ..) => by_name(&name),
            (None, Some((name, channel)), _) => Source { channel, name: name.into() },
            (None, None, Some(host)) => by_host(&host),
            (None, None, None) => Source { channel: Channel::Direct, name: "direct".into() },
        };
        if let Some(channel) = medium {
            source.channel = channel;
        }
        Self { source, campaign: named.campaign.map(Into::into) }
    }
}

/// What a link says of itself.
#[derive(Default)]
struct Named {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    click: Option<(&'static str, Channel)>,
}

impl Named {
    fn read(query: &str) -> Self {
        let mut named = Self::default();
        let end = query.char_indices().map(|(at, _)| at).find(|at| *at > LONGEST_QUERY).unwrap_or(query.len());
        for (name, value) in url::form_urlencoded::parse(&query.as_bytes()[..end]).take(MOST_PARAMETERS) {
            let slot = match name.as_ref() {
                "utm_source" => &mut named.source,
                "ref" | "source" if named.source.is_none() => &mut named.source,
                "utm_medium" => &mut named.medium,
                "utm_campaign" => &mut named.campaign,
                other => {
                    let click = CLICK_IDS.iter().find(|(id, ..)| *id == other);
                    named.click = named.click.or(click.map(|(_, name, channel)| (*name, *channel)));
                    continue;
                }
            };
            *slot = word(&value).or(slot.take());
        }
        named
    }
}

/// A word that an operator put into a link. Whatever looks like a person's is not one.
fn word(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let is_plain = text.chars().all(|sign| sign.is_alphanumeric() || " -_.+:|/".contains(sign));
    if text.is_empty() {
        None
    } else if !is_plain || text.len() > LONGEST_WORD || is_personal(&text) {
        Some("*".to_owned())
    } else {
        Some(text)
    }
}

/// Whether a page of the site itself led here, by the referrer alone, which is all that is known without fetch headers.
pub(super) fn is_from_within(referrer: Option<&str>, is_own: impl Fn(&str) -> bool) -> bool {
    let host = referrer.and_then(full_host);
    host.is_some_and(|host| is_own(&host) || host.strip_prefix("www.").is_some_and(is_own))
}

/// The host of an address, in lower case and without `www.`.
fn host(referrer: &str) -> Option<String> {
    let host = full_host(referrer)?;
    Some(host.strip_prefix("www.").map(str::to_owned).unwrap_or(host))
}

/// The host of an address, in lower case. Apps name themselves with a scheme of their own.
fn full_host(referrer: &str) -> Option<String> {
    let rest = ["https://", "http://", "android-app://"].iter().find_map(|scheme| referrer.strip_prefix(scheme))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
    let is_name = (1..=253).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    is_name.then_some(host)
}

fn by_host(host: &str) -> Source {
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        // A bare address is nobody's name.
        return Source { channel: Channel::Referral, name: "*".into() };
    }
    let registered = psl::domain_str(host).unwrap_or(host);
    let label = registered.split('.').next().unwrap_or_default();
    let fits = |known: &str| match known.strip_suffix(".*") {
        Some(known) => known == label,
        None => host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
    };
    match KNOWN.iter().find(|(known, ..)| fits(known)) {
        Some((_, name, channel)) => Source { channel: *channel, name: (*name).into() },
        // Below the domain a host may name a customer.
        None => Source { channel: Channel::Referral, name: registered.into() },
    }
}

/// What `utm_source` and `ref` name: a known source under any of its writings, or a word of the operator's own.
fn by_name(name: &str) -> Source {
    if name.contains('.') && !name.contains(' ') {
        let bare = name.strip_prefix("www.").unwrap_or(name);
        return host(&format!("https://{bare}")).map_or_else(|| unknown(name), |host| by_host(&host));
    }
    let known = KNOWN.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name));
    match known.map(|(_, name, channel)| (*name, *channel)).or_else(|| abbreviation(name)) {
        Some((name, channel)) => Source { channel, name: name.into() },
        None => unknown(name),
    }
}

fn unknown(name: &str) -> Source {
    Source { channel: Channel::Referral, name: name.into() }
}

fn abbreviation(name: &str) -> Option<(&'static str, Channel)> {
    Some(match name {
        "ig" | "insta" => ("Instagram", Channel::Social),
        "fb" => ("Facebook", Channel::Social),
        "tg" => ("Telegram", Channel::Messenger),
        "wa" => ("WhatsApp", Channel::Messenger),
        "yt" => ("YouTube", Channel::Video),
        "vkontakte" => ("VK", Channel::Social),
        "adwords" | "google_ads" | "google-ads" => ("Google", Channel::Advertising),
        "yandex_direct" | "yandex-direct" | "direct_yandex" => ("Yandex", Channel::Advertising),
        "email" | "e-mail" | "newsletter" | "mail" => ("Newsletter", Channel::Mail),
        _ => return None,
    })
}

/// What `utm_medium` says of the channel.
fn channel_of_medium(medium: &str) -> Option<Channel> {
    Some(match medium {
        "cpc" | "ppc" | "cpm" | "cpa" | "paid" | "ads" | "banner" | "display" | "retargeting" => Channel::Advertising,
        "email" | "e-mail" | "mail" | "newsletter" => Channel::Mail,
        "social" | "smm" => Channel::Social,
        "organic" => Channel::Search,
        "referral" | "affiliate" => Channel::Referral,
        "messenger" | "sms" => Channel::Messenger,
        "video" => Channel::Video,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, referrer: &str, channel: Channel, name: &str, campaign: Option<&str>) {
        let is_own = |host: &str| host == "shop.example" || host.ends_with(".shop.example");
        let referrer = (!referrer.is_empty()).then_some(referrer);
        let found = Arrival::read((!query.is_empty()).then_some(query), referrer, is_own);
        let expected = Arrival { source: Source { channel, name: name.into() }, campaign: campaign.map(Into::into) };
        assert_eq!(found, expected, "{query} {referrer:?}");
    }

    #[test]
    fn the_link_comes_before_the_click_and_the_click_before_the_referrer() {
        let google = "https://www.google.kz/search?q=patent+of+petr";
        check("", "", Channel::Direct, "direct", None);
        check("", google, Channel::Search, "Google", None);
        check("gclid=abc", google, Channel::Advertising, "Google", None);
        check("ysclid=abc", "https://yandex.kz/", Channel::Search, "Yandex", None);
        check("fbclid=abc", "", Channel::Social, "Facebook", None);
        check("utm_source=ig&utm_campaign=Spring%20Sale", google, Channel::Social, "Instagram", Some("spring sale"));
        check("utm_source=google&utm_medium=cpc", "", Channel::Advertising, "Google", None);
        check("utm_source=Partner-One&utm_medium=email", "", Channel::Mail, "partner-one", None);
        check("ref=producthunt.com", "", Channel::Referral, "producthunt.com", None);
        check("ref=x&utm_source=tg", "", Channel::Messenger, "Telegram", None);
        check("utm_source=tg&ref=x", "", Channel::Messenger, "Telegram", None);
    }

    #[test]
    fn referrers_are_known_by_host_and_others_by_their_domain() {
        for (referrer, channel, name) in [
            ("https://google.com.tr/", Channel::Search, "Google"),
            ("https://mail.google.com/mail/u/0/", Channel::Mail, "Gmail"),
            ("https://l.instagram.com/?u=x", Channel::Social, "Instagram"),
            ("https://2gis.kz/astana", Channel::Directory, "2GIS"),
            ("https://chatgpt.com/", Channel::Assistant, "ChatGPT"),
            ("android-app://org.telegram.messenger/", Channel::Messenger, "Telegram"),
            ("https://petr-ivanov.blog.example.com/secret?token=1", Channel::Referral, "example.com"),
            ("https://notgoogle.evil.com/", Channel::Referral, "evil.com"),
            ("https://user:password@t.me/x", Channel::Messenger, "Telegram"),
            ("http://203.0.113.77:8080/", Channel::Referral, "*"),
            ("https://shop.example/other", Channel::Direct, "direct"),
            ("about:blank", Channel::Direct, "direct"),
            ("https:///", Channel::Direct, "direct"),
        ] {
            check("", referrer, channel, name, None);
        }
    }

    #[test]
    fn words_that_look_like_a_persons_are_not_kept() {
        check("utm_source=petr@mail.kz", "", Channel::Referral, "*", None);
        check("utm_source=a&utm_campaign=85061745062800", "", Channel::Referral, "a", Some("*"));
        check("utm_source=a&utm_campaign=<script>", "", Channel::Referral, "a", Some("*"));
        check("utm_source=&utm_campaign=", "", Channel::Direct, "direct", None);
    }
}
