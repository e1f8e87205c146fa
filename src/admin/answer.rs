//! One request of the administration, from its path to its answer: whether it may be asked at all, who asks, which page.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use super::{
    Administration,
    accounts::Role,
    body::Body,
    dashboard, health,
    pages::{self, Choice, Page, Words},
    sign_in::{Outcome, SignedIn},
    waiting_lines::WaitingError,
    way::{NoHost, Way, asked_host, is_address_or_localhost},
};

/// Longest form, in bytes: the longest password, its name, and what escaping adds.
const LONGEST_FORM: usize = 8 * 1024;
/// How long a client may take to send it.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

/// An answer of the administration.
pub type Answer = Response<Body>;

/// How long a browser remembers that the host of the administration is reached by https alone, in the words of RFC 6797.
const HSTS: &str = "max-age=31536000";

/// The answer to a request on the listener of the administration.
pub(super) async fn answer(request: Request<Incoming>, way: &Way, admin: &Arc<Administration>) -> Answer {
    match asked_host(request.headers()) {
        Ok(host) if host.is_none_or(is_address_or_localhost) => answer_by(request, way, admin).await,
        // A page on another name that resolves to this address (DNS rebinding) must not read anything here.
        Ok(_) => text(StatusCode::MISDIRECTED_REQUEST, "ask by address or as localhost\n"),
        Err(NoHost) => text(StatusCode::BAD_REQUEST, "the request names no single host\n"),
    }
}

/// The answer to a request to the host of the administration over TLS, whose name the server has compared.
pub(super) async fn answer_over_tls(request: Request<Incoming>, way: &Way, admin: &Arc<Administration>) -> Answer {
    let is_head = *request.method() == Method::HEAD;
    let mut response = answer_by(request, way, admin).await;
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    if is_head {
        let length = response.body().size_hint().exact().unwrap_or(0);
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        *response.body_mut() = Body::whole("");
    }
    response
}

async fn answer_by(request: Request<Incoming>, way: &Way, admin: &Arc<Administration>) -> Answer {
    match *request.method() {
        Method::GET | Method::HEAD => read(&request, way, admin).await,
        Method::POST => post(request, way, admin).await,
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and POST\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            response
        }
    }
}

async fn read(request: &Request<Incoming>, way: &Way, admin: &Arc<Administration>) -> Answer {
    let path = request.uri().path();
    match path {
        "/style.css" => return style(),
        // What needs no sign-in is for monitors, not for everybody.
        _ if way.is_tls() => {}
        "/metrics" => return metrics(admin),
        _ => {
            if let Some(health) = health::answer(path, admin) {
                return health;
            }
        }
    }
    if let Some(asset) = dashboard::asset(path) {
        return asset;
    }
    let words = Words::of(request.headers());
    if path.starts_with(dashboard::SHARED) {
        return dashboard::behind(path, request.uri().query().unwrap_or_default(), words, admin).await;
    }
    let account = admin.signed_in(request.headers(), way).await;
    if path == "/sign-in" {
        return match account {
            Some(account) => redirect(start_of(account.role)),
            None => html(StatusCode::OK, admin.sign_in_page(words, way, None).await),
        };
    }
    if path.starts_with(dashboard::PATH) {
        return statistics(request, words, account, admin).await;
    }
    let Some(page) = Page::at(path) else {
        let known = if way.is_tls() {
            "nothing is here\n"
        } else {
            "there are /, /metrics, /healthz, /readyz, /readyz/https and /readyz/consent\n"
        };
        return text(StatusCode::NOT_FOUND, known);
    };
    let Some(account) = account else { return redirect("/sign-in") };
    if account.role < page.role() {
        return html(StatusCode::FORBIDDEN, pages::message(words, Some(&account), pages::Message::NotForYou));
    }
    show(page, words, account, admin).await
}

