//! What the server serves of it: certificates that were issued, and answers that the authority waits for.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::{crypto::aws_lc_rs, sign::CertifiedKey};
use rustls_pki_types::PrivatePkcs8KeyDer;

/// The protocol that a handshake of TLS-ALPN-01 asks for (RFC 8737, section 6.2).
pub const TLS_ALPN_PROTOCOL: &[u8] = b"acme-tls/1";

/// Answers of one kind that wait at once. Names are proved one after the other; what is beyond that was forgotten by somebody.
const MOST_WAITING: usize = 8;

/// Longest token of an authority, in characters: those that are known have 43.
const LONGEST_TOKEN: usize = 256;

/// What connections are served of certificates that an authority gave, and of its questions.
#[derive(Default)]
pub struct Served {
    certificates: ArcSwap<BTreeMap<Box<str>, Arc<CertifiedKey>>>,
    /// Names that one is asked for, in lower case.
    names: ArcSwap<Vec<String>>,
    /// Tokens with what is answered to them.
    files: Mutex<Vec<(String, String)>>,
    /// Names with the certificate that proves them.
    handshakes: Mutex<Vec<(String, Arc<CertifiedKey>)>>,
}

/// An answer that is given as long as this lives.
pub(super) struct Expected {
    served: Arc<Served>,
    file: Option<String>,
    handshake: Option<String>,
}

/// Why an answer can't be given.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswerable {
    /// It would be written into an answer as it came (RFC 8555, section 11.4).
    #[error("the authority's token is none")]
    Token,
    #[error("the certificate that proves the name can't be made: {0}")]
    Certificate(String),
}

impl Served {
    /// The certificate issued for a name in lower case.
    pub fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.certificates.load().get(name).cloned()
    }

    /// Whether one is asked for, for this name in lower case, and none was issued yet.
    pub fn awaits(&self, name: &str) -> bool {
        self.names.load().iter().any(|asked| asked == name) && !self.certificates.load().contains_key(name)
    }

    /// Any that was issued: for clients that name no host.
    pub fn any(&self) -> Option<Arc<CertifiedKey>> {
        self.certificates.load().values().next().cloned()
    }

    /// All that were issued.
    pub fn all(&self) -> Vec<Arc<CertifiedKey>> {
        self.certificates.load().values().cloned().collect()
    }

    /// What a file of HTTP-01 holds (RFC 8555, section 8.3), where this token waits.
    pub fn file(&self, token: &str) -> Option<String> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter().find(|(waiting, _)| waiting == token).map(|(_, content)| content.clone())
    }

    /// The certificate that proves a name (RFC 8737, section 3), where it waits for that.
    pub fn proof(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let handshakes = self.handshakes.lock().unwrap_or_else(PoisonError::into_inner);
        handshakes.iter().find(|(waiting, _)| waiting == name).map(|(_, key)| key.clone())
    }

    /// Serves no name any more but these.
    pub(super) fn keep_only(&self, names: &[String]) {
        self.names.store(Arc::new(names.to_vec()));
        self.certificates.rcu(|certificates| {
            let mut certificates = BTreeMap::clone(certificates);
            certificates.retain(|served, _| names.iter().any(|name| **name == **served));
            certificates
        });
    }

    /// Serves a certificate from now on.
    pub(super) fn put(&self, name: &str, key: Arc<CertifiedKey>) {
        self.certificates.rcu(|certificates| {
            let mut certificates = BTreeMap::clone(certificates);
            certificates.insert(name.into(), key.clone());
            certificates
        });
    }

    /// Answers a question of HTTP-01.
    pub(super) fn expect_file(self: &Arc<Self>, token: &str, content: &str) -> Result<Expected, Unanswerable> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(is_known) {
            return Err(Unanswerable::Token);
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut files, (token.to_owned(), content.to_owned()));
        Ok(Expected { served: self.clone(), file: Some(token.to_owned()), handshake: None })
    }

    /// Answers a question of TLS-ALPN-01; `digest` is the SHA-256 of the key authorization.
    pub(super) fn expect_handshake(self: &Arc<Self>, name: &str, digest: &[u8]) -> Result<Expected, Unanswerable> {
        let key = proof(name, digest).map_err(Unanswerable::Certificate)?;
        let mut handshakes = self.handshakes.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut handshakes, (name.to_owned(), key));
        Ok(Expected { served: self.clone(), file: None, handshake: Some(name.to_owned()) })
    }
}

