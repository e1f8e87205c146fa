//! Who may sign in: the names, roles and password hashes in `accounts.json`. The log knows accounts by their random numbers alone.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::password::{LONGEST_PASSWORD, PasswordHash, SHORTEST_PASSWORD};
use crate::{
    clock,
    ledger::AccountNumber,
    store::{StoreError, change_kept, read_kept},
    timestamp::Timestamp,
};

const FILE: &str = "accounts.json";
/// Most accounts: the people of one operator and their auditors.
const MOST_ACCOUNTS: usize = 64;
/// Longest name, in characters.
const LONGEST_NAME: usize = 64;

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads and exports the log; changes nothing.
    Auditor,
    /// Also sees the work of the gateway: requests of persons and their deadlines, retention, what waits for the disk.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Operator, Self::Auditor];

    /// The word used in the file and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

/// One account.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What the person signs in with.
    pub name: String,
    /// What the log names the account by: never used again, also when the name is.
    number: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created: String,
    password: PasswordHash,
}

/// Why an account was not made or removed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name can't be used.
    #[error("write a name of 1 to {LONGEST_NAME} characters, without control characters and spaces around it")]
    Name,
    /// It is used.
    #[error("there is an account with this name; remove it first, or choose another name")]
    Taken,
    /// It is not used.
    #[error("there is no account with this name")]
    Unknown,
    /// The password is too short or too long.
    #[error("write a password of at least {SHORTEST_PASSWORD} characters and at most {LONGEST_PASSWORD} bytes")]
    Password,
    /// There are too many.
    #[error("there are {MOST_ACCOUNTS} accounts already; remove one that is not used")]
    Full,
    /// The file refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All accounts.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    accounts: Vec<Account>,
}

impl Account {
    /// The number in the log.
    pub fn number(&self) -> Option<AccountNumber> {
        AccountNumber::parse(&self.number)
    }

    /// What the password is compared with.
    pub(super) fn password(&self) -> &PasswordHash {
        &self.password
    }
}

impl Accounts {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it can't be read or is damaged: then nobody signs in.
    pub fn read(state_dir: &Path) -> Result<Self, StoreError> {
        read_kept(state_dir, FILE)
    }

    /// Every account, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    /// The account with this name.
    pub fn named(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The account with this number.
    pub fn numbered(&self, number: AccountNumber) -> Option<&Account> {
        self.accounts.iter().find(|account| account.number() == Some(number))
    }
}

/// Makes an account and answers with its number.
///
/// # Errors
///
/// When name or password can't be used, or the file refuses.
pub fn add_account(
    state_dir: &Path,
    name: &str,
    role: Role,
    password: &str,
    now: Timestamp,
) -> Result<AccountNumber, AccountError> {
    let plain = !name.is_empty() && name.trim() == name && !name.contains(char::is_control);
    if !plain || name.chars().count() > LONGEST_NAME {
        return Err(AccountError::Name);
    }
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(AccountError::Password);
    }
    let hash = PasswordHash::of(password, clock::random());
    change_kept(state_dir, FILE, |list: &mut Accounts| {
        if list.named(name).is_some() {
            return Err(AccountError::Taken);
        }
        if list.accounts.len() >= MOST_ACCOUNTS {
            return Err(AccountError::Full);
        }
        let number = AccountNumber(clock::random());
        list.accounts.push(Account {
            name: name.to_owned(),
            number: number.to_string(),
            role,
            created: now.to_string(),
            password: hash,
        });
        Ok(number)
    })
}

/// Removes an account; its sessions end with the next request.
///
/// # Errors
///
/// When there is none, or the file refuses.
pub fn remove_account(state_dir: &Path, name: &str) -> Result<(), AccountError> {
    change_kept(state_dir, FILE, |list: &mut Accounts| {
        let before = list.accounts.len();
        list.accounts.retain(|account| account.name != name);
        if list.accounts.len() == before { Err(AccountError::Unknown) } else { Ok(()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse battery";

    #[test]
    fn an_account_made_again_has_another_number() {
        let state = tempfile::tempdir().unwrap();
        let add = |name| add_account(state.path(), name, Role::Auditor, PASSWORD, Timestamp::default());
        let first = add("anna").unwrap();
        assert!(matches!(add("anna"), Err(AccountError::Taken)));
        assert!(Accounts::read(state.path()).unwrap().named("anna").unwrap().password().fits(PASSWORD));
        remove_account(state.path(), "anna").unwrap();
        assert!(matches!(remove_account(state.path(), "anna"), Err(AccountError::Unknown)));
        let second = add("anna").unwrap();
        assert_ne!(first, second);
        let accounts = Accounts::read(state.path()).unwrap();
        assert!(accounts.numbered(first).is_none());
        assert_eq!(accounts.numbered(second).unwrap().role, Role::Auditor);
    }

    #[test]
    fn names_and_passwords_that_cannot_be_used_are_refused() {
        let state = tempfile::tempdir().unwrap();
        let add = |name: &str, password: &str| {
            add_account(state.path(), name, Role::Operator, password, Timestamp::default()).map(drop)
        };
        for name in ["", " anna", "anna\n", "a\u{0}", &"a".repeat(65)] {
            assert!(matches!(add(name, PASSWORD), Err(AccountError::Name)), "{name:?}");
        }
        for password in ["", "elevenchars", &"a".repeat(1025)] {
            assert!(matches!(add("anna", password), Err(AccountError::Password)), "{password:?}");
        }
        add("Айнура", "пароль из слов").unwrap();
    }
}
