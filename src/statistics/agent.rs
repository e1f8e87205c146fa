//! What a browser says of itself, down to families: browser, system, kind of device. A raw `User-Agent` line (RFC 9110, section 10.1.5)
//! goes in, words of fixed lists come out.

use woothee::parser::Parser;

/// How much of the line is read, in bytes; real ones are shorter than 300.
const LONGEST: usize = 1024;

/// The word for what is not known.
pub(super) const UNKNOWN: &str = "unknown";

/// The kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// A computer with a screen of its own.
    Desktop,
    /// A telephone.
    Phone,
    /// A tablet.
    Tablet,
    /// A television, a console, a reader.
    Other,
}

impl Device {
    /// The word used in tables and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Other => "other",
        }
    }
}

/// Families. The words come from fixed lists, never from the line itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The browser.
    pub browser: &'static str,
    /// The system.
    pub system: &'static str,
    /// The device.
    pub device: Device,
}

/// Browsers that the library takes for the engine below them, by a word of their own.
const OWN_WORDS: &[(&str, &str)] = &[
    ("Instagram ", "Instagram"),
    ("FBAN/", "Facebook"),
    ("FBAV/", "Facebook"),
    ("Telegram", "Telegram"),
    ("MiuiBrowser/", "Mi Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("UCBrowser/", "UC Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("Brave/", "Brave"),
    ("OPiOS/", "Opera"),
    ("OPX/", "Opera"),
    ("FxiOS/", "Firefox"),
    ("Focus/", "Firefox"),
];

impl Agent {
    /// Reads the line. Without one nothing is known.
    pub fn read(line: Option<&str>) -> Self {
        let unknown = Self { browser: UNKNOWN, system: UNKNOWN, device: Device::Other };
        let Some(line) = line else { return unknown };
        let line = &line[..line.floor_char_boundary(LONGEST)];
        let says = |word: &str| line.contains(word);
        let Some(found) = Parser::new().parse(line) else { return unknown };
        let own = OWN_WORDS.iter().find(|(word, _)| says(word)).map(|(_, name)| *name);
        let system = match found.os {
            _ if says("HarmonyOS") || says("OpenHarmony") => "HarmonyOS",
            "iPhone" | "iPad" | "iPod" | "iOS" => "iOS",
            "Mac OSX" | "Mac OS Classic" => "macOS",
            "Android" => "Android",
            "Linux" => "Linux",
            "ChromeOS" => "ChromeOS",
            os if os.starts_with("Windows") => "Windows",
            _ => UNKNOWN,
        };
        let device = match (system, found.category) {
            _ if says("iPad") || says("Tablet") => Device::Tablet,
            // Android's own advice: without this word it is no telephone.
            ("Android" | "HarmonyOS", _) if says("TV") => Device::Other,
            ("Android" | "HarmonyOS", _) if !says("Mobile") => Device::Tablet,
            ("Android" | "HarmonyOS" | "iOS", _) | (_, "smartphone" | "mobilephone") => Device::Phone,
            (_, "pc") => Device::Desktop,
            _ => Device::Other,
        };
        Self { browser: own.unwrap_or_else(|| browser(found.name)), system, device }
    }
}

/// The library's names as people write them.
fn browser(name: &str) -> &'static str {
    match name {
        "Chrome" => "Chrome",
        "Firefox" | "Firefox OS" => "Firefox",
        "Safari" => "Safari",
        "Edge" => "Edge",
        "Opera" => "Opera",
        "Yandex Browser" => "Yandex Browser",
        "SamsungBrowser" => "Samsung Internet",
        "Vivaldi" => "Vivaldi",
        "Internet Explorer" => "Internet Explorer",
        "Google Search App" => "Google app",
        // A page shown by an app.
        "Webview" => "in an app",
        "Sleipnir" => "Sleipnir",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_what_browsers_say() {
        let check = |line: &str, browser, system, device| {
            assert_eq!(Agent::read(Some(line)), Agent { browser, system, device }, "{line}");
        };
        let like_chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0";
        check(
            &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {like_chrome} Safari/537.36"),
            "Chrome",
            "Windows",
            Device::Desktop,
        );
        check(
            &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {like_chrome} YaBrowser/26.10.0.0 Safari/537.36"),
            "Yandex Browser",
            "Windows",
            Device::Desktop,
        );
        check(
            &format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {like_chrome} Safari/537.36 Edg/156.0.0.0"),
            "Edge",
            "macOS",
            Device::Desktop,
        );
        check(
            &format!("Mozilla/5.0 (Linux; Android 16; SM-S931B) {like_chrome} Mobile Safari/537.36"),
            "Chrome",
            "Android",
            Device::Phone,
        );
        check(
            &format!("Mozilla/5.0 (Linux; Android 16; SM-X810) SamsungBrowser/28.0 {like_chrome} Safari/537.36"),
            "Samsung Internet",
            "Android",
            Device::Tablet,
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
            "Safari",
            "iOS",
            Device::Phone,
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 350.0.0.0 (iPhone14,5)",
            "Instagram",
            "iOS",
            Device::Phone,
        );
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
            "Firefox",
            "Linux",
            Device::Desktop,
        );
        check("petr.ivanov@mail.kz", UNKNOWN, UNKNOWN, Device::Other);
        assert_eq!(Agent::read(None).browser, UNKNOWN);
        // Cut in the middle of a character.
        assert_eq!(Agent::read(Some(&"ж".repeat(2000))).browser, UNKNOWN);
    }
}
