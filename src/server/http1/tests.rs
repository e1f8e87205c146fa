//! When a connection rests, when it does not, and what becomes of it.

use std::{
    convert::Infallible,
    io,
    pin::{Pin, pin},
    sync::Mutex,
    time::Duration,
};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use tokio::{
    io::{AsyncReadExt as _, DuplexStream, ReadBuf},
    time::timeout,
};

use super::*;
use crate::server::client_stream::{HeadPatience, Patience};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n";
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
const AT_ONCE: Limits = limits(Duration::ZERO);
const LATER: Limits = limits(Duration::from_millis(500));
/// Longer than anything takes that happens at once, and shorter than any limit.
const SOON: Duration = Duration::from_secs(5);

const fn limits(rest_after: Duration) -> Limits {
    Limits {
        connections: 1,
        upstream_connections: 1,
        connections_per_client: 1,
        requests_per_client: 1,
        head_bytes: 8192,
        head_lines: 100,
        head_timeout: HEAD_TIMEOUT,
        idle_timeout: Duration::from_secs(75),
        rest_after,
        reading_timeout: Duration::from_secs(60),
        http2_streams: 1,
        http2_resets: 1,
        choices_per_minute: 1,
        reports_per_minute: 1,
    }
}

/// A client, and what serves it.
type Ends<R> = (DuplexStream, (ClientStream<Peeked>, R));

/// A connection, and answers of this length to its requests: at once to `/early`, after the whole body to all others.
fn connection(
    activity: &Activity,
    buffer: usize,
    length: usize,
) -> Ends<impl HttpService<Incoming, ResBody = Full<&'static [u8]>> + use<>> {
    let (client, server) = tokio::io::duplex(buffer);
    let head = HeadPatience { first: Instant::now() + HEAD_TIMEOUT, later: HEAD_TIMEOUT };
    let patience = Patience { head: Some(head), reading: Duration::from_secs(60) };
    let stream = ClientStream::new(Peeked(Mutex::new((server, None))), activity.clone(), patience);
    let activity = activity.clone();
    let requests = service_fn(move |request: Request<Incoming>| {
        let active = activity.begin();
        async move {
            if request.uri().path() != "/early" {
                _ = request.into_body().collect().await;
            }
            drop(active);
            Ok::<_, Infallible>(Response::new(Full::new(&[b'x'; 100_000][..length])))
        }
    });
    (client, (stream, requests))
}

fn begun_now() -> Idle {
    Idle { begun: 0, since: Instant::now() }
}

