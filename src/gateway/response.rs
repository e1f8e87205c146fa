//! The stages after the site: clear the answer, rewrite it if it is a page.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::{
    AnswerBody, Mode, Shared, body::End, counted_page::CountedPage, error::GatewayError, opening::Beginning,
    own_cookies::OwnCookies, own_pages::model_for, request::Decided, request_record::RequestRecord, site::Site,
    visit::Visit,
};
use crate::{
    consent::{Decision, FrameGrant, Model, ShownMark},
    cookies::{self, ExpiryScope, RefusedCookies, filter_response},
    pages::PageScript,
    rewrite::{
        self, Admission, BodyChanged, BrokenBody, Injection, OwnSources, PageBody, PageRequest, PageRewriter,
        PassReason, Placement, Plan, Purpose, Recipe, Variant, admit_own, admitted_unchanged,
    },
    routing::OwnPage,
    telemetry::Direction,
    timestamp::Timestamp,
    upstream::{Answer, ResponseBody, append_via, remove_hop_by_hop, upgrade_protocol},
    visitor::Scheme,
};

/// What is remembered of a request until its answer comes.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) purpose: Purpose,
    pub(super) path: String,
    pub(super) path_and_query: String,
    /// The client's headers, where the answer may be a page.
    pub(super) page_headers: Option<HeaderMap>,
    pub(super) banner_excluded: bool,
    pub(super) policy_excluded: bool,
    pub(super) refused: RefusedCookies,
    /// The one frame that this page may load although its host is refused.
    pub(super) frame_grant: Option<FrameGrant>,
    pub(super) variant: Variant,
    pub(super) now: Timestamp,
    /// Whether what becomes of the answer may be remembered, as the site's own headers say.
    pub(super) may_be_remembered: bool,
}

impl Asked {
    /// Looks at the headers of the answer before anything of ours is in them.
    pub(super) fn answered(&mut self, answer: &Answer) {
        let allows = |asked: &HeaderMap| rewrite::may_be_remembered(&self.method, asked, answer.headers());
        self.may_be_remembered = self.page_headers.as_ref().is_some_and(allows);
    }
}

/// Clears an answer of a site whose cookies are filtered.
pub(super) fn clear(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    decided: &Decided,
    asked: &Asked,
    answer: &mut Answer,
) {
    forward(answer);
    let headers = answer.headers_mut();
    rewrite::every_response_headers(headers);
    site.observe_cookies(headers, &visit.host, &asked.path);
    let outcome = filter_response(headers, &site.catalogue, site.permit(decided.decision.allowed));
    shared.count_cookies(site, &outcome.refused, &outcome.passed, Direction::Response);
    visit.trace.withheld(Direction::Response, outcome.refused.total());
    shared.likely_sessions.report(site, &outcome.likely_sessions, asked.now);
    if decided.decision.expires_leftovers() && asked.page_headers.is_some() {
        let secure = visit.client.scheme == Scheme::Https;
        let scope = ExpiryScope { host: &visit.host, path: &asked.path, next: None, secure };
        append_private(headers, site.expire_leftovers(&asked.refused, &scope, shared.next_round()));
    }
}

/// Appends cookies that are for one visitor, so that no shared cache keeps them for others.
pub(super) fn append_private(headers: &mut HeaderMap, lines: Vec<HeaderValue>) {
    if lines.is_empty() {
        return;
    }
    rewrite::keep_private(headers);
    for line in lines {
        headers.append(header::SET_COOKIE, line);
    }
}

/// Clears an answer whose cookies are not ours to judge. They are observed, since pages that are judged may have to delete them.
pub(super) fn clear_own(site: &Site, visit: &Visit, path: &str, answer: &mut Answer) {
    forward(answer);
    if site.mode != Mode::Observe {
        site.observe_cookies(answer.headers(), &visit.host, path);
    }
    cookies::drop_own(answer.headers_mut());
}

/// Whether a site has this page of ours. One that is observed has none that a visitor could see.
pub(super) fn has_page(site: &Site, page: &OwnPage<'_>, now: Timestamp) -> bool {
    match page {
        _ if site.mode != Mode::Observe => true,
        OwnPage::Report => true,
        OwnPage::Asset(name) => site.pages(now).observe_path().strip_prefix(&site.prefix) == Some(name),
        _ => false,
    }
}

