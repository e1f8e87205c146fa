//! Certificates as far as `check` must understand them: do chain and key fit, which names, until when.

use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use super::context::Advice;
use crate::timestamp::Timestamp;

/// A certificate whose key fits.
pub(super) struct Checked {
    own: CertificateDer<'static>,
    /// The last moment at which it is valid, where one is stated.
    pub(super) not_after: Option<Timestamp>,
}

impl Checked {
    /// Reads a chain and its key, both PEM. The flag of the error says whether the key is meant.
    pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<Self, (bool, Advice)> {
        let certificates = authorities(chain).map_err(|advice| (false, advice))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
            let remedy = "give the private key as PEM without a password, `-----BEGIN PRIVATE KEY-----`";
            (true, Advice::new(format!("there is no private key in it: {error}"), remedy))
        })?;
        let own = certificates[0].clone();
        CertifiedKey::from_der(certificates, key, &aws_lc_rs::default_provider()).map_err(|error| {
            let remedy = "give the key that this certificate was issued for, and the server's own certificate first";
            (true, Advice::new(format!("certificate and key can't be used together: {error}"), remedy))
        })?;
        let not_after = not_after(&own);
        Ok(Self { own, not_after })
    }

    /// Whether browsers accept it for this host.
    pub(super) fn covers(&self, host: &str) -> bool {
        let (Ok(certificate), Ok(name)) = (ParsedCertificate::try_from(&self.own), ServerName::try_from(host)) else {
            return false;
        };
        rustls::client::verify_server_name(&certificate, &name).is_ok()
    }
}

/// The certificates of a PEM file, at least one.
pub(super) fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Advice> {
    let remedy = "give it as PEM, `-----BEGIN CERTIFICATE-----`";
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates =
        certificates.map_err(|error| Advice::new(format!("it can't be read as a certificate: {error}"), remedy))?;
    if certificates.is_empty() {
        return Err(Advice::new("there is no certificate in it", remedy));
    }
    match certificates.iter().find_map(|certificate| ParsedCertificate::try_from(certificate).err()) {
        Some(error) => Err(Advice::new(format!("a certificate in it is damaged: {error}"), remedy)),
        None => Ok(certificates),
    }
}

/// The end of the validity period (RFC 5280, section 4.1): the second time in the fifth element of the signed part, where the
/// version stands first, as in every certificate of a web server.
fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let mut rest = element(&mut { certificate })?.1;
    let mut signed = element(&mut rest)?.1;
    let [_version, _serial, _algorithm, _issuer] =
        [element(&mut signed)?, element(&mut signed)?, element(&mut signed)?, element(&mut signed)?];
    let mut validity = element(&mut signed)?.1;
    element(&mut validity)?;
    let (tag, time) = element(&mut validity)?;
    let time = std::str::from_utf8(time).ok().filter(|time| time.is_ascii())?;
    let full = match (tag, time.len()) {
        // UTCTime: two digits of the year, of which 50 to 99 lie before 2000.
        (0x17, 13) => format!("{}{time}", if *time >= *"5" { "19" } else { "20" }),
        (0x18, 15) => time.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| &full[from..to];
    let (date, clock) = ([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), part(12, 14)]);
    Timestamp::parse(&format!("{}T{}Z", date.join("-"), clock.join(":")))
}

/// Takes one element of DER (X.690): its tag and its content.
fn element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // Longer than four bytes of length is no certificate.
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f).min(4))?;
        (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some((tag, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_validity_is_read_in_both_forms() {
        let check = |year: i32, expected: &str| {
            let mut parameters = rcgen::CertificateParams::new(["example.kz".to_owned()]).unwrap();
            parameters.not_after = rcgen::date_time_ymd(year, 3, 14);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = parameters.self_signed(&key).unwrap();
            assert_eq!(not_after(certificate.der()).unwrap().date(), expected);
        };
        check(2049, "2049-03-14");
        check(2051, "2051-03-14");
    }

    #[test]
    fn damaged_certificates_have_no_end() {
        let key = rcgen::generate_simple_self_signed(["example.kz".to_owned()]).unwrap();
        let whole = key.cert.der().to_vec();
        for length in 0..160.min(whole.len()) {
            assert_eq!(not_after(&whole[..length]), None, "{length}");
        }
    }
}