fn add<T>(waiting: &mut Vec<T>, answer: T) {
    if waiting.len() >= MOST_WAITING {
        waiting.remove(0);
    }
    waiting.push(answer);
}

/// A certificate signed by itself that holds the digest in a critical extension.
fn proof(name: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, String> {
    let made = || {
        let mut parameters = CertificateParams::new([name.to_owned()])?;
        parameters.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        Ok((parameters.self_signed(&key)?, key))
    };
    let (certificate, key) = made().map_err(|error: rcgen::Error| error.to_string())?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    // The server's own check of a certificate would stumble over the extension that is critical.
    let key = aws_lc_rs::sign::any_ecdsa_type(&key.into()).map_err(|error| error.to_string())?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)))
}

impl Drop for Expected {
    fn drop(&mut self) {
        if let Some(token) = &self.file {
            let mut files = self.served.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.retain(|(waiting, _)| waiting != token);
        }
        if let Some(name) = &self.handshake {
            let mut handshakes = self.served.handshakes.lock().unwrap_or_else(PoisonError::into_inner);
            handshakes.retain(|(waiting, _)| waiting != name);
        }
    }
}

impl fmt::Debug for Served {
    /// Names alone: tokens are nobody's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.certificates.load().keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_to_its_own_token_and_only_while_it_is_expected() {
        let served = Arc::new(Served::default());
        let expected = served.expect_file("abc-_9", "abc-_9.thumb").unwrap();
        assert_eq!(served.file("abc-_9").as_deref(), Some("abc-_9.thumb"));
        for other in ["abc-_", "abc-_9/", "ABC-_9", "", "abc-_9?"] {
            assert_eq!(served.file(other), None, "{other}");
        }
        drop(expected);
        assert_eq!(served.file("abc-_9"), None);
    }

    #[test]
    fn a_token_that_could_be_something_else_is_refused() {
        let served = Arc::new(Served::default());
        for token in ["", "a b", "<script>", "../x", &"a".repeat(LONGEST_TOKEN + 1)] {
            assert!(served.expect_file(token, "x").is_err(), "{token}");
        }
    }

    #[test]
    fn answers_that_nobody_takes_back_are_bounded() {
        let served = Arc::new(Served::default());
        let expected: Vec<_> = (0..20).map(|at| served.expect_file(&format!("t{at}"), "x").unwrap()).collect();
        assert_eq!(served.files.lock().unwrap().len(), MOST_WAITING);
        assert_eq!((served.file("t11"), served.file("t12")), (None, Some("x".to_owned())));
        drop(expected);
        assert_eq!(served.files.lock().unwrap().len(), 0);
    }

    #[test]
    fn the_proof_of_a_name_holds_its_digest_in_a_critical_extension() {
        let served = Arc::new(Served::default());
        let digest = [7; 32];
        let expected = served.expect_handshake("shop.example", &digest).unwrap();
        assert!(served.proof("www.shop.example").is_none());
        let proof = served.proof("shop.example").unwrap();
        let certificate = proof.cert[0].to_vec();
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).unwrap();
        let extension = parsed.extensions().iter().find(|one| one.oid.to_id_string() == "1.3.6.1.5.5.7.1.31").unwrap();
        assert!(extension.critical);
        assert_eq!(extension.value, [&[4, 32], &digest[..]].concat(), "an octet string");
        drop(expected);
        assert!(served.proof("shop.example").is_none());
    }

    #[test]
    fn a_certificate_takes_the_place_of_the_one_before() {
        let served = Served::default();
        assert!(served.any().is_none() && !served.awaits("shop.example"));
        let (old, new) = (proof("shop.example", &[1; 32]).unwrap(), proof("shop.example", &[2; 32]).unwrap());
        served.put("shop.example", old);
        served.put("shop.example", new.clone());
        assert!(Arc::ptr_eq(&served.certificate("shop.example").unwrap(), &new));
        assert_eq!((served.all().len(), served.certificate("www.shop.example").is_none()), (1, true));
        served.keep_only(&["shop.example".to_owned(), "www.shop.example".to_owned()]);
        assert_eq!(served.all().len(), 1);
        assert_eq!(["shop.example", "www.shop.example"].map(|name| served.awaits(name)), [false, true]);
        served.keep_only(&["www.shop.example".to_owned()]);
        assert_eq!(served.all().len(), 0);
    }
}
