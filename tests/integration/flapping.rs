//! A site that comes and goes under load: each visitor gets all of a page or is told that there is none, the site is never asked twice to do one
//! thing, and when it stays, everything is as it was.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::harness::{Gateway, Origin, ok};

/// How often the site comes back.
const TURNS: usize = 20;
const CLIENTS: usize = 4;

/// Serves this many connections on a listener, each request on its own, and drops every fifth in the middle of its answer.
fn serve(listener: &TcpListener, connections: usize, posts: &AtomicUsize) {
    for number in 0..connections {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if !matches!(stream.read(&mut byte), Ok(1)) {
                break;
            }
            head.push(byte[0]);
        }
        if head.starts_with(b"POST") {
            posts.fetch_add(1, Ordering::SeqCst);
        }
        let answer = ok("text/plain", "a whole answer");
        let part = if number % 5 == 4 { &answer[..answer.len() - 7] } else { &answer[..] };
        _ = stream.write_all(part);
    }
}

#[test]
fn a_site_that_comes_and_goes_under_load_gives_whole_answers_or_faults_and_nothing_between() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let unused = Origin::answering(ok("text/plain", ""));
    let timeouts = "[site.timeouts]\nconnect = \"1 s\"\nanswer = \"2 s\"\nbody = \"2 s\"";
    let gateway = Gateway::with(&unused).upstream(&format!("http://{address}")).tables(timeouts).start();
    let (posts, over) = (Arc::new(AtomicUsize::new(0)), AtomicBool::new(false));
    let counted = posts.clone();
    let flapping = thread::spawn(move || {
        let mut listener = Some(listener);
        for _ in 0..TURNS {
            serve(&listener.take().unwrap(), 15, &counted);
            // It is gone: whoever comes now is refused, and then it is there again.
            listener = loop {
                match TcpListener::bind(address) {
                    Ok(listener) => break Some(listener),
                    Err(_) => thread::yield_now(),
                }
            };
        }
        listener.unwrap()
    });
    let results: Vec<(usize, usize, usize, usize)> = thread::scope(|scope| {
        let client = |number: usize| {
            let (gateway, over) = (&gateway, &over);
            move || {
                let (mut whole, mut broken, mut told, mut posted) = (0, 0, 0, 0);
                while !over.load(Ordering::Relaxed) {
                    let mut browser = gateway.plain_browser();
                    let reply = if number == 0 {
                        posted += 1;
                        browser.send("POST", "/", &[], b"a=b")
                    } else {
                        browser.get("/")
                    };
                    match (reply.status, reply.complete) {
                        (200, true) => {
                            assert_eq!(reply.text(), "a whole answer");
                            whole += 1;
                        }
                        (200, false) => broken += 1,
                        (502 | 504, true) => told += 1,
                        other => panic!("{other:?} {}", reply.text()),
                    }
                }
                (whole, broken, told, posted)
            }
        };
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(client(number))).collect();
        let listener = flapping.join().unwrap();
        over.store(true, Ordering::Relaxed);
        let last = posts.clone();
        thread::spawn(move || serve(&listener, usize::MAX, &last));
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let sum = |pick: fn(&(usize, usize, usize, usize)) -> usize| results.iter().map(pick).sum::<usize>();
    let (whole, broken) = (sum(|it| it.0), sum(|it| it.1));
    assert!(whole > TURNS && broken > 0, "{results:?}");
    assert!(posts.load(Ordering::SeqCst) <= sum(|it| it.3), "no post was sent twice: {results:?}");
    // It stays: all is as before, though every fifth answer is still broken.
    let statuses: Vec<_> = (0..10).map(|_| gateway.plain_browser().get("/").status).collect();
    assert_eq!(statuses, [200; 10]);
    assert!(
        gateway.admin("/metrics").contains("kelisim_upstream_failures_total{reason=\"body\",site=\"shop.example\"}")
    );
}
