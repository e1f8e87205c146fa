//! The pages of the site, its cookies and its form.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{read, request, send, servers, text};

#[tokio::test]
async fn every_path_answers_with_its_status_and_type() {
    let (origin, _tracker) = servers().await;
    for (path, status, media_type) in [
        ("/", 200, "text/html; charset=utf-8"),
        ("/services", 200, "text/html; charset=utf-8"),
        ("/about", 200, "text/html; charset=utf-8"),
        ("/contact", 200, "text/html; charset=utf-8"),
        ("/contact/sent", 303, ""),
        ("/language?to=en", 303, ""),
        ("/cookies", 200, "text/html; charset=utf-8"),
        ("/cookies.txt", 200, "text/plain; charset=utf-8"),
        ("/lab", 200, "text/html; charset=utf-8"),
        ("/upload", 200, "text/html; charset=utf-8"),
        ("/websocket", 200, "text/html; charset=utf-8"),
        ("/windows-1251", 200, "text/html; charset=windows-1251"),
        ("/strict-csp", 200, "text/html; charset=utf-8"),
        ("/gzip", 200, "text/html; charset=utf-8"),
        ("/broken-gzip", 200, "text/html; charset=utf-8"),
        ("/feed.xml", 200, "text/html; charset=utf-8"),
        ("/robots.txt", 200, "text/plain; charset=utf-8"),
        ("/sitemap.xml", 200, "application/xml"),
        ("/style.css", 200, "text/css; charset=utf-8"),
        ("/page.js", 200, "text/javascript; charset=utf-8"),
        ("/logo.svg", 200, "image/svg+xml"),
        ("/favicon.ico", 204, ""),
        ("/echo", 426, ""),
        ("/error", 500, "text/html; charset=utf-8"),
        ("/nowhere", 404, "text/html; charset=utf-8"),
    ] {
        let (seen, headers, body) = read(origin.address(), path, &[]).await;
        assert_eq!(seen, status, "{path}");
        assert_eq!(headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap()), media_type, "{path}");
        assert_eq!(body.is_empty(), media_type.is_empty(), "{path}");
        assert!(!String::from_utf8_lossy(&body).contains("{{"), "{path} has an unfilled place");
    }
}

#[tokio::test]
async fn a_page_sets_four_cookies_and_loads_both_trackers() {
    let (origin, tracker) = servers().await;
    for path in ["/", "/services", "/cookies", "/error", "/nowhere"] {
        let (_, headers, body) = read(origin.address(), path, &[]).await;
        assert_eq!(cookie_names(&headers), ["PHPSESSID", "_gid", "_fbp", "zzz_unknown"], "{path}");
        let page = String::from_utf8(body.to_vec()).unwrap();
        let port = tracker.address().port();
        for resource in ["metrika/tag.js", "ga/gtag.js", "pixel.gif"] {
            assert!(page.contains(&format!("http://tracker.localhost:{port}/{resource}")), "{path} {resource}");
        }
    }
}

#[tokio::test]
async fn the_language_is_a_cookie_and_the_way_back_stays_on_the_site() {
    let (origin, _tracker) = servers().await;
    let (_, headers, _) = read(origin.address(), "/language?to=en&back=/services", &[]).await;
    assert_eq!(headers[header::LOCATION], "/services");
    assert!(headers[header::SET_COOKIE].to_str().unwrap().starts_with("language=en; "));
    let (_, headers, _) = read(origin.address(), "/language?to=en&back=//evil.example", &[]).await;
    assert_eq!(headers[header::LOCATION], "/");
    let page = text(origin.address(), "/services", &[("cookie", "language=en")]).await;
    assert!(page.contains("<html lang=\"en\">") && page.contains("Trademarks"));
    assert!(text(origin.address(), "/services", &[]).await.contains("Товарные знаки"));
}

