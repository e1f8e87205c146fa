//! The script of a service worker, with the visitor's choice at its end.
//!
//! A browser keeps a service worker with the policy that its script came with, and installs it anew only when the bytes of the script have
//! changed. So the bytes name the choice.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};

use super::coding::{BrokenBody, Coding, Decoder};
use crate::consent::CategorySet;

/// What one part of a coded script may unfold to, in bytes. Browsers refuse scripts far below it.
const MOST_AT_ONCE: usize = 64 * 1024 * 1024;

/// Asks the site for the script as it is: what is appended to a coded body would not be read.
pub fn plain_request(headers: &mut HeaderMap) {
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// The script on its way.
pub struct WorkerScript {
    decoder: Decoder,
    decoded: Vec<u8>,
    /// What stands at the end.
    comment: String,
}

impl WorkerScript {
    /// A script whose answer has these headers, under this policy, with the headers that fit what it will be. `None` where its coding can't
    /// be undone: then it passes as it is.
    pub fn new(headers: &mut HeaderMap, allowed: CategorySet, policy: &HeaderValue) -> Option<Self> {
        let coding = Coding::of(headers)?;
        headers.remove(header::CONTENT_ENCODING);
        let comment = format!("\n/* kelisim: {allowed} {:016x} */\n", fingerprint(policy.as_bytes()));
        Some(Self { decoder: Decoder::new(coding), decoded: Vec::new(), comment })
    }

    /// Takes bytes in as they came and gives out what is ready.
    ///
    /// # Errors
    /// The body can't be decoded; the answer must be aborted.
    pub fn write(&mut self, mut raw: &[u8]) -> Result<Bytes, BrokenBody> {
        while self.decoder.step(&mut raw, &mut self.decoded)? {
            if self.decoded.len() > MOST_AT_ONCE {
                return Err(BrokenBody);
            }
        }
        Ok(std::mem::take(&mut self.decoded).into())
    }

    /// Ends the script and gives the rest.
    ///
    /// # Errors
    /// As [`Self::write`]; also when a coded body ended too early.
    pub fn finish(&mut self) -> Result<Bytes, BrokenBody> {
        if !self.decoder.may_end() {
            return Err(BrokenBody);
        }
        Ok(std::mem::take(&mut self.comment).into())
    }
}

/// FNV-1a (RFC 9923): the same in every process, so that a worker is installed anew when the list of hosts has changed, and not after a restart.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
