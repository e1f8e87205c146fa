//! What is kept: in the state directory, a folder for each directory of an authority, in it the account and of each name its certificate with
//! the key, and the plan. Files are whole or not there, and for one user alone.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use http::Uri;

use super::plan::Plan;
use crate::durable;

/// The folder of one authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Storage(PathBuf);

impl Storage {
    /// Makes the folder where it is missing. The error names it.
    pub(super) fn open(state_dir: &Path, directory: &str) -> io::Result<Self> {
        let folder = state_dir.join("acme").join(folder_name(directory));
        durable::make_folder(&folder).map_err(|error| told(&folder, "make", &error))?;
        for made in [folder.parent().unwrap_or(&folder), &folder] {
            let made = File::open(made).map_err(|error| told(&folder, "read", &error))?;
            durable::give_to_owner(state_dir, &made).map_err(|error| told(&folder, "give away", &error))?;
        }
        Ok(Self(folder))
    }

    /// The account as it was kept.
    pub(super) fn account(&self) -> io::Result<Option<String>> {
        self.read("account.json")
    }

    pub(super) fn keep_account(&self, text: &str) -> io::Result<()> {
        self.write("account.json", text)
    }

    /// Sets the account aside, whose authority knows it no more.
    pub(super) fn forget_account(&self) -> io::Result<()> {
        let path = self.0.join("account.json");
        durable::rename(&path, &path.with_added_extension("old")).map_err(|error| told(&path, "rename", &error))
    }

    /// The private key and the chain of a name.
    pub(super) fn certificate(&self, name: &str) -> io::Result<Option<String>> {
        self.read(&format!("{name}.pem"))
    }

    /// Both in one file, so that they always fit.
    pub(super) fn keep_certificate(&self, name: &str, pem: &str) -> io::Result<()> {
        self.write(&format!("{name}.pem"), pem)
    }

    /// The plan of a name; an empty one where none can be read: it costs an attempt too many and no more.
    pub(super) fn plan(&self, name: &str) -> io::Result<Plan> {
        let text = self.read(&format!("{name}.json"))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    pub(super) fn keep_plan(&self, name: &str, plan: &Plan) -> io::Result<()> {
        let text = serde_json::to_string(plan).map_err(io::Error::other)?;
        self.write(&format!("{name}.json"), &text)
    }

    /// Where the certificate of a name lies.
    pub(super) fn certificate_path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.pem"))
    }

    fn read(&self, file: &str) -> io::Result<Option<String>> {
        let path = self.0.join(file);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(told(&path, "read", &error)),
        }
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let path = self.0.join(file);
        durable::write(&path, text).map_err(|error| told(&path, "write", &error))
    }
}

/// The directory's host, for people, and eight digits of its hash, since a host may have several.
fn folder_name(directory: &str) -> String {
    let host =
        directory.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase)).unwrap_or_default();
    let host: String = host.chars().filter(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '-')).collect();
    let hash = digest::digest(&digest::SHA256, directory.as_bytes());
    let digits: String = hash.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{host}-{digits}")
}

fn told(path: &Path, doing: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("can't {doing} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_kept_is_for_one_user_and_comes_back() {
        let state = tempfile::tempdir().unwrap();
        let open = || Storage::open(state.path(), "https://acme.example/directory").unwrap();
        let storage = open();
        assert_eq!((storage.account().unwrap(), storage.certificate("shop.example").unwrap()), (None, None));
        storage.keep_account("{}").unwrap();
        storage.keep_certificate("shop.example", "old").unwrap();
        storage.keep_certificate("shop.example", "new").unwrap();
        assert_eq!(open().certificate("shop.example").unwrap().as_deref(), Some("new"));
        assert_eq!([mode(&state.path().join("acme")), mode(&storage.0)], [0o700; 2]);
        for file in ["account.json", "shop.example.pem"] {
            assert_eq!(mode(&storage.0.join(file)), 0o600, "{file}");
        }
        storage.forget_account().unwrap();
        assert_eq!(open().account().unwrap(), None);
        assert!(storage.0.join("account.json.old").exists(), "nothing is thrown away");
    }

    #[test]
    fn each_directory_has_a_folder_of_its_own() {
        let name = |directory| folder_name(directory);
        assert!(name("https://Acme.example/a").starts_with("acme.example-"));
        assert_ne!(name("https://acme.example/a"), name("https://acme.example/b"));
        assert!(name("https://[::1]:14000/dir").starts_with("1-"), "{}", name("https://[::1]:14000/dir"));
    }

    #[test]
    fn a_plan_that_is_damaged_is_an_empty_one_and_a_file_that_can_not_be_read_is_told() {
        let state = tempfile::tempdir().unwrap();
        let storage = Storage::open(state.path(), "https://acme.example/directory").unwrap();
        fs::write(storage.0.join("shop.example.json"), "{\"failures\": ").unwrap();
        assert_eq!(storage.plan("shop.example").unwrap(), Plan::default());
        fs::create_dir(storage.certificate_path("shop.example")).unwrap();
        let told = storage.certificate("shop.example").unwrap_err().to_string();
        assert!(told.starts_with("can't read ") && told.contains("shop.example.pem: "), "{told}");
        assert!(storage.keep_certificate("shop.example", "new").unwrap_err().to_string().starts_with("can't write "));
    }
}