/// The dashboard, and the numbers that programs ask it for: these are told by their status that nobody is signed in.
async fn statistics(
    request: &Request<Incoming>,
    words: Words,
    account: Option<SignedIn>,
    admin: &Arc<Administration>,
) -> Answer {
    let path = request.uri().path();
    let Some(account) = account else {
        return if dashboard::is_for_programs(path) {
            dashboard::told(StatusCode::UNAUTHORIZED, "sign in first")
        } else {
            redirect("/sign-in")
        };
    };
    if account.role < dashboard::ROLE {
        return if dashboard::is_for_programs(path) {
            dashboard::told(StatusCode::FORBIDDEN, "this is for the operator")
        } else {
            html(StatusCode::FORBIDDEN, pages::message(words, Some(&account), pages::Message::NotForYou))
        };
    }
    if path == dashboard::SHARE {
        return dashboard::links(words, account, admin).await;
    }
    let query = request.uri().query().unwrap_or_default();
    let answer = dashboard::answer(path, query, words, account, admin).await;
    answer.unwrap_or_else(|| text(StatusCode::NOT_FOUND, "there is nothing here\n"))
}

/// Where somebody begins.
fn start_of(role: Role) -> &'static str {
    if role >= dashboard::ROLE { dashboard::PATH } else { "/" }
}

async fn post(request: Request<Incoming>, way: &Way, admin: &Arc<Administration>) -> Answer {
    let words = Words::of(request.headers());
    if !way.is_from_our_page(request.headers()) {
        return html(StatusCode::FORBIDDEN, pages::message(words, None, pages::Message::FromElsewhere));
    }
    let path = request.uri().path().to_owned();
    if path == "/sign-out" {
        let removal = admin.sign_out(request.headers(), way);
        return with_cookie(redirect("/sign-in"), &removal);
    }
    if path == "/sign-in" {
        return sign_in(request, words, way, admin).await;
    }
    let page = Page::at(&path).filter(|page| page.takes_form());
    let is_of_links = path == dashboard::SHARE || path == dashboard::REVOKE;
    let Some(least) = page.map(Page::role).or(is_of_links.then_some(dashboard::ROLE)) else {
        return text(StatusCode::NOT_FOUND, "nothing is posted here\n");
    };
    let Some(account) = admin.signed_in(request.headers(), way).await else { return redirect("/sign-in") };
    if account.role < least {
        return html(StatusCode::FORBIDDEN, pages::message(words, Some(&account), pages::Message::NotForYou));
    }
    let base = way.origin(request.headers()).unwrap_or_default();
    let Some(form) = Form::read(request).await else { return text(StatusCode::BAD_REQUEST, "no form\n") };
    match page {
        None => dashboard::change(&path, &base, &form, words, account, admin).await,
        Some(Page::Inventory) => choose(form, words, account, admin).await,
        Some(Page::Country) => match pages::found(words, &account, admin, form.field("address")) {
            Ok(page) => html(StatusCode::OK, page),
            Err(page) => html(StatusCode::BAD_REQUEST, page),
        },
        Some(Page::Export) => super::exporting::export(&form, words, account, admin).await,
        Some(Page::Overview | Page::Accesses | Page::Persons | Page::Retention) => {
            text(StatusCode::NOT_FOUND, "nothing is posted here\n")
        }
    }
}

/// Notes a category for a name, on a thread that may wait for the disk; then the page is shown anew.
async fn choose(form: Form, words: Words, account: SignedIn, admin: &Arc<Administration>) -> Answer {
    let (for_choice, number) = (admin.clone(), account.number);
    let chosen = tokio::task::spawn_blocking(move || pages::choose(&for_choice, &Choice::of(&form))).await;
    let (status, message) = match chosen {
        Ok(Ok(true)) => {
            tracing::info!(account = %number, "a line for the configuration was chosen or taken back");
            return redirect("/inventory");
        }
        Ok(Ok(false)) => (StatusCode::CONFLICT, pages::Message::NoSuchName),
        Ok(Err(WaitingError::Full)) => (StatusCode::CONFLICT, pages::Message::TooManyWait),
        Ok(Err(error)) => {
            tracing::error!(%error, "a line for the configuration can't be kept");
            (StatusCode::SERVICE_UNAVAILABLE, pages::Message::NotProposed)
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, pages::Message::NotProposed),
    };
    html(status, pages::message(words, Some(&account), message))
}

