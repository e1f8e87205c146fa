//! The dashboard as an operator meets it: what was counted is seen, taken out, and shared; and nobody else sees it.

mod data;
mod described;
mod shared;

use kelisim::{
    admin::Role,
    statistics::{Changes, Counted, Dimension, Figures, RowKey, Table, Totals},
    store::statistics::Statistics,
    timestamp::Timestamp,
};

use self::data::{SITE, counted, day, view, weeks};
use crate::{
    administration::{PASSWORD, add, sign_in, signed_in, visitor},
    harness::{Browser, Gateway, shop},
};

/// A gateway of which eight weeks were counted, and its operator.
fn busy() -> (Gateway, Browser) {
    let gateway = in_almaty();
    counted(
        &gateway.path().join("state"),
        weeks(day("2026-09-21"), day("2026-11-21"), 40),
        Timestamp::parse("2026-09-20T19:00:00Z").unwrap(),
    );
    let operator = operator(&gateway);
    (gateway, operator)
}

/// A gateway that tells days by the time of Almaty.
fn in_almaty() -> Gateway {
    Gateway::with(&shop()).tables("[statistics]\ntime_zone = \"Asia/Almaty\"").start()
}

fn operator(gateway: &Gateway) -> Browser {
    add(gateway, "operator", Role::Operator);
    signed_in(gateway, "operator")
}

