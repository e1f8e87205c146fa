//! What the tracker learns, and what it does not keep.

use http::{StatusCode, header};

use super::{super::Tracker, read, text};

#[tokio::test]
async fn the_tracker_counts_what_it_learns_but_keeps_no_value() {
    let tracker = Tracker::start().await.unwrap();
    let at = tracker.address();
    assert!(text(at, "/", &[]).await.contains("nothing yet"));
    assert_eq!(tracker.learned().requests(), 0);

    let (_, headers, script) = read(at, "/metrika/tag.js", &[("referer", "http://localhost:1/services?x=1")]).await;
    assert!(headers[header::SET_COOKIE].to_str().unwrap().ends_with("SameSite=None; Secure"));
    assert!(String::from_utf8(script.to_vec()).unwrap().contains("_ym_uid"));
    let cookie = [("cookie", "tracker_id=secret; other=hidden")];
    let (_, headers, pixel) = read(at, "/hit?page=/%3Cb%3E&browser=1280x800", &cookie).await;
    assert!(pixel.starts_with(b"GIF89a") && !headers.contains_key(header::SET_COOKIE));
    read(at, "/pixel.gif", &[]).await;
    read(at, "/ga/gtag.js", &[]).await;
    assert_eq!(read(at, "/elsewhere", &[]).await.0, StatusCode::NOT_FOUND);

    let learned = tracker.learned();
    assert_eq!((learned.scripts, learned.hits, learned.pixels, learned.others), (2, 1, 1, 1));
    assert_eq!((&*learned.newest[0].path, &*learned.newest[0].page), ("/metrika/tag.js", "/services"));
    assert_eq!(learned.newest[1].cookies, ["tracker_id", "other"]);
    let page = text(at, "/", &[]).await;
    assert!(page.contains("tracker_id, other") && page.contains("/&lt;b&gt;"));
    assert!(!page.contains("secret") && !page.contains("hidden"));
}

#[tokio::test]
async fn the_tracker_lists_the_newest_and_counts_the_rest() {
    let tracker = Tracker::start().await.unwrap();
    for number in 0..40 {
        read(tracker.address(), &format!("/hit?page=/{number}"), &[]).await;
    }
    let learned = tracker.learned();
    assert_eq!((learned.requests(), learned.newest.len()), (40, 25));
    assert_eq!((&*learned.newest[0].page, &*learned.newest[24].page), ("/15", "/39"));
}