async fn sign_in(request: Request<Incoming>, words: Words, way: &Way, admin: &Administration) -> Answer {
    if !way.takes_passwords() {
        return html(StatusCode::FORBIDDEN, admin.sign_in_page(words, way, None).await);
    }
    let headers = request.headers().clone();
    let Some(form) = Form::read(request).await else { return text(StatusCode::BAD_REQUEST, "no form\n") };
    match admin.sign_in(&headers, way, form.field("name"), form.field("password").to_owned()).await {
        Outcome::Begun(cookie, role) => with_cookie(redirect(start_of(role)), &cookie),
        Outcome::Refused(status, refusal) => html(status, admin.sign_in_page(words, way, Some(refusal)).await),
    }
}

/// Makes a page on a thread that may wait for the disk.
async fn show(page: Page, words: Words, account: SignedIn, admin: &Arc<Administration>) -> Answer {
    let (for_page, for_fault) = (admin.clone(), account.clone());
    let made = tokio::task::spawn_blocking(move || page.make(words, &account, &for_page)).await;
    match made {
        Ok(Ok(page)) => html(StatusCode::OK, page),
        Ok(Err(error)) => unreadable(words, &for_fault, &error.to_string()),
        Err(_) => unreadable(words, &for_fault, "the page broke off"),
    }
}

/// The log can't be read: the reason goes to whoever reads the gateway's own log.
pub(super) fn unreadable(words: Words, account: &SignedIn, error: &str) -> Answer {
    tracing::error!(%error, "a page of the administration can't be made");
    html(StatusCode::SERVICE_UNAVAILABLE, pages::message(words, Some(account), pages::Message::Unreadable))
}

/// The fields of a posted form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    async fn read(request: Request<Incoming>) -> Option<Self> {
        let body = Limited::new(request.into_body(), LONGEST_FORM).collect();
        let body = tokio::time::timeout(FORM_TIMEOUT, body).await.ok()?.ok()?.to_bytes();
        Some(Self(url::form_urlencoded::parse(&body).into_owned().collect()))
    }

    /// The first field of this name; what is missing is empty.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

fn metrics(admin: &Administration) -> Answer {
    let store = admin.gateway.store();
    admin.gateway.metrics().log_backlog(store.waiting(), store.lost());
    admin.gateway.show_moment();
    typed("text/plain; version=0.0.4; charset=utf-8", StatusCode::OK, admin.gateway.metrics().render())
}

fn style() -> Answer {
    typed("text/css; charset=utf-8", StatusCode::OK, pages::STYLE)
}

/// A page of ours.
pub(super) fn html(status: StatusCode, page: String) -> Answer {
    let mut response = typed("text/html; charset=utf-8", status, page);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    response
}

fn redirect(to: &'static str) -> Answer {
    let mut response = text(StatusCode::SEE_OTHER, "");
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(to));
    response
}

fn with_cookie(mut response: Answer, cookie: &str) -> Answer {
    let value = HeaderValue::from_str(cookie).expect("tokens are hexadecimal");
    response.headers_mut().insert(header::SET_COOKIE, value);
    response
}

pub(super) fn text(status: StatusCode, text: &'static str) -> Answer {
    typed("text/plain; charset=utf-8", status, text)
}

pub(super) fn typed(media_type: &'static str, status: StatusCode, content: impl Into<bytes::Bytes>) -> Answer {
    guarded(status, media_type, Body::whole(content))
}

/// An answer with the headers that all have: nothing of ours is kept, framed, or runs a script.
pub(super) fn guarded(status: StatusCode, media_type: &'static str, body: Body) -> Answer {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` browsers post forms with `Origin: null`.
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