/// Whether the connection went to rest (`Some(true)`), ended (`Some(false)`) or neither in that time.
async fn outcome<S, R>(awake: &mut Awake<'_, S, R>, time: Duration) -> Option<bool>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: HttpService<Incoming, ResBody: 'static>,
    <R::ResBody as Body>::Error: Into<BoxError>,
{
    let mut never = Stop { requested: pin!(std::future::pending()), last_words: None };
    let left = timeout(time, poll_fn(|context| awake.poll(context, &mut never))).await;
    left.ok().map(|left| left.is_some())
}

/// What has come so far.
async fn come(client: &mut DuplexStream) -> String {
    let mut bytes = vec![0; 4096];
    let length = timeout(SOON, client.read(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_connection_rests_when_there_was_no_request_for_a_while() {
    let activity = Activity::default();
    let (mut client, parts) = connection(&activity, 4096, 4);
    let idle_awake = IdleAwake::default();
    let mut awake = Awake::new(parts, &activity, begun_now(), (&LATER, false), &idle_awake);
    for _ in 0..5 {
        client.write_all(GET).await.unwrap();
        assert_eq!(outcome(&mut awake, Duration::from_millis(400)).await, None);
        assert!(come(&mut client).await.ends_with("xxxx"));
    }
    assert_eq!(outcome(&mut awake, Duration::from_millis(200)).await, Some(true));
}

#[tokio::test(start_paused = true)]
async fn of_many_idle_connections_the_newest_rest_at_once() {
    let (activities, idle_awake) = ([(); 3].map(|()| Activity::default()), IdleAwake::default());
    let mut others: Vec<_> = (1..MOST_IDLE_AWAKE).map(|_| idle_awake.count()).collect();
    let (mut clients, mut awake) = (Vec::new(), Vec::new());
    for activity in &activities {
        let (client, parts) = connection(activity, 4096, 4);
        clients.push(client);
        awake.push(Awake::new(parts, activity, begun_now(), (&LATER, false), &idle_awake));
    }
    assert_eq!(outcome(&mut awake[0], Duration::ZERO).await, None);
    assert_eq!(outcome(&mut awake[1], Duration::ZERO).await, Some(true));
    clients[0].write_all(b"GET / HT").await.unwrap();
    assert_eq!(outcome(&mut awake[0], Duration::ZERO).await, None, "it is idle no more");
    assert_eq!(outcome(&mut awake[2], Duration::ZERO).await, None);
    others.clear();
    awake.clear();
    assert_eq!(idle_awake.0.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_has_begun_keeps_it_awake() {
    let activity = Activity::default();
    let (mut client, parts) = connection(&activity, 4096, 4);
    let idle_awake = IdleAwake::default();
    let mut awake = Awake::new(parts, &activity, begun_now(), (&AT_ONCE, false), &idle_awake);
    client.write_all(b"GET / HT").await.unwrap();
    assert_eq!(outcome(&mut awake, SOON).await, None);
    assert_eq!(outcome(&mut awake, HEAD_TIMEOUT).await, Some(false), "and is cut off");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_came_with_the_request_before_it_is_read_again() {
    let activity = Activity::default();
    let (mut client, parts) = connection(&activity, 4096, 4);
    let idle_awake = IdleAwake::default();
    let mut awake = Awake::new(parts, &activity, begun_now(), (&AT_ONCE, false), &idle_awake);
    client.write_all(&[GET, GET, b"GET / HT"].concat()).await.unwrap();
    assert_eq!(outcome(&mut awake, SOON).await, None);
    assert_eq!(come(&mut client).await.matches("xxxx").count(), 2);
    client.write_all(b"TP/1.1\r\nhost: shop.example\r\n\r\nGET").await.unwrap();
    assert_eq!(outcome(&mut awake, SOON).await, None);
    assert_eq!(come(&mut client).await.matches("xxxx").count(), 1);
    assert_eq!(outcome(&mut awake, HEAD_TIMEOUT).await, Some(false), "it has no more time than another");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_taken_keeps_it_awake() {
    let activity = Activity::default();
    let (mut client, parts) = connection(&activity, 64, 10_000);
    let idle_awake = IdleAwake::default();
    let mut awake = Awake::new(parts, &activity, begun_now(), (&AT_ONCE, false), &idle_awake);
    client.write_all(GET).await.unwrap();
    assert_eq!(outcome(&mut awake, SOON).await, None);
    let taking = async {
        let mut taken = 0;
        while taken < 10_000 {
            taken += come(&mut client).await.matches('x').count();
        }
    };
    // Of the head's own letters one is an x.
    let (_, rested) = tokio::join!(taking, outcome(&mut awake, SOON));
    assert_eq!(rested, Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_is_never_taken_for_a_request() {
    for (body, expected) in [(&b"GET /"[..], Some(false)), (GET, Some(true))] {
        let activity = Activity::default();
        let (mut client, parts) = connection(&activity, 4096, 4);
        let idle_awake = IdleAwake::default();
        let mut awake = Awake::new(parts, &activity, begun_now(), (&AT_ONCE, false), &idle_awake);
        let head = format!("POST /early HTTP/1.1\r\nhost: shop.example\r\ncontent-length: {}\r\n\r\n", GET.len());
        client.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        assert_eq!(outcome(&mut awake, SOON).await, expected, "a body that has come whole is passed over");
        assert_eq!(activity.begun(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_still_read_keeps_it_awake() {
    let activity = Activity::default();
    let (mut client, parts) = connection(&activity, 4096, 4);
    let idle_awake = IdleAwake::default();
    let mut awake = Awake::new(parts, &activity, begun_now(), (&AT_ONCE, false), &idle_awake);
    client.write_all(b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 10\r\n\r\n12345").await.unwrap();
    assert_eq!(outcome(&mut awake, HEAD_TIMEOUT * 2).await, None);
    client.write_all(b"67890").await.unwrap();
    assert_eq!(outcome(&mut awake, SOON).await, Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rested_goes_on_and_ends_by_the_limit_for_idle_ones() {
    for limits in [AT_ONCE, LATER] {
        let activity = Activity::default();
        let (mut client, parts) = connection(&activity, 4096, 4);
        let idle_awake = IdleAwake::default();
        let serving = serve(parts, &activity, &limits, &idle_awake, std::future::pending());
        let telling = async {
            let mut last = Instant::now();
            for pause in [SOON, limits.idle_timeout - SOON, limits.idle_timeout - SOON] {
                sleep(pause).await;
                client.write_all(GET).await.unwrap();
                let answer = come(&mut client).await;
                assert!(answer.ends_with("xxxx") && !answer.contains("connection"), "{answer}");
                last = Instant::now();
            }
            assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
            last.elapsed()
        };
        let (_, idle) = tokio::join!(serving, telling);
        assert!(idle >= limits.idle_timeout && idle < limits.idle_timeout + SOON, "{idle:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_head_has_no_more_time_where_its_connection_rests() {
    let activity = Activity::default();
    let (client, parts) = connection(&activity, 4096, 4);
    let begun = Instant::now();
    serve(parts, &activity, &AT_ONCE, &IdleAwake::default(), std::future::pending()).await;
    assert!(begun.elapsed() < HEAD_TIMEOUT + SOON);
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_what_rests_at_once_and_lets_an_answer_finish() {
    let activity = Activity::default();
    let (mut client, parts) = connection(&activity, 4096, 4);
    client.write_all(GET).await.unwrap();
    let begun = Instant::now();
    serve(parts, &activity, &AT_ONCE, &IdleAwake::default(), sleep(SOON)).await;
    assert_eq!(begun.elapsed(), SOON);
    let answer = come(&mut client).await;
    assert!(answer.ends_with("xxxx") && !answer.contains("connection"), "{answer}");
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);

    let (mut client, parts) = connection(&activity, 4096, 4);
    client.write_all(b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 2\r\n\r\n1").await.unwrap();
    let telling = async {
        sleep(SOON * 2).await;
        client.write_all(b"2").await.unwrap();
        let answer = come(&mut client).await;
        assert!(answer.contains("connection: close") && answer.ends_with("xxxx"), "{answer}");
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    };
    let idle_awake = IdleAwake::default();
    tokio::join!(serve(parts, &activity, &AT_ONCE, &idle_awake, sleep(SOON)), telling);
}

/// What comes of a connection that says the first of these before the stop, and the second a second after it; and how long after it that ends.
async fn told_around_the_stop(limits: &Limits, before: &[u8], after: &[u8]) -> (String, Duration) {
    let (activity, idle_awake) = (Activity::default(), IdleAwake::default());
    let (mut client, parts) = connection(&activity, 4096, 4);
    let telling = async {
        client.write_all(before).await.unwrap();
        sleep(SOON).await;
        let stopped = Instant::now();
        sleep(Duration::from_secs(1)).await;
        client.write_all(after).await.unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        (answers, stopped.elapsed())
    };
    tokio::join!(serve(parts, &activity, limits, &idle_awake, sleep(SOON)), telling).1
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_who_has_begun_to_ask_or_never_asked_do_so_and_answers() {
    let (half, rest) = GET.split_at(8);
    let both = [GET, half].concat();
    for limits in [AT_ONCE, LATER] {
        for (before, after) in [(&b""[..], GET), (half, rest), (GET, b"")] {
            let (answers, time) = told_around_the_stop(&limits, before, after).await;
            assert_eq!(answers.matches("xxxx").count(), 1, "{answers}");
            assert_eq!(answers.contains("connection: close"), before != GET, "{answers}");
            assert_eq!(time, Duration::from_secs(1), "and nobody is waited for who was");
        }
        let (answers, _) = told_around_the_stop(&limits, &both, rest).await;
        assert_eq!(answers.matches("xxxx").count(), 2, "{answers}");
        assert!(answers.contains("connection: close"), "{answers}");
        for before in [&b""[..], half] {
            let (answers, time) = told_around_the_stop(&limits, before, b"").await;
            assert_eq!((answers.as_str(), time), ("", LAST_WORDS), "who says no more");
        }
    }
}

/// A stream that can be asked whether there is something to read, since it reads a byte ahead.
struct Peeked(Mutex<(DuplexStream, Option<u8>)>);

impl Readable for Peeked {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (stream, ahead) = &mut *self.0.lock().unwrap();
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        *ahead = buffer.filled().first().copied();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Peeked {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (stream, ahead) = &mut *self.0.lock().unwrap();
        match ahead.take() {
            Some(byte) => {
                buffer.put_slice(&[byte]);
                Poll::Ready(Ok(()))
            }
            None => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Peeked {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0.lock().unwrap().0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().unwrap().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().unwrap().0).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_line_behind_a_request_is_no_head_that_must_come_soon() {
    let activity = Activity::default();
    let (mut client, parts) = connection(&activity, 4096, 4);
    let idle_awake = IdleAwake::default();
    let mut awake = Awake::new(parts, &activity, begun_now(), (&LATER, false), &idle_awake);
    client.write_all(b"POST / HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 2\r\n\r\nab\r\n").await.unwrap();
    assert_eq!(outcome(&mut awake, Duration::from_millis(400)).await, None);
    assert!(come(&mut client).await.ends_with("xxxx"));
    assert_eq!(outcome(&mut awake, Duration::from_millis(200)).await, Some(true), "it rests");
}
