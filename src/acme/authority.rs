//! What is asked of an authority: an account, an order for one name, when to renew.

use std::{io, sync::Arc, time::Duration};

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Challenge, Failure, Reason, Served, Settings,
    http::Http,
    plan::Window,
    served::{Expected, Unanswerable},
    storage::Storage,
};
use crate::timestamp::Timestamp;

/// How long an authority may take to prove a name, and to issue a certificate.
const LONGEST_PROOF: Duration = Duration::from_secs(90);
const LONGEST_ISSUE: Duration = Duration::from_secs(90);

/// The problem of an account that an authority does not know, and of too many requests (RFC 8555, section 6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";
const RATE_LIMITED: &str = "urn:ietf:params:acme:error:rateLimited";

/// One authority, and our account there.
pub(super) struct Authority {
    settings: Settings,
    http: Http,
    storage: Storage,
}

/// `account.json`.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What the authority was told last.
    contact: Option<String>,
    /// Number and key.
    credentials: Value,
}

/// What of a directory only an account that is made needs (RFC 8555, section 7.1.1).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Meta {
    terms_of_service: Option<String>,
    external_account_required: bool,
}

#[derive(Deserialize)]
struct Directory {
    #[serde(default)]
    meta: Meta,
}

impl Authority {
    pub(super) const fn new(settings: Settings, http: Http, storage: Storage) -> Self {
        Self { settings, http, storage }
    }

    /// A certificate for a name: its private key and its chain, PEM. `replaces` is the one before. The answer that the authority waits for is
    /// served meanwhile.
    pub(super) async fn obtain(
        &self,
        name: &str,
        challenge: Challenge,
        replaces: Option<&CertificateIdentifier<'static>>,
        served: &Arc<Served>,
    ) -> Result<String, Failure> {
        let obtained = match self.obtain_once(name, challenge, replaces, served).await {
            // An authority that forgot us, or was set up anew, gets a new account.
            Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(NO_ACCOUNT) => {
                self.storage.forget_account().map_err(of_state)?;
                self.obtain_once(name, challenge, replaces, served).await
            }
            obtained => obtained,
        };
        obtained.map_err(|error| self.failure(error))
    }

    /// When the authority would like a certificate to be renewed; nothing where it does not say.
    pub(super) async fn window(&self, id: &CertificateIdentifier<'static>) -> Result<Option<Window>, Failure> {
        let asked = async { self.account().await?.renewal_info(id).await };
        match asked.await {
            Ok((info, ask_again)) => {
                let moment = |seconds: i64| Timestamp::from_seconds(seconds);
                let window = info.suggested_window;
                let (start, end) = (moment(window.start.unix_timestamp()), moment(window.end.unix_timestamp()));
                Ok(Some(Window { start, end, ask_again }))
            }
            Err(Error::Unsupported(_)) => Ok(None),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn failure(&self, error: Error) -> Failure {
        let until = self.http.take_hold();
        let failure = match error {
            Error::Other(error) => match error.downcast::<Failure>() {
                Ok(failure) => *failure,
                Err(error) => Failure::of(&Error::Other(error)),
            },
            error => Failure::of(&error),
        };
        Failure { until, ..failure }
    }

    async fn obtain_once(
        &self,
        name: &str,
        challenge: Challenge,
        replaces: Option<&CertificateIdentifier<'static>>,
        served: &Arc<Served>,
    ) -> Result<String, Error> {
        let account = self.account().await.map_err(before_proof)?;
        let mut order = order(&account, name, replaces).await.map_err(before_proof)?;
        let answered = answer(&mut order, name, challenge, served).await;
        // Until the authority has looked.
        let _expected = answered?;
        let proof = RetryPolicy::new().timeout(LONGEST_PROOF);
        match order.poll_ready(&proof).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) => return Err(why(&mut order).await.unwrap_or(Error::Str("the reason of an order that failed"))),
            Err(error @ Error::Api(_)) => return Err(why(&mut order).await.unwrap_or(error)),
            // Where a proof did not work an authority may look again and again, and say so at the challenge alone (RFC 8555, section 8.2).
            Err(Error::Timeout(_)) => return Err(why(&mut order).await.unwrap_or_else(unproved)),
            Err(error) => return Err(error),
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&RetryPolicy::new().timeout(LONGEST_ISSUE)).await?;
        Ok(key + &chain)
    }

    /// The account: the one that is kept, or a new one.
    async fn account(&self) -> Result<Account, Error> {
        let builder = Account::builder_with_http(Box::new(self.http.clone()));
        let Some(text) = self.storage.account().map_err(|error| Failure::from(error).into_error())? else {
            return self.register().await;
        };
        let contact = self.settings.contact.as_deref();
        let kept = serde_json::from_str::<Kept>(&text).and_then(|kept| {
            let credentials = AccountCredentials::deserialize(&kept.credentials)?;
            Ok((kept, credentials))
        });
        let (kept, credentials) = kept.map_err(|error| {
            let said = format!(
                "account.json in the folder of the authority is damaged: {error}; remove it, and a new account is made"
            );
            Failure::new(Reason::State, said).into_error()
        })?;
        let account = builder.from_credentials(credentials).await?;
        if kept.contact.as_deref() != contact {
            account.update_contacts(contact.as_slice()).await?;
            self.keep(kept.credentials)?;
        }
        Ok(account)
    }

