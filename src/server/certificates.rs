//! Certificates by name: from files, which are read again when they change, and from an authority.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    client::verify_server_name,
    crypto::aws_lc_rs,
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, ServerName,
    pem::{self, PemObject},
};

use super::CertificateFiles;
use crate::{
    acme::{Served, TLS_ALPN_PROTOCOL, facts},
    rereading::Rereading,
    timestamp::Timestamp,
};

/// What is spoken over TLS with visitors, the preferred one first.
const VISITORS_PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Names of one certificate that are told: what is in it is the authority's choice.
const MOST_NAMES: usize = 100;

/// The certificates in use, and where they came from.
#[derive(Debug)]
pub struct Certificates {
    /// What is in use comes from these and changes with them, under this lock alone.
    files: Mutex<Files>,
    current: ArcSwap<Vec<Arc<CertifiedKey>>>,
    served: Arc<Served>,
}

#[derive(Debug)]
struct Files {
    files: Vec<CertificateFiles>,
    rereading: Rereading<Vec<Stamp>>,
}

/// Certificates that were read and are not in use yet.
#[derive(Debug)]
pub struct PreparedCertificates {
    files: Files,
    keys: Vec<Arc<CertifiedKey>>,
}

/// Tells one state of a file from another by its number, its length, and the time that every change of content, owner or rights moves.
type Stamp = (u64, u64, (i64, i64));

impl Certificates {
    /// Reads all files. What an authority issued is used for the names that no file has. The error names the file.
    pub fn read(files: Vec<CertificateFiles>, served: Arc<Served>) -> io::Result<Arc<Self>> {
        let PreparedCertificates { files, keys } = Self::prepare(files)?;
        Ok(Arc::new(Self { files: Mutex::new(files), current: ArcSwap::from_pointee(keys), served }))
    }

    /// Reads other files, to use their certificates in place of these. Nothing has changed until [`Certificates::replace`].
    pub fn prepare(files: Vec<CertificateFiles>) -> io::Result<PreparedCertificates> {
        // Before they are read: what changes meanwhile is seen at the next look.
        let rereading = Rereading::new(files.iter().flat_map(stamps).collect());
        Ok(PreparedCertificates { keys: read_all(&files)?, files: Files { files, rereading } })
    }

    /// From now on these are in use, for connections that follow, and their files are the ones that are read again.
    pub fn replace(&self, PreparedCertificates { files, keys }: PreparedCertificates) {
        let mut held = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        *held = files;
        self.current.store(Arc::new(keys));
    }

    /// Reads the files again if one of them changed. `Ok(true)` when new certificates are in use; on an error, which is told once, the old ones
    /// stay in use.
    pub fn read_again(&self) -> io::Result<bool> {
        let mut held = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let Files { files, rereading } = &mut *held;
        let now = files.iter().flat_map(stamps).collect();
        let Some(keys) = rereading.again(now, || read_all(files))? else { return Ok(false) };
        self.current.store(Arc::new(keys));
        Ok(true)
    }

    /// TLS 1.2 and 1.3 with these certificates, HTTP/2 and HTTP/1.1 by ALPN.
    pub fn server_config(self: &Arc<Self>) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider supports TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName(self.clone())));
        let protocols = VISITORS_PROTOCOLS.into_iter().chain([TLS_ALPN_PROTOCOL]);
        config.alpn_protocols = protocols.map(<[u8]>::to_vec).collect();
        Arc::new(config)
    }

    /// Whether one is served for this name, in lower case. What browsers think of it is another matter.
    pub fn serve(&self, name: &str) -> bool {
        let of_file = |asked: &ServerName<'_>| self.current.load().iter().any(|key| is_valid_for(key, asked));
        ServerName::try_from(name).is_ok_and(|asked| of_file(&asked)) || self.served.certificate(name).is_some()
    }

    /// Whether an authority is asked for one for this name, in lower case, and there is none until it comes.
    pub fn awaits(&self, name: &str) -> bool {
        self.served.awaits(name) && !self.serve(name)
    }

    /// Whether one is served for any name: otherwise every handshake is refused.
    pub fn serve_any(&self) -> bool {
        !self.current.load().is_empty() || self.served.any().is_some()
    }

    /// Each name of the certificates in use, with the last moment of the one that is served for it.
    pub fn ends(&self) -> Vec<(String, Timestamp)> {
        let mut ends: Vec<(String, Timestamp)> = Vec::new();
        // In the order in which one is looked for.
        for key in self.current.load().iter().cloned().chain(self.served.all()) {
            let Some(facts) = key.cert.first().and_then(facts) else { continue };
            for name in facts.names.into_iter().take(MOST_NAMES) {
                if !ends.iter().any(|(known, _)| *known == name) {
                    ends.push((name, facts.not_after));
                }
            }
        }
        ends
    }
}

/// Chooses by SNI.
#[derive(Debug)]
struct ByName(Arc<Certificates>);

impl ResolvesServerCert for ByName {
    /// The first certificate of a file that is valid for the name asked for, else the one that was issued for it; without SNI (a client that
    /// connects to an address) the first of all. For any other name there is none, and the handshake is refused. An authority that proves a
    /// name gets what it waits for and nothing else.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let served = &self.0.served;
        if asks_for_proof(&hello) {
            return served.proof(&hello.server_name()?.to_ascii_lowercase());
        }
        let keys = self.0.current.load();
        let Some(asked) = hello.server_name() else { return keys.first().cloned().or_else(|| served.any()) };
        let name = ServerName::try_from(asked).ok()?;
        let of_file = keys.iter().find(|key| is_valid_for(key, &name)).cloned();
        of_file.or_else(|| served.certificate(&asked.to_ascii_lowercase()))
    }
}

/// Whether the protocol agreed on will be that of TLS-ALPN-01: visitors' go before it.
fn asks_for_proof(hello: &ClientHello<'_>) -> bool {
    let Some(protocols) = hello.alpn() else { return false };
    let mut asks = false;
    for protocol in protocols {
        if VISITORS_PROTOCOLS.contains(&protocol) {
            return false;
        }
        asks |= protocol == TLS_ALPN_PROTOCOL;
    }
    asks
}

fn is_valid_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

fn stamps(files: &CertificateFiles) -> [Stamp; 2] {
    [&files.certificate, &files.key].map(|file| {
        let stamp =
            |metadata: fs::Metadata| (metadata.ino(), metadata.len(), (metadata.ctime(), metadata.ctime_nsec()));
        fs::metadata(file).map_or((0, 0, (0, 0)), stamp)
    })
}

fn read_all(files: &[CertificateFiles]) -> io::Result<Vec<Arc<CertifiedKey>>> {
    files.iter().map(|files| read_one(files).map(Arc::new)).collect()
}

fn read_one(files: &CertificateFiles) -> io::Result<CertifiedKey> {
    let fault = |file: &Path, error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", file.display()))
    };
    let unread = |file: &Path, error: pem::Error| match &error {
        pem::Error::Io(cause) => io::Error::new(cause.kind(), fault(file, &error)),
        _ => fault(file, &error),
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .map_err(|error| unread(&files.certificate, error))?;
    if chain.is_empty() {
        return Err(fault(&files.certificate, &"holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unread(&files.key, error))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| fault(&files.key, &error))
}
