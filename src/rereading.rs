//! When a file that may change is read again, and when a fault of it is told. Whoever asks looks at the file and reads it.

use std::io;

/// What is known of a file, or of some that belong together. `S` tells one state of theirs from another.
#[derive(Debug)]
pub struct Rereading<S> {
    /// The state that was read: what is in use, or what is wrong and stays so until it changes.
    read: S,
    /// The fault that was told last, and of which state.
    told: Option<(S, String)>,
}

impl<S: Clone + PartialEq> Rereading<S> {
    /// A file that is in use as it is in this state.
    pub const fn new(read: S) -> Self {
        Self { read, told: None }
    }

    /// Reads what changed; `now` is its state before that. `Ok(None)` where there is nothing new.
    ///
    /// What is wrong ([`io::ErrorKind::InvalidData`]) is read again when it changes: one that is half written does, when the rest arrives. What
    /// could not be read at all is tried each time: it need not change for that to be over, as where no descriptors were left.
    ///
    /// # Errors
    ///
    /// Of the reading, each once.
    pub fn again<T>(&mut self, now: S, read: impl FnOnce() -> io::Result<T>) -> io::Result<Option<T>> {
        if self.read == now {
            return Ok(None);
        }
        let error = match read() {
            Ok(read) => {
                *self = Self::new(now);
                return Ok(Some(read));
            }
            Err(error) => error,
        };
        if error.kind() == io::ErrorKind::InvalidData {
            self.read = now.clone();
        }
        let fault = Some((now, error.to_string()));
        if self.told == fault {
            return Ok(None);
        }
        self.told = fault;
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use io::ErrorKind::{InvalidData, PermissionDenied};

    use super::*;

    /// What comes of a look: what was read, or the kind of the fault that is told.
    fn look(
        file: &mut Rereading<u8>,
        now: u8,
        read: Result<&'static str, io::ErrorKind>,
    ) -> Result<Option<&'static str>, io::ErrorKind> {
        file.again(now, || read.map_err(io::Error::from)).map_err(|error| error.kind())
    }

    #[test]
    fn what_could_not_be_read_once_is_tried_again_although_nothing_changed_and_is_told_once() {
        let mut file = Rereading::new(1);
        assert_eq!(look(&mut file, 1, Ok("never asked for")), Ok(None));
        assert_eq!(look(&mut file, 2, Err(PermissionDenied)), Err(PermissionDenied));
        assert_eq!(look(&mut file, 2, Err(PermissionDenied)), Ok(None), "it is told once");
        assert_eq!(look(&mut file, 2, Ok("new")), Ok(Some("new")));
        assert_eq!(look(&mut file, 2, Ok("never asked for")), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_read_again_when_it_changes() {
        let mut file = Rereading::new(1);
        assert_eq!(look(&mut file, 2, Err(InvalidData)), Err(InvalidData));
        assert_eq!(look(&mut file, 2, Ok("never asked for")), Ok(None));
        assert_eq!(look(&mut file, 3, Err(InvalidData)), Err(InvalidData), "another state, another word");
        assert_eq!(look(&mut file, 4, Ok("whole")), Ok(Some("whole")));
    }
}
