//! Letters to the operator, by SMTP (RFC 5321): over TLS or not at all, but on this machine.
//!
//! Sending waits for the server, so it is done on a thread that may wait.

use std::{fs, io, path::PathBuf, time::Duration};

pub use lettre::message::Mailbox;
use lettre::{
    Message, SmtpTransport, Transport as _,
    message::{
        MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};

use crate::{clock, timestamp::Timestamp, visitor::Language};

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest password, in bytes.
const LONGEST_PASSWORD: usize = 1024;

/// How a connection is kept from others' eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314), port 465.
    Tls,
    /// TLS before anything is said, or nothing is (RFC 3207), port 587.
    StartTls,
    /// None, within this machine.
    Loopback,
}

/// By which server, from whom, to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// TLS or not.
    pub security: Security,
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who signs in, if anybody does.
    pub user: Option<String>,
    /// Where the password is; it is read each time.
    pub password_file: Option<PathBuf>,
    /// Certificates of an authority in place of the well-known ones, PEM.
    pub certificate_authority: Option<PathBuf>,
    /// Who writes.
    pub from: Mailbox,
    /// Who reads; never empty.
    pub to: Vec<Mailbox>,
    /// In which language, where one is named.
    pub language: Option<Language>,
}

/// A letter, in both forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is about.
    pub subject: String,
    /// For programs that show text alone.
    pub text: String,
    /// The same with tables and colours, whole in itself.
    pub html: String,
}

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A file can't be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Not what is expected there.
    #[error("{path}: there is no password in its first line, or a very long one")]
    Password {
        /// Which.
        path: PathBuf,
    },
    /// The letter can't be put together.
    #[error("the letter can't be put together: {0}")]
    Letter(#[from] lettre::error::Error),
    /// What the server or the way to it says.
    #[error("{host}:{port}: {source}{hint}")]
    Server {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// What went wrong.
        source: Box<lettre::transport::smtp::Error>,
        /// What to look at.
        hint: &'static str,
    },
}

/// Reads `stats@example.kz` or `Statistics <stats@example.kz>`.
///
/// # Errors
///
/// When it is no address, in a few words.
pub fn parse_mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error: lettre::address::AddressError| error.to_string())
}

/// Sends a letter, and blocks until the server has taken it.
///
/// # Errors
///
/// When it was not taken.
pub fn send(settings: &Settings, letter: &Letter, now: Timestamp) -> Result<(), MailError> {
    let message = message(settings, letter, now)?;
    let failed = |source: lettre::transport::smtp::Error| {
        let (host, port, hint) = (settings.host.clone(), settings.port, hint(&source));
        MailError::Server { host, port, source: Box::new(source), hint }
    };
    let mut transport = SmtpTransport::builder_dangerous(&settings.host).port(settings.port).timeout(Some(PATIENCE));
    transport = transport.tls(match settings.security {
        Security::Loopback => Tls::None,
        Security::Tls => Tls::Wrapper(parameters(settings, failed)?),
        Security::StartTls => Tls::Required(parameters(settings, failed)?),
    });
    if let Some(user) = &settings.user {
        transport = transport.credentials(Credentials::new(user.clone(), password(settings)?));
    }
    let name = ClientId::Domain(settings.from.email.domain().to_owned());
    transport.hello_name(name).build().send(&message).map(drop).map_err(failed)
}

fn message(settings: &Settings, letter: &Letter, now: Timestamp) -> Result<Message, MailError> {
    let number = u128::from_be_bytes(clock::random());
    let mut builder = Message::builder()
        .from(settings.from.clone())
        .subject(&*letter.subject)
        .date(std::time::UNIX_EPOCH + Duration::from_millis(now.milliseconds().unsigned_abs()))
        .message_id(Some(format!("<{number:032x}@{}>", settings.from.email.domain())))
        // Nobody's holiday notice shall answer it (RFC 3834, section 5).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    for reader in &settings.to {
        builder = builder.to(reader.clone());
    }
    Ok(builder.multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))?)
}

fn parameters(
    settings: &Settings,
    failed: impl Fn(lettre::transport::smtp::Error) -> MailError,
) -> Result<TlsParameters, MailError> {
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.certificate_authority {
        let pem = fs::read(path).map_err(|source| MailError::File { path: path.clone(), source })?;
        parameters = parameters
            .certificate_store(lettre::transport::smtp::client::CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(&pem).map_err(&failed)?);
    }
    parameters.build().map_err(failed)
}

fn password(settings: &Settings) -> Result<String, MailError> {
    let Some(path) = &settings.password_file else { return Ok(String::new()) };
    let text = fs::read_to_string(path).map_err(|source| MailError::File { path: path.clone(), source })?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() || line.len() > LONGEST_PASSWORD {
        return Err(MailError::Password { path: path.clone() });
    }
    Ok(line.to_owned())
}

/// What to look at, where the answer itself does not tell.
fn hint(error: &lettre::transport::smtp::Error) -> &'static str {
    match error.status().map(|code| code.to_string()).as_deref() {
        Some("535" | "534" | "530") => "; look at the user in `smtp` and at `password_file`",
        Some("550" | "553" | "554") => "; look at `from` and `to`",
        _ if error.is_tls() => "; look at the name in `smtp`, and whether the port speaks TLS",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            security: Security::Loopback,
            host: "localhost".into(),
            port: 25,
            user: None,
            password_file: None,
            certificate_authority: None,
            from: parse_mailbox("Статистика <stats@example.kz>").unwrap(),
            to: vec![parse_mailbox("a@example.kz").unwrap(), parse_mailbox("b@example.kz").unwrap()],
            language: None,
        }
    }

    #[test]
    fn a_letter_has_both_forms_and_says_that_a_program_wrote_it() {
        let letter = Letter { subject: "Неделя".into(), text: "текст".into(), html: "<p>текст".into() };
        let now = Timestamp::parse("2026-11-29T02:00:00Z").unwrap();
        let message = String::from_utf8(message(&settings(), &letter, now).unwrap().formatted()).unwrap();
        for said in [
            "To: a@example.kz, b@example.kz\r\n",
            "Date: Sun, 29 Nov 2026 02:00:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Subject: =?utf-8?b?",
            "@example.kz>\r\n",
            "multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(message.contains(said), "{said} in {message}");
        }
        assert!(message.is_ascii());
    }

    #[test]
    fn a_password_is_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let settings = Settings { password_file: Some(path.clone()), ..settings() };
        assert!(matches!(password(&settings), Err(MailError::File { .. })));
        fs::write(&path, "secret word\r\n").unwrap();
        assert_eq!(password(&settings).unwrap(), "secret word");
        fs::write(&path, "\n").unwrap();
        assert!(matches!(password(&settings), Err(MailError::Password { .. })));
    }
}
