//! Listeners that somebody else opened and keeps open, such as systemd (`sd_listen_fds(3)`): connections wait in them while one process ends and
//! the next begins.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::SockRef;

/// Listeners by their addresses.
#[derive(Debug, Default)]
pub struct Inherited {
    left: Vec<(SocketAddr, TcpListener)>,
    /// Whether there were any.
    pub(super) is_used: bool,
}

impl Inherited {
    /// Takes them.
    ///
    /// # Errors
    ///
    /// When one of them has no address, or takes connections of IPv4 as well as of IPv6: `[::]` and `0.0.0.0` are two listeners here.
    pub fn new(listeners: Vec<TcpListener>) -> io::Result<Self> {
        let named = listeners.into_iter().map(|listener| {
            let address = listener.local_addr()?;
            if address.is_ipv6() && address.ip().is_unspecified() && !SockRef::from(&listener).only_v6()? {
                let what = format!("the listener on {address} that was handed over takes IPv4 too; open it for IPv6 alone (`BindIPv6Only=ipv6-only`)");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            listener.set_nonblocking(true)?;
            Ok((address, listener))
        });
        let left = named.collect::<io::Result<Vec<_>>>()?;
        Ok(Self { is_used: !left.is_empty(), left })
    }

    /// The listener on this address, if it was handed over; once.
    pub fn take(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let place = self.left.iter().position(|(known, _)| *known == address)?;
        Some(self.left.swap_remove(place).1)
    }

    /// Says that nobody took one of them: who connects there would wait for ever.
    pub fn refuse_rest(&self) -> io::Result<()> {
        let Some((address, _)) = self.left.first() else { return Ok(()) };
        let what = format!(
            "a listener on {address} was handed over, and [server] has no such address; write it into `http`, `https` or `admin`, or take it \
             out of the socket unit"
        );
        Err(io::Error::new(io::ErrorKind::InvalidInput, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listener_is_taken_once_by_its_address_and_none_is_left_over() {
        let listeners: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        let mut inherited = Inherited::new(listeners).unwrap();
        assert!(inherited.take("127.0.0.1:1".parse().unwrap()).is_none());
        assert_eq!(inherited.take(addresses[1]).unwrap().local_addr().unwrap(), addresses[1]);
        assert!(inherited.take(addresses[1]).is_none());
        let error = inherited.refuse_rest().unwrap_err().to_string();
        assert!(error.starts_with(&format!("a listener on {} was handed over", addresses[0])), "{error}");
        assert!(inherited.take(addresses[0]).is_some() && inherited.refuse_rest().is_ok());
    }

    #[test]
    fn a_listener_for_both_families_is_refused() {
        let both = TcpListener::bind("[::]:0").unwrap();
        SockRef::from(&both).only_v6().unwrap();
        let error = Inherited::new(vec![both]).unwrap_err().to_string();
        assert!(error.contains("BindIPv6Only=ipv6-only"), "{error}");
    }
}
