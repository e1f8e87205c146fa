//! The languages of banner, pages and answers.

use std::fmt;

/// A language that Kelisim speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Russian.
    #[default]
    Ru,
    /// Kazakh.
    Kk,
    /// English.
    En,
}

impl Language {
    /// Every language, in the order in which the banner offers them.
    pub const ALL: [Self; 3] = [Self::Ru, Self::Kk, Self::En];

    /// The BCP 47 tag: `ru`, `kk`, `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::Kk => "kk",
            Self::En => "en",
        }
    }

    /// What the language calls itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Ru => "Русский",
            Self::Kk => "Қазақша",
            Self::En => "English",
        }
    }

    /// The language of a tag; region and script are ignored (`kk-Cyrl-KZ` is Kazakh), case too.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The best of `offered` for an `Accept-Language` header (RFC 9110, section 12.5.4), or the first offered.
    ///
    /// Equal weights are decided by the order in the header, as browsers mean it. `*` stands for the first offered.
    pub fn negotiate(accept: Option<&str>, offered: &[Self]) -> Self {
        let fallback = offered.first().copied().unwrap_or_default();
        let mut best: Option<(f32, Self)> = None;
        for item in accept.unwrap_or_default().split(',').take(Self::MOST_ITEMS) {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let quality = parts.find_map(|part| part.trim().strip_prefix("q=")?.trim().parse::<f32>().ok());
            let quality = quality.unwrap_or(1.0);
            let language = if tag == "*" { Some(fallback) } else { Self::parse(tag) };
            let Some(language) = language.filter(|language| offered.contains(language)) else { continue };
            if quality > 0.0 && best.is_none_or(|(better, _)| quality > better) {
                best = Some((quality, language));
            }
        }
        best.map_or(fallback, |(_, language)| language)
    }

    /// How many items of the header are read; browsers send fewer than ten.
    const MOST_ITEMS: usize = 32;
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_among_the_languages_offered() {
        use Language::{En, Kk, Ru};
        let check = |accept: &str, offered: &[Language], expected| {
            assert_eq!(Language::negotiate(Some(accept), offered), expected, "{accept}");
        };
        check("kk-KZ,kk;q=0.9,ru;q=0.8", &[Ru, Kk, En], Kk);
        check("en;q=0.5, ru;q=0.7", &[En, Ru], Ru);
        check("de, *;q=0.1", &[Ru, En], Ru);
        check("de", &[Kk, En], Kk);
        check("en;q=0, ru;q=0.1", &[En, Ru], Ru);
        check(";;;,,q=", &[Ru], Ru);
        assert_eq!(Language::negotiate(None, &[En, Ru]), En);
    }
}
