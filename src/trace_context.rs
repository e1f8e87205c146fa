//! W3C Trace Context: what one request of a trace says of it to the next, in `traceparent` and `tracestate`.

use std::fmt;

use http::{HeaderMap, HeaderName};

/// W3C Trace Context, section 3.2.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Section 3.3 there.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Bytes of a `traceparent` of version 00.
pub const PARENT_BYTES: usize = 55;

/// Longest `tracestate` that is passed on, all its lines together: as much as the standard asks for (section 3.3.1.5).
const LONGEST_STATE: usize = 512;

/// A trace: all that one request led to, in all programs that it passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// One piece of work in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId([u8; 8]);

impl TraceId {
    /// Random bytes as a trace. All of them zero mean none, so that is another one.
    pub fn of_random(bytes: [u8; 16]) -> Self {
        Self(if bytes == [0; 16] { [1; 16] } else { bytes })
    }

    /// The last 56 bits as a number: they are random, also in traces that others began (W3C Trace Context, level 2, section 5.1).
    pub fn randomness(self) -> u64 {
        self.0[9..].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl SpanId {
    /// Random bytes as a span, likewise.
    pub fn of_random(bytes: [u8; 8]) -> Self {
        Self(if bytes == [0; 8] { [1; 8] } else { bytes })
    }
}

/// What a `traceparent` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: TraceId,
    /// Whose work led to the request.
    pub span: SpanId,
    /// Whether whoever sent it records the trace.
    pub is_sampled: bool,
}

impl TraceParent {
    /// That of a request. None where it stands twice, or is not as the standard has it: a trace begins anew then (section 4.3).
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(TRACEPARENT).iter();
        let line = lines.next().filter(|_| lines.next().is_none())?;
        Self::parse(line.as_bytes())
    }

    /// Reads the value. Of a later version than 00 what is known is taken (section 3.2.4).
    fn parse(value: &[u8]) -> Option<Self> {
        let (known, rest) = value.split_at_checked(PARENT_BYTES)?;
        let version = byte(&known[..2])?;
        let is_end = rest.is_empty() || version > 0 && rest[0] == b'-';
        if version == 0xff || !is_end || [2, 35, 52].iter().any(|place| known[*place] != b'-') {
            return None;
        }
        let (trace, span) = (bytes::<16>(&known[3..35])?, bytes::<8>(&known[36..52])?);
        let is_sampled = byte(&known[53..])? & 1 == 1;
        let is_any = trace != [0; 16] && span != [0; 8];
        is_any.then_some(Self { trace: TraceId(trace), span: SpanId(span), is_sampled })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{}-{}-0{}", self.trace, self.span, u8::from(self.is_sampled))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// Whether the `tracestate` beside a `traceparent` that is believed may be passed on with it: what is longer or no text is left out as a
/// whole (section 3.3.1.5).
pub fn may_state_pass(headers: &HeaderMap) -> bool {
    let lines = || headers.get_all(TRACESTATE).iter();
    let length: usize = lines().map(|line| line.len() + 1).sum();
    length <= LONGEST_STATE + 1 && lines().all(|line| line.to_str().is_ok())
}

/// Hexadecimal digits in lower case, as the standard has them.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut read = [0; N];
    for (place, pair) in read.iter_mut().zip(digits.chunks_exact(2)) {
        *place = byte(pair)?;
    }
    Some(read)
}

fn byte(pair: &[u8]) -> Option<u8> {
    let digit = |sign: u8| match sign {
        b'0'..=b'9' => Some(sign - b'0'),
        b'a'..=b'f' => Some(sign - b'a' + 10),
        _ => None,
    };
    let [high, low] = pair else { return None };
    Some(digit(*high)? << 4 | digit(*low)?)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const RIGHT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn parse(value: &str) -> Option<String> {
        TraceParent::parse(value.as_bytes()).map(|parent| parent.to_string())
    }

    #[test]
    fn a_parent_is_read_as_it_is_written() {
        assert_eq!(parse(RIGHT).as_deref(), Some(RIGHT));
        let other = RIGHT.replace("-01", "-00");
        assert_eq!(parse(&other).as_deref(), Some(&*other));
        // Flags that are not known are not passed on.
        assert_eq!(parse(&RIGHT.replace("-01", "-ff")).as_deref(), Some(RIGHT));
    }

    #[test]
    fn of_a_later_version_what_is_known_is_taken() {
        for later in [
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what.comes",
        ] {
            assert_eq!(parse(later).as_deref(), Some(RIGHT), "{later}");
        }
    }

    #[test]
    fn what_is_not_as_the_standard_has_it_is_no_parent() {
        let wrong = [
            String::new(),
            RIGHT[..54].to_owned(),
            format!("{RIGHT}-"),
            format!("{RIGHT}0"),
            RIGHT.to_uppercase(),
            RIGHT.replacen("00", "ff", 1),
            RIGHT.replacen("00", "0x", 1),
            RIGHT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            RIGHT.replace("b7ad6b7169203331", &"0".repeat(16)),
            RIGHT.replace("b7ad", "b7ag"),
            RIGHT.replace('-', "_"),
            RIGHT.replacen("00", "01", 1) + "0",
            "0".repeat(55),
        ];
        for wrong in wrong {
            assert_eq!(parse(&wrong), None, "{wrong}");
        }
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static(RIGHT));
        assert!(TraceParent::of(&headers).is_some());
        headers.append(TRACEPARENT, HeaderValue::from_static(RIGHT));
        assert!(TraceParent::of(&headers).is_none(), "it stands twice");
    }

    #[test]
    fn a_state_passes_while_it_is_text_and_no_longer_than_the_standard_asks_for() {
        let check = |lines: &[&[u8]], expected: bool| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(TRACESTATE, HeaderValue::from_bytes(line).unwrap());
            }
            assert_eq!(may_state_pass(&headers), expected, "{lines:?}");
        };
        check(&[], true);
        check(&[b"rojo=00f067aa0ba902b7", b"congo=t61rcWkgMzE"], true);
        check(&[&[b'a'; 512]], true);
        check(&[&[b'a'; 513]], false);
        check(&[&[b'a'; 256], &[b'a'; 256]], false);
        check(&["a=ж".as_bytes()], false);
    }

    #[test]
    fn nothing_is_no_trace_and_no_span() {
        assert_ne!(TraceId::of_random([0; 16]).to_string(), "0".repeat(32));
        assert_ne!(SpanId::of_random([0; 8]).to_string(), "0".repeat(16));
        assert_eq!(TraceId::of_random([0xff; 16]).randomness(), (1 << 56) - 1);
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_as_the_standard_has_it(value in "\\PC{0,70}", tail in "(-\\PC{0,20})?") {
            for value in [value, format!("{RIGHT}{tail}")] {
                if let Some(written) = parse(&value) {
                    prop_assert_eq!(parse(&written), Some(written.clone()));
                    prop_assert_eq!(written.len(), PARENT_BYTES);
                }
            }
        }
    }
}