    async fn register(&self) -> Result<Account, Error> {
        let directory = &self.settings.directory;
        let Directory { meta } = serde_json::from_slice(&self.http.get(directory).await?)?;
        if meta.external_account_required {
            return Err(Failure::new(Reason::ExternalAccount, "it asks for an external account").into_error());
        }
        if let Some(terms) = meta.terms_of_service.filter(|_| !self.settings.terms_of_service_agreed) {
            return Err(Failure::new(Reason::Terms, format!("it asks to agree to its terms, {terms}")).into_error());
        }
        let contact = self.settings.contact.as_deref();
        let new = NewAccount {
            contact: contact.as_slice(),
            terms_of_service_agreed: self.settings.terms_of_service_agreed,
            only_return_existing: false,
        };
        let builder = Account::builder_with_http(Box::new(self.http.clone()));
        let (account, credentials) = builder.create(&new, directory.clone(), None).await?;
        self.keep(serde_json::to_value(credentials)?)?;
        Ok(account)
    }

    fn keep(&self, credentials: Value) -> Result<(), Error> {
        let kept = Kept { contact: self.settings.contact.clone(), credentials };
        let text = serde_json::to_string(&kept)?;
        self.storage.keep_account(&text).map_err(|error| Failure::from(error).into_error())
    }
}

/// An order for a name. That it replaces another certificate is told where the authority wants to know it (RFC 9773, section 5).
async fn order(
    account: &Account,
    name: &str,
    replaces: Option<&CertificateIdentifier<'static>>,
) -> Result<Order, Error> {
    let identifiers = [Identifier::Dns(name.to_owned())];
    if let Some(replaces) = replaces {
        match account.new_order(&NewOrder::new(&identifiers).replaces(replaces.clone())).await {
            Ok(order) => return Ok(order),
            Err(Error::Api(problem)) if !may_be_about_replacing(problem.r#type.as_deref()) => {
                return Err(problem.into());
            }
            // Not offered, or not taken, as where somebody renewed it otherwise, or another account of ours did: then it is an order like
            // the first.
            Err(_) => {}
        }
    }
    account.new_order(&NewOrder::new(&identifiers)).await
}

/// Whether a problem may be about what an order replaces. Authorities have many words for it, such as `alreadyReplaced`, `malformed`, and
/// `unauthorized` where another account got that certificate; and no certificate may be lost to a courtesy.
fn may_be_about_replacing(kind: Option<&str>) -> bool {
    !matches!(kind, Some(NO_ACCOUNT | RATE_LIMITED))
}

/// What went wrong before a name was to be proved. That an account is not known stays what it is: a new one is made then.
fn before_proof(error: Error) -> Error {
    match error {
        Error::Api(problem) if problem.r#type.as_deref() != Some(NO_ACCOUNT) => {
            Failure::before_proof(&problem).into_error()
        }
        error => error,
    }
}

/// What there is to say of a name that was not proved in time, where the authority says nothing.
fn unproved() -> Error {
    let said = format!("it did not prove the name within {} seconds", LONGEST_PROOF.as_secs());
    Failure::new(Reason::Unproved, said).into_error()
}

/// Gives the answer for each part of an order that is not proved yet, and says that it is there.
async fn answer(
    order: &mut Order,
    name: &str,
    challenge: Challenge,
    served: &Arc<Served>,
) -> Result<Vec<Expected>, Error> {
    let kind = match challenge {
        Challenge::Http01 => ChallengeType::Http01,
        Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    let mut expected = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(before_proof)?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            status => return Err(Failure::new(Reason::Other, format!("its authorization is {status:?}")).into_error()),
        }
        let Some(mut question) = authorization.challenge(kind.clone()) else {
            let said = format!("it does not offer {} for this name", challenge.name());
            return Err(Failure::new(Reason::Challenge, said).into_error());
        };
        let proof = question.key_authorization();
        let given = match challenge {
            Challenge::Http01 => served.expect_file(&question.token, proof.as_str()),
            Challenge::TlsAlpn01 => served.expect_handshake(name, proof.digest().as_ref()),
        };
        expected.push(given.map_err(|error| Failure::from(error).into_error())?);
        question.set_ready().await?;
    }
    Ok(expected)
}

/// Why a name was not proved: the order says only that it was not.
async fn why(order: &mut Order) -> Option<Error> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.ok()?;
        let state = authorization.refresh().await.ok()?;
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.clone()) {
            return Some(Error::Api(problem));
        }
    }
    None
}

fn of_state(error: io::Error) -> Failure {
    Failure::new(Reason::State, error.to_string())
}

impl Failure {
    /// In the error of the protocol's client, which goes through its calls.
    fn into_error(self) -> Error {
        Error::Other(Box::new(self))
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    /// Of a file; what comes of connections is an error of the client.
    fn from(error: io::Error) -> Self {
        of_state(error)
    }
}

impl From<Unanswerable> for Failure {
    fn from(error: Unanswerable) -> Self {
        let reason = match error {
            Unanswerable::Token => Reason::Protocol,
            Unanswerable::Certificate(_) => Reason::Other,
        };
        Self::new(reason, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_lost_to_nothing_that_may_be_said_of_the_certificate_before_it() {
        let check = |kind: &str, expected: bool| {
            let kind = format!("urn:ietf:params:acme:error:{kind}");
            assert_eq!(may_be_about_replacing(Some(&kind)), expected, "{kind}");
        };
        for kind in ["alreadyReplaced", "malformed", "conflict", "unauthorized", "serverInternal"] {
            check(kind, true);
        }
        check("rateLimited", false);
        check("accountDoesNotExist", false);
        assert!(may_be_about_replacing(None));
    }
}
