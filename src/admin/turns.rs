//! Who may take an export just now: each is written to the disk of the log before it is sent, so there are few at a time.

use std::sync::{Arc, Mutex};

use crate::ledger::AccountNumber;

/// Exports at once. Two, so that one whose reader is slow does not keep an auditor from theirs; each may fill as much of the log's disk as
/// the log itself does.
const MOST_AT_ONCE: usize = 2;

/// The accounts that are taking an export.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Vec<AccountNumber>>);

/// Why there is no turn now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// The account's last export has not ended.
    Own,
    /// There are as many as there may be.
    Full,
}

/// The right of an account to take one export; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    account: AccountNumber,
}

impl Turns {
    pub(super) fn take(self: &Arc<Self>, account: AccountNumber) -> Result<Turn, NoTurn> {
        let mut taking = self.0.lock().expect("nothing panics while it holds the turns");
        if taking.contains(&account) {
            return Err(NoTurn::Own);
        }
        if taking.len() >= MOST_AT_ONCE {
            return Err(NoTurn::Full);
        }
        taking.push(account);
        Ok(Turn { turns: self.clone(), account })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Ok(mut taking) = self.turns.0.lock() {
            taking.retain(|account| *account != self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_takes_one_export_and_all_take_two() {
        let turns = Arc::new(Turns::default());
        let take = |account| turns.take(AccountNumber([account; 4]));
        let (first, second) = (take(1).unwrap(), take(2).unwrap());
        assert_eq!(take(1).unwrap_err(), NoTurn::Own);
        assert_eq!(take(3).unwrap_err(), NoTurn::Full);
        drop(first);
        let third = take(3).unwrap();
        assert_eq!(take(2).unwrap_err(), NoTurn::Own);
        drop((second, third));
        take(2).unwrap();
    }
}
