//! `[log]`: witnesses that can be asked, and keys that are theirs.

use super::*;
use crate::ledger::{KeyKind, SigningKey};

fn key(kind: KeyKind) -> String {
    SigningKey::from_seed("witness.example", kind, &[9; 32]).unwrap().verifier().to_string()
}

fn table(url: &str, key: &str) -> String {
    changed("", &format!("[log]\nwitnesses = [{{ url = \"{url}\", key = \"{key}\" }}]"))
}

#[test]
fn a_witness_has_an_address_and_a_key() {
    let check = |url: &str, expected: (bool, &str, u16, &str)| {
        let (configuration, _) = load_in(Path::new("/nowhere"), &table(url, &key(KeyKind::Witness))).unwrap();
        let [witness] = configuration.witnesses.as_slice() else { panic!("{url}") };
        assert_eq!((witness.tls, &*witness.host, witness.port, &*witness.prefix), expected, "{url}");
        assert_eq!(witness.key.to_string(), key(KeyKind::Witness));
    };
    check("https://witness.example", (true, "witness.example", 443, ""));
    check("https://Witness.example:8443/w1/", (true, "witness.example", 8443, "/w1"));
    check("http://127.0.0.1:8090/", (false, "127.0.0.1", 8090, ""));
    check("http://[fd00::1]:8090", (false, "fd00::1", 8090, ""));
    check("http://10.1.2.3", (false, "10.1.2.3", 80, ""));
    let (configuration, _) = load_in(Path::new("/nowhere"), RIGHT).unwrap();
    assert_eq!(configuration.witnesses, []);
}

#[test]
fn plain_http_stays_in_private_networks() {
    let warnings = |url: &str| warnings_in(Path::new("/nowhere"), &table(url, &key(KeyKind::Witness))).join("");
    assert_eq!(warnings("https://witness.example"), "");
    assert!(warnings("http://10.0.0.1").contains("over plain http"));
    assert!(warnings("http://localhost:8090").contains("proves nothing to others"));
    let faults = |url: &str| faults_in(Path::new("/nowhere"), &table(url, &key(KeyKind::Witness))).join("");
    for far in ["http://witness.example", "http://8.8.8.8", "http://[2001:db8::1]"] {
        assert!(faults(far).contains("is plain http to a host that is neither this machine"), "{far}");
    }
    for wrong in ["witness.example", "ftp://witness.example", "https://a@witness.example", "https://witness.example?a"]
    {
        assert!(faults(wrong).contains("write the witness's address"), "{wrong}: {}", faults(wrong));
    }
}

#[test]
fn the_key_must_be_the_witness_s_own() {
    let faults = |key: &str| faults_in(Path::new("/nowhere"), &table("https://witness.example", key)).join("");
    assert!(faults(&key(KeyKind::Log)).contains("this is the key of a log and not of a witness"));
    assert!(faults("witness").contains("a verifier key is written as"));
    assert!(faults(&key(KeyKind::Witness).replace("witness", "witless")).contains("copy the whole key again"));
}

#[test]
fn what_is_missing_or_stands_twice_is_told() {
    let key = key(KeyKind::Witness);
    let one = format!("[[log.witnesses]]\nurl = \"https://witness.example\"\nkey = \"{key}\"\n");
    let faults = |text: &str| faults_in(Path::new("/nowhere"), &changed("", text)).join("");
    assert!(faults(&format!("{one}{one}")).contains("the witness witness.example stands here twice"));
    assert!(faults("[[log.witnesses]]").contains("missing `url` in [[log.witnesses]]"));
    let authority = format!("{one}certificate_authority = \"nothing.pem\"\n");
    assert!(faults(&authority).contains("can't read the certificate of the witness's authority"));
    let plain = authority.replace("https://witness.example", "http://10.0.0.1");
    assert!(faults(&plain).contains("means nothing for a witness on http"));
}
