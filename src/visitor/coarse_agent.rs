//! A user agent as an analytics server may know it: browser, major version and kind of device, written anew.
//!
//! What is written comes from fixed lists and one small number, in the form that analytics servers read. The versions of systems in it are
//! the same for everybody, and nothing of the text that the browser sent is copied.

use std::fmt;

use super::AgentFamily;

/// What is kept of a user agent for servers that tell browsers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoarseAgent(Kept);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Robot,
    Unknown,
    Browser { browser: Browser, device: Device },
}

/// A browser with its major version. Those on Chromium also have that of Chromium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Browser {
    Firefox(Major),
    Safari(Major),
    /// Chromium and the word by which a relative names itself, such as `Edg`.
    Chromium(Major, Option<(&'static str, Major)>),
    /// A browser of iOS that is not Safari, by its word.
    OnIos(&'static str, Major),
}

/// A major version; larger numbers are no versions.
type Major = u16;

/// Digits that are read of a version.
const MAJOR_DIGITS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Device {
    Windows,
    Mac,
    Linux,
    AndroidPhone,
    AndroidTablet,
    Phone,
    Tablet,
}

/// Relatives of Chromium, by the word in their user agents and the word that is written.
const RELATIVES: [(&str, &str); 6] = [
    ("YaBrowser/", "YaBrowser"),
    ("Edg/", "Edg"),
    ("EdgA/", "EdgA"),
    ("OPR/", "OPR"),
    ("SamsungBrowser/", "SamsungBrowser"),
    ("Vivaldi/", "Vivaldi"),
];

/// Browsers of iOS beside Safari.
const ON_IOS: [(&str, &str); 3] = [("CriOS/", "CriOS"), ("FxiOS/", "FxiOS"), ("EdgiOS/", "EdgiOS")];

impl CoarseAgent {
    /// Reads a `User-Agent` header (RFC 9110, section 10.1.5).
    pub fn read(user_agent: Option<&[u8]>) -> Self {
        let family = AgentFamily::of(user_agent);
        let text = String::from_utf8_lossy(user_agent.unwrap_or_default());
        let major = |word: &str| major_after(&text, word);
        let named = |list: &[(&str, &'static str)]| list.iter().find_map(|(word, name)| Some((*name, major(word)?)));
        let browser = match family {
            AgentFamily::Robot => return Self(Kept::Robot),
            AgentFamily::Other => None,
            AgentFamily::Firefox => major("Firefox/").map(Browser::Firefox),
            AgentFamily::Chromium => major("Chrome/").map(|chrome| Browser::Chromium(chrome, named(&RELATIVES))),
            AgentFamily::Safari => match named(&ON_IOS) {
                Some((name, major)) => Some(Browser::OnIos(name, major)),
                None => major("Version/").map(Browser::Safari),
            },
        };
        match (browser, Device::of(&text)) {
            (Some(browser), Some(device)) => Self(Kept::Browser { browser, device }),
            _ => Self(Kept::Unknown),
        }
    }
}

impl Device {
    fn of(text: &str) -> Option<Self> {
        let says = |word: &str| text.contains(word);
        Some(if says("iPhone") {
            Self::Phone
        } else if says("iPad") {
            Self::Tablet
        } else if says("Android") {
            if says("Mobile") { Self::AndroidPhone } else { Self::AndroidTablet }
        } else if says("Windows") {
            Self::Windows
        } else if says("Macintosh") {
            Self::Mac
        } else if says("Linux") || says("CrOS") {
            Self::Linux
        } else {
            return None;
        })
    }

    /// The system as browsers of Chromium and WebKit write it, with a version that stands for all.
    fn system(self) -> &'static str {
        match self {
            Self::Windows => "Windows NT 10.0; Win64; x64",
            Self::Mac => "Macintosh; Intel Mac OS X 10_15_7",
            Self::Linux => "X11; Linux x86_64",
            Self::AndroidPhone | Self::AndroidTablet => "Linux; Android 10; K",
            Self::Phone => "iPhone; CPU iPhone OS 18_0 like Mac OS X",
            Self::Tablet => "iPad; CPU OS 18_0 like Mac OS X",
        }
    }

    /// The same as Firefox writes it.
    fn gecko_system(self) -> &'static str {
        match self {
            Self::Mac => "Macintosh; Intel Mac OS X 10.15",
            Self::AndroidPhone => "Android 10; Mobile",
            Self::AndroidTablet => "Android 10; Tablet",
            other => other.system(),
        }
    }

    fn is_ios(self) -> bool {
        matches!(self, Self::Phone | Self::Tablet)
    }
}

fn major_after(text: &str, word: &str) -> Option<Major> {
    let rest = &text[text.find(word)? + word.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (digits <= MAJOR_DIGITS).then(|| rest[..digits].parse().ok())?
}

impl fmt::Display for CoarseAgent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (browser, device) = match self.0 {
            Kept::Robot => return formatter.write_str("Mozilla/5.0 (compatible; bot)"),
            Kept::Unknown => return formatter.write_str("Mozilla/5.0"),
            Kept::Browser { browser, device } => (browser, device),
        };
        if let Browser::Firefox(major) = browser {
            let system = device.gecko_system();
            return write!(formatter, "Mozilla/5.0 ({system}; rv:{major}.0) Gecko/20100101 Firefox/{major}.0");
        }
        write!(formatter, "Mozilla/5.0 ({}) AppleWebKit/", device.system())?;
        let mobile = if device == Device::AndroidPhone { " Mobile" } else { "" };
        let ios = if device.is_ios() { " Mobile/15E148 Safari/604.1" } else { " Safari/605.1.15" };
        match browser {
            Browser::Firefox(_) => Ok(()),
            Browser::Safari(major) => write!(formatter, "605.1.15 (KHTML, like Gecko) Version/{major}.0{ios}"),
            Browser::OnIos(name, major) => write!(formatter, "605.1.15 (KHTML, like Gecko) {name}/{major}.0{ios}"),
            Browser::Chromium(major, relative) => {
                write!(formatter, "537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0{mobile} Safari/537.36")?;
                relative.map_or(Ok(()), |(name, major)| write!(formatter, " {name}/{major}.0"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CoarseAgent;

    fn coarse(text: &str) -> String {
        CoarseAgent::read(Some(text.as_bytes())).to_string()
    }

    #[test]
    fn browser_and_kind_of_device_stay_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(coarse(text), expected, "{text}");
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        check(
            &format!(
                "Mozilla/5.0 (Linux; Android 15; SM-S928B Build/AP3A) {webkit} Chrome/156.0.6778.135 Mobile Safari/537.36"
            ),
            &format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/156.0.0.0 Mobile Safari/537.36"),
        );
        check(
            &format!(
                "Mozilla/5.0 (Windows NT 10.0; WOW64) {webkit} Chrome/154.0.1.2 YaBrowser/26.10.3.999 Safari/537.36"
            ),
            &format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/154.0.0.0 Safari/537.36 YaBrowser/26.0"
            ),
        );
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.7; rv:153.2) Gecko/20100101 Firefox/153.2",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:153.0) Gecko/20100101 Firefox/153.0",
        );
        let ios = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        check(
            &format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_3_1 like Mac OS X) {ios} Version/19.3 Mobile/22D72 Safari/604.1"
            ),
            &format!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {ios} Version/19.0 Mobile/15E148 Safari/604.1"
            ),
        );
        check(
            &format!("Mozilla/5.0 (iPad; CPU OS 19_3 like Mac OS X) {ios} CriOS/156.0.1 Mobile/22D72 Safari/604.1"),
            &format!("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) {ios} CriOS/156.0 Mobile/15E148 Safari/604.1"),
        );
        check("Mozilla/5.0 (compatible; YandexBot/3.0)", "Mozilla/5.0 (compatible; bot)");
        check("Mozilla/5.0 (PlayStation 5) Something/1", "Mozilla/5.0");
        check("Mozilla/5.0 (X11; Linux x86_64) Chrome/1234567.0", "Mozilla/5.0");
        assert_eq!(CoarseAgent::read(None).to_string(), "Mozilla/5.0 (compatible; bot)");
    }

    proptest! {
        #[test]
        fn no_word_of_the_browser_s_own_is_copied(text in "[ -~]{0,80}", mark in "[q-z]{9}") {
            let agent = format!("Mozilla/5.0 (Linux; Android 9; {mark}) {text} Chrome/156.0.{mark} {mark}/7 Mobile Safari/537.36");
            prop_assert!(!coarse(&agent).contains(&mark));
        }
    }
}
