//! Connections to hosts of the internet, which have several addresses, of which one or the other may be out of reach.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
};

/// How many addresses of a host are tried at most.
const MOST_ADDRESSES: usize = 8;

/// For how long an address is tried alone before the next is tried beside it (RFC 8305, section 8).
const NEXT_AFTER: Duration = Duration::from_millis(250);

/// Connects to the address of a host that answers first: where one kind of address leads nowhere, as IPv6 on many networks does, the other kind is
/// not waited for. How long it may take in all is limited by whoever calls.
///
/// # Errors
///
/// When the host is not found, or none of its addresses answers: then what was said of the last.
pub async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses = lookup_host((host, port)).await?;
    first(in_turn(addresses), TcpStream::connect).await
}

/// Addresses of both kinds in turn, each kind in its order, beginning with that of the first.
fn in_turn(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses = addresses.peekable();
    let begins_with_6 = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.partition(|address| address.is_ipv6() == begins_with_6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut both = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            both.truncate(MOST_ADDRESSES);
            return both;
        }
        both.extend(pair.into_iter().flatten());
    }
}

/// What comes first of attempts that begin one after the other: the next when one failed, or when it has taken a while.
async fn first<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut waiting = addresses.into_iter();
    // Those that are still under way end with it.
    let mut attempts = JoinSet::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(connect(address));
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(connected))) => return Ok(connected),
                Some(Ok(Err(error))) => last = error,
                Some(Err(error)) => last = io::Error::other(error),
                None => return Err(last),
            },
            () = tokio::time::sleep(NEXT_AFTER), if waiting.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| format!("{text}:443").parse().unwrap()).collect()
    }

    #[test]
    fn both_kinds_of_addresses_are_tried_in_turn_and_not_too_many() {
        let check = |given: &[&str], expected: &[&str]| {
            assert_eq!(in_turn(addresses(given).into_iter()), addresses(expected));
        };
        check(&[], &[]);
        check(&["[::1]", "[::2]", "[::3]", "10.0.0.1"], &["[::1]", "10.0.0.1", "[::2]", "[::3]"]);
        check(&["10.0.0.1", "[::1]", "10.0.0.2"], &["10.0.0.1", "[::1]", "10.0.0.2"]);
        assert_eq!(in_turn(addresses(&["10.0.0.1"; 99]).into_iter()).len(), MOST_ADDRESSES);
    }

    /// The black holes take every first packet and never answer; the others say at once whether somebody is there.
    async fn reached(given: &[&str], black_holes: &'static [&str], there: &'static str) -> Result<SocketAddr, String> {
        let is = |address: SocketAddr, text: &str| addresses(&[text]) == [address];
        let connect = |address: SocketAddr| async move {
            if black_holes.iter().any(|hole| is(address, hole)) {
                std::future::pending::<()>().await;
            }
            if is(address, there) { Ok(address) } else { Err(io::Error::other(format!("nobody at {address}"))) }
        };
        first(addresses(given), connect).await.map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_is_a_black_hole_keeps_nobody_from_the_others() {
        let begun = Instant::now();
        let found = reached(&["[::1]", "10.0.0.1"], &["[::1]"], "10.0.0.1").await;
        assert_eq!((found.unwrap(), begun.elapsed()), (addresses(&["10.0.0.1"])[0], NEXT_AFTER));
        let begun = Instant::now();
        let found = reached(&["[::1]", "10.0.0.1", "[::2]", "10.0.0.2"], &["[::1]"], "10.0.0.2").await;
        assert_eq!(found.unwrap(), addresses(&["10.0.0.2"])[0], "who refuses is followed by the next at once");
        assert_eq!(begun.elapsed(), NEXT_AFTER);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_answers_the_last_word_is_told() {
        let said = reached(&["[::1]", "10.0.0.1"], &[], "10.0.0.9").await;
        assert_eq!(said, Err("nobody at 10.0.0.1:443".to_owned()));
        assert_eq!(reached(&[], &[], "10.0.0.9").await, Err("the host has no address".to_owned()));
    }
}