fn json(browser: &mut Browser, path: &str) -> serde_json::Value {
    let reply = browser.get(path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"), "{path}");
    serde_json::from_slice(&reply.body).unwrap()
}

/// A number as the English page writes it.
fn shown(number: &serde_json::Value) -> String {
    let digits = number.as_i64().unwrap().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn an_operator_sees_what_was_counted() {
    let (gateway, mut operator) = busy();
    let reply = sign_in(&mut visitor(&gateway), "operator", PASSWORD);
    assert_eq!(reply.header("location"), Some("/statistics"));
    let report = json(&mut operator, "/statistics/report.json");
    assert!(report["totals"]["views"].as_i64().unwrap() > 1000, "{}", report["totals"]);
    let page = operator.click("/statistics");
    let text = page.text();
    for name in ["views", "entries", "visits", "visitors", "not_found", "downloads", "robots"] {
        let value = format!("<strong>{}</strong>", shown(&report["totals"][name]));
        assert!(text.contains(&value), "{name}: {value}");
    }
    for row in
        ["Google", "/services", "Kazakhstan", "Қазақша", "phone", "Chrome", "Android", "/wp-login.php", "YandexBot"]
    {
        assert!(text.contains(row), "{row}");
    }
    assert!(text.contains("25 October – 21 November 2026") || text.contains("25\u{a0}October – 21\u{a0}November 2026"));
    assert!(text.contains("rows of fewer than 5"), "rows of few are put together");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(
        !text.contains(" style=") && !text.contains("<script>") && !text.contains("http://"),
        "nothing from elsewhere"
    );
    for (language, said) in [("ru", "Просмотры"), ("kk", "Қаралымдар")] {
        let text = operator.click(&format!("/statistics?lang={language}")).text();
        assert!(text.contains(said) && text.contains(&format!("<html lang=\"{language}\">")), "{language}");
    }
}

#[test]
fn a_click_on_a_row_filters_and_a_period_is_compared() {
    let (_gateway, mut operator) = busy();
    let all = json(&mut operator, "/statistics/report.json?period=28d&compare=previous");
    assert_eq!((&all["from"], &all["to"]), (&"2026-10-25".into(), &"2026-11-21".into()));
    assert_eq!((&all["compared"]["from"], &all["compared"]["to"]), (&"2026-09-27".into(), &"2026-10-24".into()));
    let page = operator.click("/statistics").text();
    assert!(page.contains("▲") && page.contains("class=\"before\""), "it grows, and the line before is drawn");
    assert!(page.contains("href=\"/statistics?filter=source%3AGoogle\""), "{page}");
    let of_source = json(&mut operator, "/statistics/report.json?filter=source%3AGoogle");
    assert_eq!(of_source["totals"], all["totals"]);
    let google = &of_source["filter"]["figures"];
    assert!(google["entries"].as_i64().unwrap() < all["totals"]["entries"].as_i64().unwrap());
    let page = operator.click("/statistics?filter=source%3AGoogle").text();
    assert!(page.contains(&format!("<strong>{}</strong>", shown(&google["entries"]))), "{page}");
    assert!(page.contains("remove the filter") && page.contains("href=\"/statistics\""), "{page}");
    assert!(!page.contains("YandexBot"), "robots know no source");
    let page = operator.click("/statistics?compare=none").text();
    assert!(!page.contains("class=\"before\"") && !page.contains("▲"), "{page}");
    let today = json(&mut operator, "/statistics/report.json?period=today");
    let hours = json(&mut operator, "/statistics/series.json?period=yesterday");
    let until = |hours: &serde_json::Value, last: i64| {
        let hours = hours["series"].as_array().unwrap().iter().filter(|point| point["hour"].as_i64().unwrap() <= last);
        hours.map(|point| point["totals"]["views"].as_i64().unwrap()).sum::<i64>()
    };
    // It is three in the afternoon there.
    assert!(until(&hours, 15) < until(&hours, 23));
    assert_eq!(today["compared"]["totals"]["views"], until(&hours, 15));
    let earlier = operator.click("/statistics?from=2026-09-28&to=2026-10-25").text();
    assert!(earlier.contains("counted since 21\u{a0}September 2026") && !earlier.contains("▲"), "{earlier}");
    let today = operator.click("/statistics?period=today").text();
    assert!(today.contains("22\u{a0}November 2026"), "{today}");
}

#[test]
fn the_files_say_what_the_report_says() {
    let (_gateway, mut operator) = busy();
    let report = json(&mut operator, "/statistics/report.json");
    let tables = report["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 16);
    let archive = operator.get("/statistics/all.zip");
    assert_eq!(archive.header("content-type"), Some("application/zip"));
    let name = archive.header("content-disposition").unwrap();
    assert_eq!(name, "attachment; filename=\"shop.example_all_2026-10-25_2026-11-21.zip\"");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive.body)).unwrap();
    let mut file = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    for table in tables {
        let name = table["dimension"].as_str().unwrap();
        let csv = operator.get(&format!("/statistics/table/{name}.csv"));
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        let text = csv.text();
        assert_eq!(text, file(&format!("{name}.csv")), "{name}");
        let body = text.strip_prefix('\u{feff}').unwrap();
        let mut lines = csv::ReaderBuilder::new().delimiter(b';').from_reader(body.as_bytes());
        let rows: Vec<_> = lines.records().map(Result::unwrap).filter(|line| &line[0] == "row").collect();
        assert_eq!(rows.len(), table["rows"].as_array().unwrap().len(), "{name}");
        for (line, row) in rows.iter().zip(table["rows"].as_array().unwrap()) {
            assert_eq!(line[3], row["views"].to_string(), "{name}");
            assert_eq!(line[5].is_empty(), row["visits"].is_null(), "{name}");
        }
        let alone = json(&mut operator, &format!("/statistics/table/{name}.json"));
        assert_eq!((&alone["rows"], &alone["folded"]), (&table["rows"], &table["folded"]), "{name}");
    }
    assert!(file("README.txt").contains("Visitor-days"));
    let series = operator.get("/statistics/series.csv").text();
    assert_eq!((series.lines().count(), &series), (29, &file("series.csv")));
    let sum = |column: usize| {
        let cells = series.lines().skip(1).map(|line| line.split(';').nth(column).unwrap().parse::<i64>().unwrap());
        cells.sum::<i64>()
    };
    let place = series.lines().next().unwrap().split(';').position(|name| name == "views").unwrap();
    assert_eq!(sum(place), report["totals"]["views"].as_i64().unwrap());
    assert!(operator.get("/statistics/answers.csv").text().contains(";ignored\r\n"));
}

#[test]
fn what_cannot_be_asked_is_told_and_other_paths_lead_nowhere() {
    let (_gateway, mut operator) = busy();
    for (query, said) in [
        ("period=forever", "yesterday, 7d"),
        ("from=2026-11-01", "both from and to"),
        ("filter=robot:x", "source:…"),
        ("site=evil.example", "shop.example"),
        ("peroid=7d", "peroid"),
        ("metric=%3Cscript%3E", "&#60;script&#62;"),
    ] {
        let page = operator.click(&format!("/statistics?{query}"));
        assert_eq!(page.status, 400, "{query}");
        assert!(page.text().contains(said) && !page.text().contains("<script>"), "{query}: {}", page.text());
        let told = operator.get(&format!("/statistics/report.json?{query}"));
        assert_eq!((told.status, told.header("content-type")), (400, Some("application/json")), "{query}");
    }
    for path in [
        "/statistics/",
        "/statistics/table/../../etc/passwd",
        "/statistics/table/..%2f..%2fstate",
        "/statistics/table/petr",
        "/statistics/table/page.xml",
        "/statistics/../metrics",
        "/shared/../statistics",
        "/shared/",
        "/shared/..",
    ] {
        let reply = operator.get(path);
        assert!(matches!(reply.status, 404), "{path}: {}", reply.status);
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
    }
    assert_eq!(operator.post("/statistics", "period=7d").status, 404);
}

#[test]
fn nobody_else_sees_anything() {
    let (gateway, mut operator) = busy();
    add(&gateway, "auditor", Role::Auditor);
    let mut auditor = signed_in(&gateway, "auditor");
    let mut nobody = visitor(&gateway);
    for path in ["/statistics", "/statistics/table/page", "/statistics/share"] {
        assert_eq!(nobody.click(path).header("location"), Some("/sign-in"), "{path}");
        let refused = auditor.click(path);
        assert_eq!(refused.status, 403, "{path}");
        assert!(!refused.text().contains("/services"), "{path}");
    }
    for path in ["/statistics/report.json", "/statistics/live.json", "/statistics/series.csv", "/statistics/all.zip"] {
        assert_eq!(
            (nobody.get(path).status, auditor.get(path).status, operator.get(path).status),
            (401, 403, 200),
            "{path}"
        );
    }
    assert!(!auditor.click("/").text().contains("href=\"/statistics\""));
    assert!(operator.click("/").text().contains("href=\"/statistics\""));
    // A cookie that somebody planted before the sign-in is not the session after it.
    let planted = "0".repeat(64);
    let mut fixed = visitor(&gateway).holding("kelisim-admin", &planted);
    sign_in(&mut fixed, "operator", PASSWORD);
    assert_ne!(fixed.jar.get("kelisim-admin").unwrap(), &planted);
    assert_eq!(fixed.click("/statistics").status, 200);
    assert_eq!(visitor(&gateway).holding("kelisim-admin", &planted).get("/statistics/report.json").status, 401);
}

#[test]
fn what_strangers_sent_is_text_on_the_page_and_no_formula_in_a_file() {
    let gateway = Gateway::before(&shop());
    // The rules keep such signs out of paths; should any get into the file, the page does not rely on that.
    let words = ["/<script>alert(1)</script>", "/\"><img src=x>", "=cmd()", "/a,=cmd()"];
    let key = |word: &str| RowKey { first: word.into(), second: None };
    let figures = Figures { views: 9, entries: 9, ..Figures::default() };
    let rows = [Dimension::Page, Dimension::Source]
        .into_iter()
        .flat_map(|dimension| words.map(|word| (0, day("2026-11-20"), Table::of(dimension), key(word), figures)));
    let hours = vec![(0, day("2026-11-20"), 9, Totals { views: 9, ..Totals::default() })];
    let changes = Changes { hours, rows: rows.collect(), answers: Vec::new() };
    let mut statistics = Statistics::open(&gateway.path().join("state"), &[SITE.into()]).unwrap();
    statistics.add(&changes, day("2026-11-20")).unwrap();
    let mut operator = operator(&gateway);
    let page = operator.click("/statistics").text();
    assert!(page.contains("/&#60;script&#62;alert(1)&#60;/script&#62;"), "{page}");
    assert!(page.contains("/&#34;&#62;&#60;img src=x&#62;"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("<img"), "{page}");
    for dimension in ["page", "source"] {
        let csv = operator.get(&format!("/statistics/table/{dimension}.csv")).text();
        assert!(csv.contains(";'=cmd();") && csv.contains(";/a,'=cmd();"), "{csv}");
        let filtered =
            operator.click(&format!("/statistics?filter={dimension}%3A%2F%3Cscript%3Ealert(1)%3C%2Fscript%3E"));
        assert!(!filtered.text().contains("<script>") && filtered.text().contains("&#60;script&#62;"), "{dimension}");
    }
}

#[test]
fn before_anything_was_counted_the_page_says_so() {
    let gateway = Gateway::before(&shop());
    let mut operator = operator(&gateway);
    let page = operator.click("/statistics");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Nothing was counted yet"), "{}", page.text());
    let report = json(&mut operator, "/statistics/report.json");
    assert_eq!((&report["totals"]["views"], &report["compared"]), (&0.into(), &serde_json::Value::Null));
    let live = json(&mut operator, "/statistics/live.json");
    assert_eq!((&live["views_now"], live["views_by_minute"].as_array().unwrap().len()), (&0.into(), 30));
}

#[test]
fn one_visitor_is_not_told_of() {
    let gateway = Gateway::before(&shop());
    let begin = Timestamp::parse("2026-11-20T06:00:00Z").unwrap();
    counted(&gateway.path().join("state"), [Counted::View(Box::new(view(begin, "/")))], begin);
    let mut operator = operator(&gateway);
    let page = operator.click("/statistics").text();
    assert!(page.contains("others (1 row of fewer than 5)") && !page.contains("Kazakhstan"), "{page}");
    let filtered = operator.click("/statistics?filter=country:KZ").text();
    assert!(filtered.contains("too few to tell of"), "{filtered}");
    let report = json(&mut operator, "/statistics/report.json?filter=country:KZ");
    assert_eq!((&report["filter"]["too_few"], &report["filter"]["figures"]["views"]), (&true.into(), &0.into()));
}