/// What every answer goes through: nothing of the upstream's connection travels on.
pub(super) fn forward(answer: &mut Answer) {
    let version = answer.version();
    let upgraded = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    let protocol = upgrade_protocol(headers).filter(|_| upgraded);
    remove_hop_by_hop(headers);
    // It would lead the browser round the gateway, for the whole site and not only for this path.
    headers.remove(header::ALT_SVC);
    if let Some(protocol) = protocol {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
    append_via(headers, version);
    *answer.version_mut() = http::Version::HTTP_11;
}

/// Rewrites an answer if it is a page; passes it as it is if not, with the reason counted.
pub(super) async fn rewritten(
    record: &mut RequestRecord,
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    decision: &Decision,
    asked: &Asked,
    mut answer: Answer,
) -> Result<Response<AnswerBody>, GatewayError> {
    let Some(client_headers) = &asked.page_headers else { return Ok(answer.map(AnswerBody::site)) };
    let request =
        PageRequest { method: &asked.method, headers: client_headers, banner_excluded: asked.banner_excluded };
    let plan = rewrite::plan(&request, answer.status(), answer.headers());
    let Plan::Rewrite(plan) = plan else {
        if rewrite::changes_headers(&request, answer.status(), answer.headers()) {
            let edited = edits(site, visit, decision, asked).is_some();
            page_headers(site, visit, asked, edited, answer.headers_mut());
        } else if let Plan::Pass(reason) = plan {
            record.page(reason.name());
        }
        return Ok(answer.map(AnswerBody::site));
    };
    let (mut head, mut body) = answer.into_parts();
    let beginning = Beginning::there(&mut body).await.map_err(GatewayError::BrokenAnswer)?;
    let mut headers = head.headers.clone();
    let edits = edits(site, visit, decision, asked);
    let admission = page_headers(site, visit, asked, edits.is_some(), &mut headers);
    let injection = injection(site, visit, decision, asked, &admission);
    let shown = shown_line(shared, site, visit, decision, asked.now, plan.placement, &injection);
    // A nonce, and a leave for a frame, are for one answer: what they go into never comes again.
    let may_come_again = admission.nonce.is_none() && asked.frame_grant.is_none();
    let may_be_remembered = beginning.end == End::Reached && may_come_again && asked.may_be_remembered;
    let recipe = Recipe { plan, injection, edits };
    let made = match may_be_remembered.then(|| shared.remembered.find(&recipe, &beginning.parts)).flatten() {
        Some(page) => {
            let counted = recipe.edits.is_some().then(|| counted(shared, site, page.counts.into()));
            Ok(("remembered", AnswerBody::rewritten(vec![page.body.clone()], counted)))
        }
        None => made(shared, site, recipe, (may_be_remembered, may_come_again), beginning, body).await?,
    };
    let (outcome, body) = match made {
        Ok(page) => page,
        Err((reason, body)) => {
            record.page(reason.name());
            return Ok(Response::from_parts(head, body));
        }
    };
    let used = asked.frame_grant.as_ref().and(visit.own_cookies.as_ref()).map(OwnCookies::end_frame);
    append_private(&mut headers, shown.into_iter().chain(used).collect());
    head.headers = headers;
    record.page(outcome);
    Ok(Response::from_parts(head, body))
}

/// Makes a page by its recipe; what is none passes as it came, with the reason.
async fn made(
    shared: &Shared,
    site: &Site,
    recipe: Recipe,
    (may_be_remembered, may_come_again): (bool, bool),
    mut beginning: Beginning,
    mut body: ResponseBody,
) -> Result<Result<(&'static str, AnswerBody), (PassReason, AnswerBody)>, GatewayError> {
    let texts = may_come_again.then_some(&shared.coded_texts);
    if beginning.end == End::Reached
        && let Some((page, counts)) = rewrite::splice(&recipe, &beginning.whole(), texts)
    {
        let counted = recipe.edits.is_some().then(|| counted(shared, site, counts.into()));
        if may_be_remembered {
            shared.remembered.keep(recipe, &beginning.parts, std::slice::from_ref(&page), counts);
        }
        return Ok(Ok(("rewritten", AnswerBody::rewritten(vec![page], counted))));
    }
    let mut page = PageBody::new(&recipe.plan);
    let opened = beginning.look(&mut page, &mut body).await.map_err(GatewayError::BrokenAnswer)?;
    let passed = |reason, Beginning { parts, end, .. }, body| Ok(Err((reason, AnswerBody::looked(parts, body, end))));
    if let Err(reason) = opened {
        return passed(reason, beginning, body);
    }
    let tally = recipe.edits.as_ref().map(rewrite::PageEdits::tally);
    let mut rewriter = page.into_rewriter(recipe.injection.clone(), recipe.edits.clone());
    // What has come so far is rewritten before the head leaves: a page that is broken from its beginning can still pass as it came.
    let Ok(begun) = begun(&mut rewriter, &beginning) else {
        return passed(PassReason::BrokenCoding, beginning, body);
    };
    if may_be_remembered {
        let counts = tally.as_ref().map(rewrite::PageTally::counts).unwrap_or_default();
        shared.remembered.keep(recipe, &beginning.parts, &begun, counts);
    }
    let counted = tally.map(|tally| counted(shared, site, tally));
    let body = match beginning.end {
        End::Reached => AnswerBody::rewritten(begun, counted),
        End::Ahead => AnswerBody::page(rewriter, begun, body, counted),
    };
    Ok(Ok(("rewritten", body)))
}

fn counted(shared: &Shared, site: &Site, tally: rewrite::PageTally) -> CountedPage {
    CountedPage { enforcement: shared.enforcement.clone(), site: site.number, tally }
}

/// What a page becomes as far as it has come.
fn begun(rewriter: &mut PageRewriter, beginning: &Beginning) -> Result<Vec<bytes::Bytes>, BrokenBody> {
    let mut begun = rewriter.write(bytes::Bytes::new())?;
    for part in beginning.unseen() {
        begun.extend(rewriter.write(part)?);
    }
    if beginning.end == End::Reached {
        begun.extend(rewriter.finish()?);
    }
    Ok(begun)
}

/// The headers of a page that is, or would be, rewritten; and edited, so that pages of ours may stand in its frames.
fn page_headers(site: &Site, visit: &Visit, asked: &Asked, edited: bool, headers: &mut HeaderMap) -> Admission {
    rewrite::response_headers(headers, asked.variant, BodyChanged::Yes);
    if site.mode == Mode::Observe {
        // What is observed stays as it is: a policy that would stop our script, or report it, keeps it out of the page.
        let pages = site.pages(asked.now);
        let own = |path: &str| format!("{}{path}", visit.origin());
        let report = own(&format!("{}report", site.prefix));
        return admitted_unchanged(headers, &own(pages.observe_path()), &report)
            .unwrap_or(Admission { nonce: None, script_refused: true });
    }
    if asked.policy_excluded {
        return Admission::default();
    }
    let pages = site.pages(asked.now);
    let origin = visit.origin();
    let own = |path: &str| format!("{origin}{path}");
    let frame = edited.then(|| own(&format!("{}frame", site.prefix)));
    let choice = own(&format!("{}choice", site.prefix));
    admit_own(
        headers,
        &OwnSources {
            script_url: &own(pages.script_path()),
            style_url: &own(pages.style_path()),
            form_url: &choice,
            connect_url: &choice,
            frame_url: frame.as_deref(),
        },
    )
}

fn edits(site: &Site, visit: &Visit, decision: &Decision, asked: &Asked) -> Option<rewrite::PageEdits> {
    super::frame::edits(site, visit, decision.allowed, &asked.path_and_query, asked.frame_grant.clone(), asked.now)
}

fn injection(site: &Site, visit: &Visit, decision: &Decision, asked: &Asked, admission: &Admission) -> Injection {
    let pages = site.pages(asked.now);
    let page = PageScript {
        allowed: decision.allowed,
        answered: !decision.asks(),
        posted: asked.method == Method::POST,
        nonce: admission.nonce.as_deref(),
    };
    let script = match site.mode {
        _ if admission.script_refused => bytes::Bytes::new(),
        Mode::Observe => pages.observe_tag(page.nonce),
        Mode::Strict | Mode::Compatible => pages.script_tag(visit.language, page),
    };
    let banner = if decision.asks() {
        pages.banner(visit.language, model_for(site, visit), &visit.origin(), &asked.path_and_query)
    } else if decision.answered() {
        pages.settings_link(visit.language, &visit.origin(), &asked.path_and_query)
    } else {
        bytes::Bytes::new()
    };
    Injection { script, banner }
}

/// Under the notice model, the mark that this page showed the banner.
fn shown_line(
    shared: &Shared,
    site: &Site,
    visit: &Visit,
    decision: &Decision,
    now: Timestamp,
    placement: Placement,
    injection: &Injection,
) -> Option<HeaderValue> {
    let own: &OwnCookies = visit.own_cookies.as_ref()?;
    // A frame gets the script only, and a page that is loaded ahead may never be seen.
    let shown = placement == Placement::ScriptAndBanner && !injection.banner.is_empty() && !visit.fetch.speculative;
    if !(shown && decision.asks() && model_for(site, visit) == Model::Notice) {
        return None;
    }
    let mark = ShownMark { edition: site.consent.editions.in_force(now).id.clone(), time: now };
    Some(own.mark_shown(mark.sign(&shared.keys(), &shared.binding(site, own.shown).borrowed())))
}
