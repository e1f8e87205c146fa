//! The values of `Kelisim-Consent`, of which a site has few: each is written once.

use http::HeaderValue;

use crate::consent::{CategorySet, Decision, consent_header};

/// The values for one site, by what was decided.
pub(super) struct ConsentHeaders(Box<[HeaderValue]>);

impl ConsentHeaders {
    pub(super) fn new(offer: CategorySet) -> Self {
        let value = |place: u8| {
            let allowed = CategorySet::from_bits(place & !ANSWERED);
            let text = allowed.map(|allowed| consent_header(offer, allowed, place & ANSWERED != 0)).unwrap_or_default();
            HeaderValue::try_from(text).expect("names of categories and bits")
        };
        Self((0..=CategorySet::MOST_BITS | ANSWERED).map(value).collect())
    }

    /// The value that tells the site of this decision.
    pub(super) fn of(&self, decision: &Decision) -> HeaderValue {
        let place = decision.allowed.bits() | u8::from(decision.answered());
        self.0[usize::from(place)].clone()
    }
}

/// No optional category has the lowest bit.
const ANSWERED: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{Category, Reason};

    #[test]
    fn each_decision_has_the_value_that_it_has_by_itself() {
        let offer: CategorySet = [Category::Functional, Category::Analytical].into_iter().collect();
        let headers = ConsentHeaders::new(offer);
        for reason in Reason::ALL {
            for allowed in (0..=u8::MAX).filter_map(CategorySet::from_bits) {
                let decision = Decision { reason, allowed, choice: None };
                assert_eq!(headers.of(&decision), decision.consent_header(offer), "{reason:?} {allowed}");
            }
        }
    }
}
