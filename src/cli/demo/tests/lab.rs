//! The awkward routes.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Method, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use super::{
    super::{DOWNLOAD_BYTES, html::hexadecimal},
    read, request, send, servers,
};

#[tokio::test]
async fn the_old_encoding_is_really_windows_1251() {
    let (origin, _tracker) = servers().await;
    let (_, _, body) = read(origin.address(), "/windows-1251", &[]).await;
    assert!(std::str::from_utf8(&body).is_err());
    assert!(body.windows(6).any(|bytes| bytes == b"\xab\xb8\xeb\xee\xf7\xea"), "«ёлочк in windows-1251");
    let (decoded, _, faults) = encoding_rs::WINDOWS_1251.decode(&body);
    assert!(!faults && decoded.contains("«ёлочки», тире — и буква «ё»") && !decoded.contains("&#"));
}

#[tokio::test]
async fn the_compressed_page_unpacks_and_the_broken_one_does_not() {
    let (origin, _tracker) = servers().await;
    let unpack = |bytes: Bytes| {
        let mut page = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut page).map(|_| page)
    };
    let (_, headers, body) = read(origin.address(), "/gzip", &[]).await;
    assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
    assert!(unpack(body).unwrap().contains("Әділ келісім"));
    let (_, headers, body) = read(origin.address(), "/broken-gzip", &[]).await;
    assert_eq!(headers[header::CONTENT_LENGTH].to_str().unwrap().parse(), Ok(body.len()));
    assert!(unpack(body).is_err());
}

#[tokio::test]
async fn the_strict_page_holds_nothing_that_its_policy_refuses() {
    let (origin, _tracker) = servers().await;
    let (_, headers, body) = read(origin.address(), "/strict-csp", &[]).await;
    assert!(
        headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'; style-src 'self'")
    );
    let page = String::from_utf8(body.to_vec()).unwrap();
    assert!(page.contains("<script src=\"/page.js\"></script>"));
    assert!(!page.contains("<script>") && !page.contains("style=") && !page.contains("http:"));
    assert!(!page.split_whitespace().any(|word| word.starts_with("on") && word.contains('=')), "an inline handler");
}

#[tokio::test]
async fn a_slow_page_arrives_whole_and_a_cut_one_does_not() {
    let (origin, _tracker) = servers().await;
    let (_, headers, body) = read(origin.address(), "/slow", &[]).await;
    assert!(!headers.contains_key(header::CONTENT_LENGTH) && body.ends_with(b"</html>\n"));
    let cut = send(origin.address(), request(Method::GET, "/cut", &[], "")).await;
    assert!(cut.into_body().collect().await.is_err());
}

#[tokio::test]
async fn the_large_download_has_its_length_to_the_byte() {
    let (origin, _tracker) = servers().await;
    let response = send(origin.address(), request(Method::GET, "/download", &[], "")).await;
    assert_eq!(response.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse(), Ok(DOWNLOAD_BYTES));
    assert_eq!(response.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"large.txt\"");
    let (mut body, mut length) = (response.into_body(), 0);
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().unwrap().len() as u64;
    }
    assert_eq!(length, DOWNLOAD_BYTES);
}

#[tokio::test]
async fn an_upload_is_answered_with_its_length_and_hash() {
    let (origin, _tracker) = servers().await;
    let body = "кириллица".repeat(200_000);
    let hash = hexadecimal(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes()).as_ref());
    let expected = format!("length: {}\nsha256: {hash}\n", body.len());
    let response = send(origin.address(), request(Method::POST, "/upload", &[], body)).await;
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), expected);
}

#[tokio::test]
async fn the_echo_repeats_text_and_bytes_and_closes_when_asked() {
    let (origin, _tracker) = servers().await;
    let headers = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let response = send(origin.address(), request(Method::GET, "/echo", &headers, "")).await;
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let io = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
    for message in [Message::text("Сәлем"), Message::binary(vec![0; 70_000]), Message::text("")] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.close(None).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(_)))));
    assert!(socket.next().await.is_none());
}
