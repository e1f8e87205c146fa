//! What documents say of the code, as functions of their texts. Each answers with the sentences of what is wrong.

/// Labels whose values come from fixed lists, or, as `site`, from the configuration. No visitor can make one up.
const LABELS: &[&str] = &[
    "site",
    "method",
    "status",
    "reason",
    "category",
    "direction",
    "outcome",
    "kind",
    "scheme",
    "witness",
    "name",
    "challenge",
];

/// Every test that the table of clauses names is in the file of its module.
pub fn named_tests(document: &str, files: &[(String, String)]) -> Vec<String> {
    let names = quoted(document).filter(|word| word.contains("::") && word.chars().all(is_of_path));
    let missing = |name: &&str| {
        let parts: Vec<_> = name.split("::").collect();
        let folder = match parts[0] {
            "integration" => format!("tests/integration/{}", parts[1]),
            module => format!("src/{module}"),
        };
        let function = format!("fn {}(", parts[parts.len() - 1]);
        !files.iter().any(|(path, text)| {
            path.strip_prefix(&folder).is_some_and(|rest| rest.starts_with(['/', '.'])) && text.contains(&function)
        })
    };
    names.filter(missing).map(|name| format!("no test is named {name}")).collect()
}

/// Every script below `tests/` that the document names is there.
pub fn named_files(document: &str, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let names = quoted(document).filter(|word| word.starts_with("tests/") && !word.contains([' ', '*']));
    names.filter(|name| !is_there(name)).map(|name| format!("no file is named {name}")).collect()
}

/// Every row of a table of four columns, whose last column is "shown by", names a test or a script there.
pub fn rows_with_tests(document: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut is_of_tests = false;
    for line in document.lines() {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if !line.starts_with('|') || line.starts_with("|---") {
            is_of_tests &= line.starts_with('|');
            continue;
        }
        let last = cells[cells.len() - 1];
        if last == "shown by" {
            is_of_tests = true;
        } else if is_of_tests && !quoted(last).any(|word| word.contains("::") || word.starts_with("tests/")) {
            wrong.push(format!("nothing shows what is promised of {}", cells[0]));
        }
    }
    wrong
}

/// Every metric and each of its labels stands in the table of metrics, and no metric there is made up.
pub fn metrics(source: &str, document: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let defined: Vec<_> = source.split("\"kelisim_").skip(1).map(definition).collect();
    let rows: Vec<_> = document.lines().filter(|line| line.starts_with("| `kelisim_")).collect();
    for (name, labels) in &defined {
        for label in labels.iter().filter(|label| !LABELS.contains(label)) {
            wrong.push(format!("{name} has the label {label}, which is not one of the fixed ones"));
        }
        match rows.iter().find(|row| row.starts_with(&format!("| `{name}` |"))) {
            Some(row) => {
                let unsaid = labels.iter().filter(|label| !row.contains(&format!("`{label}`")));
                wrong.extend(unsaid.map(|label| format!("the document does not name the label {label} of {name}")));
            }
            None => wrong.push(format!("the document does not name {name}")),
        }
    }
    let said = rows.iter().filter_map(|row| quoted(row).next());
    let made_up = said.filter(|said| !defined.iter().any(|(name, _)| name == said));
    wrong.extend(made_up.map(|said| format!("the document names {said}, which there is not")));
    wrong
}

/// Every metric that a rule of alerts or a dashboard asks for stands in the table of metrics, and each one there is on the dashboard.
pub fn asked_metrics(document: &str, rules: &str, dashboard: &str) -> Vec<String> {
    let rows = document.lines().filter(|line| line.starts_with("| `kelisim_"));
    let documented: Vec<_> = rows.filter_map(|row| quoted(row).next()).collect();
    let mut wrong = Vec::new();
    for (file, text) in [("rules.yml", rules), ("kelisim.json", dashboard)] {
        let unknown = asked(text).into_iter().filter(|name| !documented.contains(name));
        wrong.extend(unknown.map(|name| format!("{file} asks for {name}, which the document does not name")));
    }
    let unseen = documented.iter().filter(|name| !asked(dashboard).contains(name));
    wrong.extend(unseen.map(|name| format!("kelisim.json shows nothing of {name}")));
    wrong
}

/// The metrics that are named in a text, those of a histogram by the histogram's name.
fn asked(text: &str) -> Vec<&str> {
    let starts = text.match_indices("kelisim_").map(|(start, _)| &text[start..]);
    let name = |rest: &'_ str| rest.find(|character: char| !is_of_path(character)).unwrap_or(rest.len());
    let names = starts.map(|rest| &rest[..name(rest)]);
    names.map(|name| ["_bucket", "_sum"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name)).collect()
}

