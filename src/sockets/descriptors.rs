//! How many descriptors there are, and the last of them, which connections of visitors and to sites do not take: with them the operator gets in,
//! the log is written and names are looked up whatever strangers do.

use std::{io, os::fd::AsRawFd, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;

/// What a gateway opens besides those connections: listeners, the log, files, the administration, look-ups of names; and what is kept back.
pub const BESIDES: u64 = 1000;
/// Most descriptors that are kept back, and the part of all of them that is where there are few.
const MOST_KEPT_BACK: u64 = 256;
const PART_KEPT_BACK: u64 = 8;
/// How long whoever found none left waits before looking again.
pub const PAUSE: Duration = Duration::from_millis(100);

/// How many the process may have at once as it runs, and how many it may give itself.
pub fn limits() -> (u64, u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX))
}

/// Lets the process have so many, or as many as it may give itself. What a shell gives is meant for programs with a few files.
pub fn raise(needed: u64) {
    let (current, maximum) = limits();
    let most = needed.min(maximum);
    if current < most {
        let maximum = Some(maximum).filter(|maximum| *maximum < u64::MAX);
        // With fewer there is a warning, and a limit that holds.
        _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum });
    }
}

/// Whether this one is of those that are kept back. The system gives the lowest number that is free, so then nearly all are taken.
pub fn is_kept_back(descriptor: &impl AsRawFd) -> bool {
    let (most, _) = limits();
    let first = most - (most / PART_KEPT_BACK).min(MOST_KEPT_BACK);
    u64::try_from(descriptor.as_raw_fd()).is_ok_and(|number| number >= first)
}

/// Whether an error says that there is none left, for the process or the machine.
pub fn has_run_out(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// The same connection under a number that is not kept back, as soon as there is one.
///
/// # Errors
///
/// When the connection can't be taken up again.
pub async fn not_kept_back(stream: TcpStream) -> io::Result<TcpStream> {
    let held = stream.into_std()?;
    loop {
        match held.try_clone() {
            Ok(copy) if !is_kept_back(&copy) => return TcpStream::from_std(copy),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number(i32);

    impl AsRawFd for Number {
        fn as_raw_fd(&self) -> i32 {
            self.0
        }
    }

    #[test]
    fn the_last_ones_are_kept_back() {
        let (most, maximum) = limits();
        assert!(most <= maximum && !is_kept_back(&Number(3)));
        let last = i32::try_from(most.min(i32::MAX as u64)).unwrap();
        assert_eq!(is_kept_back(&Number(last - 1)), most <= i32::MAX as u64);
        assert!(has_run_out(&io::Error::from_raw_os_error(24)));
        assert!(!has_run_out(&io::ErrorKind::ConnectionReset.into()));
    }
}