#[tokio::test]
async fn the_contact_form_needs_its_session_and_shows_what_was_sent() {
    let (origin, _tracker) = servers().await;
    let session = "PHPSESSID=0123456789abcdef0123456789abcdef";
    let page = text(origin.address(), "/contact", &[("cookie", session)]).await;
    let token = page.split_once("name=\"token\" value=\"").unwrap().1.split('"').next().unwrap();
    let form = format!("token={token}&name=%3Cb%3E&email=a%40b.example&matter=Patent&text=one%0D%0Atwo");
    let post =
        |cookie, form: String| send(origin.address(), request(Method::POST, "/contact", &[("cookie", cookie)], form));

    assert_eq!(post("PHPSESSID=ffffffffffffffffffffffffffffffff", form.clone()).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(post("", form.clone()).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(post(session, "x".repeat(100_000)).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let sent = post(session, form).await;
    assert_eq!(
        (sent.status(), &sent.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/contact/sent".parse().unwrap())
    );

    let shown = text(origin.address(), "/contact/sent", &[("cookie", session)]).await;
    assert!(shown.contains("&lt;b&gt;") && shown.contains("a@b.example") && shown.contains("one\r\ntwo"));
    assert_eq!(read(origin.address(), "/contact/sent", &[]).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_proof_page_shows_what_arrived_and_lets_nothing_through_as_markup() {
    let (origin, _tracker) = servers().await;
    let headers = [
        ("cookie", "a=1; b=<script>"),
        ("kelisim-consent", "answered=?1, functional=?0"),
        ("x-forwarded-for", "203.0.113.0"),
    ];
    let page = text(origin.address(), "/cookies", &headers).await;
    for expected in ["<code>a</code>", "<code>&lt;script&gt;</code>", "answered=?1, functional=?0", "203.0.113.0"] {
        assert!(page.contains(expected), "{expected}");
    }
    let plain = text(origin.address(), "/cookies.txt", &headers).await;
    assert!(plain.contains("cookie: a=1; b=<script>\n") && plain.contains("x-forwarded-for: 203.0.113.0\n"));
    assert!(text(origin.address(), "/cookies", &[("cookie", "language=en")]).await.contains("not received"));
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let (origin, _tracker) = servers().await;
    let (_, headers, _) = read(origin.address(), "/services", &[]).await;
    let tag = headers[header::ETAG].to_str().unwrap();
    for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let (status, headers, body) = read(origin.address(), "/services", &[("if-none-match", &known)]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        assert_eq!(headers[header::ETAG], tag);
    }
    assert_eq!(read(origin.address(), "/services", &[("if-none-match", "\"other\"")]).await.0, StatusCode::OK);
    assert_eq!(read(origin.address(), "/error", &[("if-none-match", "*")]).await.0, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn head_has_the_length_of_the_page_and_other_methods_are_refused() {
    let (origin, _tracker) = servers().await;
    let (_, get, _) = read(origin.address(), "/style.css", &[]).await;
    let head = send(origin.address(), request(Method::HEAD, "/style.css", &[], "")).await;
    assert_eq!(head.headers()[header::CONTENT_LENGTH], get[header::CONTENT_LENGTH]);
    assert_eq!(head.into_body().collect().await.unwrap().to_bytes(), "");
    let refused = send(origin.address(), request(Method::DELETE, "/", &[], "")).await;
    assert_eq!(
        (refused.status(), &refused.headers()[header::ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &"GET, HEAD".parse().unwrap())
    );
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let (origin, _tracker) = servers().await;
    let stream = TokioIo::new(TcpStream::connect(origin.address()).await.unwrap());
    let (mut sender, connection) = http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    for path in ["/", "/style.css", "/nowhere", "/gzip"] {
        let response = sender.send_request(request(Method::GET, path, &[], "")).await.unwrap();
        assert!(!response.into_body().collect().await.unwrap().to_bytes().is_empty());
        sender.ready().await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_server_answers_no_more() {
    let (origin, _tracker) = servers().await;
    let address = origin.address();
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    assert_eq!(sender.send_request(request(Method::GET, "/logo.svg", &[], "")).await.unwrap().status(), StatusCode::OK);
    drop(origin);
    // The open connection ends first; its end shows that the server's task is gone.
    let _ = connection.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

fn cookie_names(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
    lines.map(|line| line.split('=').next().unwrap().to_owned()).collect()
}