/// The name of a metric and its labels, from the source behind `"kelisim_`.
fn definition(rest: &str) -> (String, Vec<&str>) {
    let name = rest.split('"').next().unwrap_or_default();
    let call = rest.split(");").next().unwrap_or_default();
    let call = call.split("),\n").next().unwrap_or_default();
    let labels = call.split_once("&[").and_then(|(_, list)| list.split_once(']')).map_or("", |(list, _)| list);
    (format!("kelisim_{name}"), labels.split('"').skip(1).step_by(2).collect())
}

/// Every subcommand of the program is named in the document.
pub fn subcommands(source: &str, document: &str) -> Vec<String> {
    let commands =
        source.split_once("enum Command {").and_then(|(_, rest)| rest.split_once("\n}")).map_or("", |it| it.0);
    let names = commands.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?.split(['(', ',', ' ']).next()?;
        name.starts_with(char::is_uppercase).then(|| name.to_lowercase())
    });
    let missing = |name: &String| !document.contains(&format!("kelisim {name}"));
    names.filter(missing).map(|name| format!("the document does not name `kelisim {name}`")).collect()
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_of_path(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | ':')
}

#[test]
fn a_test_that_is_not_there_is_told() {
    let file = |path: &str, function: &str| (path.to_owned(), format!("#[test]\nfn {function}() {{}}"));
    let files = [file("src/visitor/address.rs", "kept"), file("tests/integration/cookies.rs", "story")];
    let check = |document: &str, expected: &[&str]| assert_eq!(named_tests(document, &files), expected, "{document}");
    check("`visitor::address::tests::kept`, `integration::cookies::story`, `no test`", &[]);
    check("`visitor::address::tests::gone`", &["no test is named visitor::address::tests::gone"]);
    check("`integration::choice::story`", &["no test is named integration::choice::story"]);
    check("`visit::tests::kept`", &["no test is named visit::tests::kept"]);
}

#[test]
fn a_promise_that_nothing_shows_is_told() {
    let table = |row: &str| {
        format!(
            "| attack | promised | limit | shown by |\n|---|---|---|---|\n{row}\n\n| a | b |\n|---|---|\n| c | d |\n"
        )
    };
    let check = |row: &str, expected: &[&str]| assert_eq!(rows_with_tests(&table(row)), expected, "{row}");
    check("| floods | nothing | `x` | `integration::floods::story` |", &[]);
    check("| floods | nothing | `x` | `tests/deploy/nginx` |", &[]);
    check("| floods | nothing | `x` | somebody |", &["nothing shows what is promised of floods"]);
    let is_there = |path: &str| path == "tests/run";
    assert_eq!(named_files("`tests/run`, `tests/gone`", is_there), ["no file is named tests/gone"]);
}

#[test]
fn a_metric_that_nobody_explains_is_told() {
    let source = "a: vector(\"kelisim_a_total\", \"A.\", &[\"site\", \"kind\"]),\nb: counter(\"kelisim_b\", \"B.\"),\n";
    let check = |document: &str, expected: &[&str]| assert_eq!(metrics(source, document), expected, "{document}");
    check("| `kelisim_a_total` | `site`, `kind` | A |\n| `kelisim_b` | | B |", &[]);
    check(
        "| `kelisim_a_total` | `site` | A |\n",
        &["the document does not name the label kind of kelisim_a_total", "the document does not name kelisim_b"],
    );
    check(
        "| `kelisim_a_total` | `site`, `kind` | A |\n| `kelisim_b` | | B |\n| `kelisim_c` | | C |",
        &["the document names kelisim_c, which there is not"],
    );
    let visitor = metrics("x: vector(\"kelisim_x\", \"X.\", &[\"path\"]),\n", "| `kelisim_x` | `path` | X |");
    assert_eq!(visitor, ["kelisim_x has the label path, which is not one of the fixed ones"]);
}

#[test]
fn a_metric_that_is_asked_for_and_not_there_is_told() {
    let document = "| `kelisim_a_total` | `site` | A |\n| `kelisim_b_seconds` | | B |\n";
    let check = |rules: &str, dashboard: &str, expected: &[&str]| {
        assert_eq!(asked_metrics(document, rules, dashboard), expected, "{rules} {dashboard}");
    };
    let shown = "rate(kelisim_a_total[5m]) kelisim_b_seconds_bucket{le=\"1\"}";
    check("kelisim_a_total > 1", shown, &[]);
    check("kelisim_a > 1", shown, &["rules.yml asks for kelisim_a, which the document does not name"]);
    check(
        "",
        "rate(kelisim_a_total[5m]) kelisim_c",
        &[
            "kelisim.json asks for kelisim_c, which the document does not name",
            "kelisim.json shows nothing of kelisim_b_seconds",
        ],
    );
}

#[test]
fn a_command_that_nobody_explains_is_told() {
    let source = "enum Command {\n    /// Says so.\n    Check(A),\n    #[command(subcommand)]\n    Log(B),\n}\n";
    assert_eq!(subcommands(source, "`kelisim check`"), ["the document does not name `kelisim log`"]);
    assert_eq!(subcommands(source, "`kelisim check`, `kelisim log export`"), Vec::<String>::new());
}
