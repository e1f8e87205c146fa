//! What a new operator types first: `kelisim init`, `man` and what completes commands.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use crate::harness::{Gateway, Program, kelisim, shop};

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

fn program(words: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_kelisim")).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    output
}

#[test]
fn what_init_writes_is_checked_and_run_as_it_is_and_never_written_over() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let upstream = format!("http://{}", shop.address());
    let words = [
        "init",
        "--defaults",
        "--https",
        "proxy",
        "--hosts",
        "localhost",
        "--upstream",
        &upstream,
        "--controller",
        "Shop LLP",
    ];
    let words =
        [&words[..], &["--number", "260140000005", "--email", "privacy@shop.example", "--mode", "strict"]].concat();
    let made = kelisim(folder.path(), &words);
    assert!(made.status.success() && made.stdout.is_empty(), "{made:?}");
    let file = folder.path().join("kelisim.toml");
    let next = format!("kelisim run --config {}", file.display());
    assert!(text(&made.stderr).contains(&next), "{made:?}");
    let written = fs::read_to_string(&file).unwrap();
    let checked = kelisim(folder.path(), &["check"]);
    assert!(checked.status.success() && text(&checked.stdout).contains("is right: 1 site"), "{checked:?}");
    // As a start does, which says the warnings itself.
    let checked = kelisim(folder.path(), &["check", "--quiet"]);
    assert!(checked.status.success() && checked.stdout.is_empty() && checked.stderr.is_empty(), "{checked:?}");
    fs::write(&file, format!("unheard_of = true\n{written}")).unwrap();
    let checked = kelisim(folder.path(), &["check", "--quiet"]);
    assert!(!checked.status.success() && text(&checked.stderr).contains("unheard_of"), "{checked:?}");
    fs::write(&file, &written).unwrap();
    let again = kelisim(folder.path(), &words);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("is there already"), "{again:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
    // Its ports and its state directory belong to a machine of its own.
    let state = format!("state_dir = \"{}\"", folder.path().join("state").display());
    let moved = written.replace("127.0.0.1:8000", "127.0.0.1:0").replace("127.0.0.1:9090", "127.0.0.1:0");
    fs::write(&file, moved.replace("# state_dir = \"/var/lib/kelisim\"", &state)).unwrap();
    let program = Program::run(folder);
    assert!(program.browser().open("/").shows_banner());
    assert_eq!(program.browser().choose("accept").status, 303);
}

#[test]
fn whether_it_is_well_is_asked_by_a_command_where_there_is_no_other() {
    let shop = shop();
    let gateway = Gateway::before(&shop);
    let health = |address: &str, words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kelisim"));
        command.args(["health", "--admin", address]).args(words).output().unwrap()
    };
    let admin = gateway.running().admin().unwrap().to_string();
    for (words, said) in
        [(&[][..], "alive\n"), (&["--ready"], "ready\n"), (&["--https"], "ready\n"), (&["--consent"], "ready\n")]
    {
        let asked = health(&admin, words);
        assert!(asked.status.success() && text(&asked.stdout) == said, "{asked:?}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let asked = health(&nobody, &[]);
    assert_eq!(asked.status.code(), Some(1));
    let said = text(&asked.stderr);
    assert!(
        said.starts_with(&format!("no answer from http://{nobody}/healthz: ")) && said.contains("`admin` in [server]"),
        "{said}"
    );
}

#[test]
fn the_sample_for_containers_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../deploy/compose/kelisim.toml");
    fs::write(folder.path().join("kelisim.toml"), text).unwrap();
    let tls = folder.path().join("tls");
    fs::create_dir(&tls).unwrap();
    let (certificate, key) = kelisim::cli::demo::certificate(&["localhost"]).unwrap();
    fs::write(tls.join("localhost.pem"), certificate).unwrap();
    fs::write(tls.join("localhost.key"), key).unwrap();
    fs::set_permissions(tls.join("localhost.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let checked = kelisim(folder.path(), &["check"]);
    assert!(checked.status.success(), "{checked:?}");
    let compose = include_str!("../../deploy/compose.yaml");
    assert!(
        text.contains("\"http://site:80\"") && compose.contains("\n  site:\n"),
        "the site that it leads to is there"
    );
}

#[test]
fn the_manual_has_a_page_for_every_command_and_shells_read_what_completes_them() {
    let help = text(&program(&["--help"]).stdout);
    let commands: Vec<_> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 10, "{help}");
    let folder = tempfile::tempdir().unwrap();
    program(&["man", "--out", folder.path().to_str().unwrap()]);
    let page =
        |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(page("kelisim.1"), text(&program(&["man"]).stdout));
    let shells = ["bash", "zsh", "fish"].map(|shell| text(&program(&["completions", shell]).stdout));
    for command in commands {
        assert!(page("kelisim.1").contains(&format!("kelisim\\-{command}(1)")), "{command}");
        assert!(page(&format!("kelisim-{command}.1")).contains(".SH NAME"), "{command}");
        assert!(shells.iter().all(|text| text.contains(command)), "{command}");
    }
    assert!(page("kelisim-key-rotate.1").contains("retire"));
    let script = folder.path().join("kelisim.bash");
    fs::write(&script, &shells[0]).unwrap();
    assert!(completed(&script, "key ro").contains("rotate"));
}

/// What bash offers after these words.
fn completed(script: &Path, words: &str) -> String {
    let ask = r#"
        . "$0"
        COMP_WORDS=(kelisim $1)
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _kelisim kelisim "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        echo "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash").args(["-c", ask]).arg(script).arg(words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}
