//! `[traces]`: collectors that can be asked, and what is said where one can't be.

use super::*;
use crate::telemetry::{Collector, Share, TraceSettings};

fn table(lines: &str) -> String {
    changed("", &format!("[traces]\n{lines}"))
}

fn faults(lines: &str) -> String {
    let faults = load_in(Path::new("/nowhere"), &table(lines)).map_or_else(|faults| faults.0, |_| Vec::new());
    faults.iter().map(|fault| format!("{}; {}\n", fault.what, fault.remedy)).collect()
}

fn warnings(text: &str) -> String {
    warnings_in(Path::new("/nowhere"), text).join("\n")
}

#[test]
fn an_address_is_enough() {
    let check = |url: &str, (tls, host, port, path): (bool, &str, u16, &str)| {
        let (configuration, _) = load_in(Path::new("/nowhere"), &table(&format!("endpoint = \"{url}\""))).unwrap();
        let collector = Collector {
            tls,
            host: host.into(),
            port,
            path: path.into(),
            certificate_authority: None,
            header_file: None,
        };
        let service_name = "kelisim".to_owned();
        let expected = TraceSettings { collector, share: Share::of(0.01), trusts_parents: false, service_name };
        assert_eq!(configuration.traces, Some(expected), "{url}");
    };
    check("http://127.0.0.1:4318/v1/traces", (false, "127.0.0.1", 4318, "/v1/traces"));
    check("https://otlp.example.kz/v1/traces", (true, "otlp.example.kz", 443, "/v1/traces"));
    check("http://[::1]:4318/v1/traces", (false, "::1", 4318, "/v1/traces"));
    check(
        "https://otlp.example.kz/kelisim/traces?tenant=7",
        (true, "otlp.example.kz", 443, "/kelisim/traces?tenant=7"),
    );
    assert_eq!(load_in(Path::new("/nowhere"), RIGHT).unwrap().0.traces, None);
}

#[test]
fn a_share_lies_between_nothing_and_everything() {
    let share = |sampled: &str| {
        let lines = format!("endpoint = \"http://127.0.0.1:4318/v1/traces\"\nsampled = {sampled}");
        load_in(Path::new("/nowhere"), &table(&lines)).map(|(configuration, _)| configuration.traces.unwrap().share)
    };
    for (sampled, expected) in [("0", 0.0), ("1", 1.0), ("0.25", 0.25), ("1e-3", 0.001), ("0x1", 1.0)] {
        assert_eq!(share(sampled).ok(), Some(Share::of(expected)), "{sampled}");
    }
    for wrong in ["-0.1", "1.1", "2", "100", "nan", "inf", "-1", "1_000"] {
        let faults = share(wrong).unwrap_err().to_string();
        assert!(faults.contains("`sampled` in [traces] is out of bounds"), "{wrong}: {faults}");
        assert!(faults.contains("write a number from 0 to 1: 0.01 is one in a hundred"), "{wrong}: {faults}");
    }
    assert!(share("\"1 %\"").unwrap_err().to_string().contains("must be a number from 0 to 1, not a text"));
}

#[test]
fn what_can_be_no_collector_is_told_with_what_to_write_instead() {
    for (lines, expected) in [
        ("", "missing `endpoint` in [traces]; write for instance `endpoint = \"http://127.0.0.1:4318/v1/traces\"`"),
        ("endpoint = \"127.0.0.1:4318\"", "is not an address"),
        (
            "endpoint = \"grpc://127.0.0.1:4317/\"",
            "is neither http nor https; write the collector's address for OTLP over HTTP",
        ),
        (
            "endpoint = \"http://127.0.0.1:4318\"",
            "the path of the collector is missing; write the whole address: `http://127.0.0.1:4318/v1/traces`",
        ),
        (
            "endpoint = \"https://name:secret@otlp.example.kz/v1/traces\"",
            "a name, a password or a fragment has no place in it",
        ),
        (
            "endpoint = \"http://127.0.0.1:4318/v1/traces\"\nservice_name = \"a\\nb\"",
            "it is too long, or holds what is no text",
        ),
        (
            "endpoint = \"http://127.0.0.1:4318/v1/traces\"\ncertificate_authority = \"a.pem\"",
            "means nothing for a collector on http",
        ),
        (
            "endpoint = \"https://127.0.0.1/v1/traces\"\ncertificate_authority = \"a.pem\"",
            "can't read the certificate of the collector's authority",
        ),
        (
            "endpoint = \"https://127.0.0.1/v1/traces\"\nsample = 1",
            "unknown key `sample` in [traces]; did you mean `sampled`?",
        ),
    ] {
        assert!(faults(lines).contains(expected), "{lines}: {}", faults(lines));
    }
    let folder = tempfile::tempdir().unwrap();
    let mode = |text: &str, mode| {
        fs::write(folder.path().join("header"), text).unwrap();
        fs::set_permissions(folder.path().join("header"), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    let text = table("endpoint = \"https://otlp.example.kz/v1/traces\"\nheader_file = \"header\"");
    let told = || load_in(folder.path(), &text).map_or_else(|faults| faults.to_string(), |_| String::new());
    assert!(told().contains("can't read the header for the collector"), "{}", told());
    for wrong in ["secret", "host: secret"] {
        mode(wrong, 0o640);
        assert!(
            told().contains("is no header that a collector can be sent") && !told().contains("secret"),
            "{}",
            told()
        );
    }
    mode("authorization: Bearer secret\n", 0o644);
    assert!(warnings_in(folder.path(), &text).join("").contains("everyone on this machine can read the header"));
    mode("authorization: Bearer secret\n", 0o640);
    let (configuration, warnings) = load_in(folder.path(), &text).unwrap();
    assert_eq!(configuration.traces.unwrap().collector.header_file, Some(folder.path().join("header")));
    assert!(warnings.is_empty());
    // The line that it stands in is not shown either.
    let text = table("endpoint = \"https://name:secret@otlp.example.kz/v1/traces\"");
    let told = load_in(Path::new("/nowhere"), &text).unwrap_err().to_string();
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn what_may_not_be_meant_is_warned_of() {
    let endpoint = |url: &str| warnings(&table(&format!("endpoint = \"{url}\"")));
    for well in [
        "http://127.0.0.1:4318/v1/traces",
        "http://collector:4318/v1/traces",
        "http://10.0.0.7/v1/traces",
        "https://otlp.example.kz/a",
    ] {
        assert_eq!(endpoint(well), "", "{well}");
    }
    assert!(endpoint("http://otlp.example.kz/v1/traces").contains("spans go to the collector over plain http"));
    assert!(endpoint("http://127.0.0.1:4317/v1/traces").contains("collectors speak gRPC on port 4317"));
    let trusting = "[traces]\nendpoint = \"http://127.0.0.1:4318/v1/traces\"\ntrust_parents = true\n";
    assert!(warnings(&changed("", trusting)).contains("`trust_parents` means nothing where no proxy is believed"));
    let http = "http = [\"127.0.0.1:8081\"]";
    let proxied = changed(http, &format!("{http}\ntrusted_proxies = [\"127.0.0.1\"]")) + trusting;
    assert!(!warnings(&proxied).contains("trust_parents"));
}
