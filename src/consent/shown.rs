//! The mark that a banner was shown: what implied consent needs where the model is `notice`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Binding, EditionId, RecordKeys};
use crate::timestamp::Timestamp;

/// Which edition was shown, and when. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMark {
    /// The edition of the notice shown.
    pub edition: EditionId,
    /// When, in whole seconds.
    pub time: Timestamp,
}

impl ShownMark {
    const PURPOSE: &'static str = "kelisim shown";
    /// How long a mark counts, in seconds. It is a session cookie; sessions that browsers restore for weeks shall not imply anything.
    pub const VALID_FOR_SECONDS: i64 = 24 * 3600;

    /// The value of the cookie: edition, time and signature, separated by `~`, which no edition's name holds.
    pub fn sign(&self, keys: &RecordKeys, binding: &Binding<'_>) -> String {
        let seconds = self.time.seconds().to_string();
        let tag = keys.sign(Self::PURPOSE, &self.parts(&seconds, binding));
        format!("{}~{seconds}~{}", self.edition, URL_SAFE_NO_PAD.encode(tag))
    }

    /// Reads a cookie; `None` when it is not ours, or older than it may be at `now`, or from the future.
    pub fn verify(value: &[u8], keys: &RecordKeys, binding: &Binding<'_>, now: Timestamp) -> Option<Self> {
        let mut parts = std::str::from_utf8(value).ok()?.splitn(3, '~');
        let (edition, seconds, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let mark = Self {
            edition: EditionId::parse(edition)?,
            time: Timestamp::from_seconds(seconds.parse::<u32>().ok()?.into()),
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let age = now.seconds() - mark.time.seconds();
        let genuine = keys.verify(Self::PURPOSE, &mark.parts(seconds, binding), &signature);
        (genuine && (0..=Self::VALID_FOR_SECONDS).contains(&age)).then_some(mark)
    }

    fn parts<'a>(&'a self, seconds: &'a str, binding: &Binding<'a>) -> [&'a [u8]; 5] {
        [
            binding.cookie_name.as_bytes(),
            binding.site.as_bytes(),
            binding.log_origin.as_bytes(),
            self.edition.as_str().as_bytes(),
            seconds.as_bytes(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_for_a_day_and_only_with_our_signature() {
        let keys = RecordKeys::new(&[[1; 32]]).unwrap();
        let other_keys = RecordKeys::new(&[[2; 32]]).unwrap();
        let binding =
            Binding { cookie_name: "__Host-kelisim-shown", site: "a.example", log_origin: "a.example/_kelisim/log" };
        let time = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        let mark = ShownMark { edition: EditionId::parse("2026-11").unwrap(), time };
        let value = mark.sign(&keys, &binding);
        let after = |seconds| Timestamp::from_seconds(time.seconds() + seconds);
        let check = |keys, now| ShownMark::verify(value.as_bytes(), keys, &binding, now);
        assert_eq!(check(&keys, after(60)), Some(mark.clone()));
        assert_eq!(check(&keys, after(ShownMark::VALID_FOR_SECONDS + 1)), None);
        assert_eq!(check(&keys, after(-1)), None);
        assert_eq!(check(&other_keys, after(60)), None);
        let changed = value.replace("2026-11~", "2026-12~");
        assert_eq!(ShownMark::verify(changed.as_bytes(), &keys, &binding, after(60)), None);
    }
}
