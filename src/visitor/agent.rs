//! The browser's family: all that is kept of a user agent.

/// A coarse family of browsers; versions and devices are not told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentFamily {
    /// Chrome, Edge, Opera, Yandex Browser and other Chromium.
    Chromium,
    /// Firefox and relatives.
    Firefox,
    /// Safari, and every browser on iOS.
    Safari,
    /// Calls itself a robot, or does not look like a browser.
    Robot,
    /// Something else.
    #[default]
    Other,
}

impl AgentFamily {
    /// Every family.
    pub const ALL: [Self; 5] = [Self::Chromium, Self::Firefox, Self::Safari, Self::Robot, Self::Other];

    /// The word used in the log and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Safari => "safari",
            Self::Robot => "robot",
            Self::Other => "other",
        }
    }

    /// Reads a `User-Agent` header (RFC 9110, section 10.1.5).
    pub fn of(user_agent: Option<&[u8]>) -> Self {
        let Some(text) = user_agent else { return Self::Robot };
        let text = &text[..text.len().min(Self::LONGEST)];
        let says = |word: &str| text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
        if !says("mozilla/") || ["bot", "spider", "crawl", "headless", "preview"].iter().any(|word| says(word)) {
            Self::Robot
        } else if says("iphone") || says("ipad") {
            Self::Safari
        } else if says("chrome/") || says("chromium/") {
            Self::Chromium
        } else if says("firefox/") {
            Self::Firefox
        } else if says("safari/") {
            Self::Safari
        } else {
            Self::Other
        }
    }

    /// How much of the header is read, in bytes; real ones are shorter than 300.
    const LONGEST: usize = 1024;
}

#[cfg(test)]
mod tests {
    use super::AgentFamily;

    #[test]
    fn families_are_told_apart_by_what_they_call_themselves() {
        let check = |text: &str, expected| assert_eq!(AgentFamily::of(Some(text.as_bytes())), expected, "{text}");
        check(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
            AgentFamily::Chromium,
        );
        check("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", AgentFamily::Firefox);
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/156.0 Safari/604.1",
            AgentFamily::Safari,
        );
        check("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", AgentFamily::Robot);
        check("curl/8.5.0", AgentFamily::Robot);
        assert_eq!(AgentFamily::of(None), AgentFamily::Robot);
    }
}
