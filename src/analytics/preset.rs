//! The presets as data: which paths a server shows to visitors, and which cookies it may have.

use http::Method;

use super::fields::{self, Fields};

/// A kind of analytics server that can stand behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Matomo, on a server of the operator's or of a provider.
    Matomo,
    /// Umami.
    Umami,
    /// Plausible.
    Plausible,
    /// Google Analytics and Tag Manager through the Google tag gateway.
    Google,
}

/// Hosts from which browsers load Yandex.Metrica, and to which it sends. Its script names them itself, so nothing of it can be led through
/// a gateway (from Yandex's own list for content-security policies).
pub const METRICA_HOSTS: [&str; 10] = [
    "mc.yandex.ru",
    "mc.yandex.com",
    "mc.yandex.kz",
    "mc.yandex.by",
    "mc.yandex.uz",
    "mc.yandex.kg",
    "mc.yandex.az",
    "mc.webvisor.com",
    "mc.webvisor.org",
    "yastatic.net",
];

/// What a public path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A script that will measure.
    Script,
    /// Where a measurement is sent.
    Hit,
}

/// A path below a route that visitors' browsers may ask for; one `*` stands for letters, digits, `-`, `_` and `.`.
type Public = (&'static str, Use);

/// How the body of a hit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyForm {
    /// A form, or JSON with several queries.
    MatomoForm,
    /// A JSON object.
    Json,
    /// One query a line.
    Lines,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 4] = [Self::Matomo, Self::Umami, Self::Plausible, Self::Google];

    /// The word used in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matomo => "matomo",
            Self::Umami => "umami",
            Self::Plausible => "plausible",
            Self::Google => "google",
        }
    }

    /// What is asked for by this method at this path below the route, if it is anything that visitors are shown.
    pub(super) fn public(self, method: &Method, path: &str) -> Option<Use> {
        let (_, what) = *self.paths().iter().find(|(pattern, _)| fits(pattern, path))?;
        let may = match what {
            Use::Script => matches!(*method, Method::GET | Method::HEAD),
            Use::Hit => *method == Method::POST || (*method == Method::GET && self.takes_get()),
        };
        may.then_some(what)
    }

    fn paths(self) -> &'static [Public] {
        use Use::{Hit, Script};
        match self {
            Self::Matomo => &[
                ("matomo.php", Hit),
                ("piwik.php", Hit),
                ("matomo.js", Script),
                ("piwik.js", Script),
                ("js/container_*.js", Script),
            ],
            Self::Umami => &[("api/send", Hit), ("script.js", Script)],
            Self::Plausible => &[("api/event", Hit), ("js/script*.js", Script), ("js/pa-*.js", Script)],
            Self::Google => &[
                ("g/collect", Hit),
                ("ga/g/c", Hit),
                ("", Script),
                ("gtag/js", Script),
                ("gtag/destination", Script),
                ("gtm.js", Script),
            ],
        }
    }

    fn takes_get(self) -> bool {
        matches!(self, Self::Matomo | Self::Google)
    }

    /// Whether the server knows the path of the route, so that it stays in front of what is asked.
    pub(super) fn keeps_path(self) -> bool {
        self == Self::Google
    }

    /// Names of cookies that the server may have and set; a trailing `*` stands for any rest. What the visitor's choice refuses goes before.
    ///
    /// Scripts of Matomo send what they keep in `_pk_…` as parameters: its server needs only what says that somebody opted out or agreed there.
    pub fn cookies(self) -> &'static [&'static str] {
        match self {
            Self::Matomo => {
                &["matomo_ignore", "piwik_ignore", "mtm_consent", "mtm_cookie_consent", "mtm_consent_removed"]
            }
            Self::Google => &["_ga", "_ga_*", "FPID", "FPLC"],
            Self::Umami | Self::Plausible => &[],
        }
    }

    /// The parameters of a hit that pass, and what becomes of each.
    pub(super) fn hit_fields(self) -> &'static Fields {
        match self {
            Self::Matomo => fields::MATOMO,
            Self::Umami => fields::UMAMI,
            Self::Plausible => fields::PLAUSIBLE,
            Self::Google => fields::GOOGLE,
        }
    }

    /// The parameters of a script's address that pass.
    pub(super) fn script_fields(self) -> &'static Fields {
        if self == Self::Google { fields::GOOGLE_SCRIPT } else { fields::SCRIPT }
    }

    pub(super) fn body_form(self) -> BodyForm {
        match self {
            Self::Matomo => BodyForm::MatomoForm,
            Self::Umami | Self::Plausible => BodyForm::Json,
            Self::Google => BodyForm::Lines,
        }
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let Some((start, end)) = pattern.split_once('*') else { return pattern == path };
    let middle = path.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    middle.is_some_and(|middle| middle.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)))
}
