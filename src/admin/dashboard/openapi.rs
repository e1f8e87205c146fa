//! The description of what programs may ask (OpenAPI 3.1). Names of numbers come from where they are counted, so that none is forgotten.

use serde_json::{Map, Value, json};

use super::{
    query::{Compare, can_filter},
    words::Metric,
};
use crate::{
    statistics::{Answers, Dimension, Figures, Totals, report::PeriodName},
    visitor::Language,
};

/// The document.
pub(super) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kelisim statistics",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "What was counted of the sites, for the operator.",
            "description": "Asked on the administration's address, with the cookie of an operator's session. Numbers are whole. Rows about people that are of too few are put together.",
        },
        "security": [{ "session": [] }, { "session_over_tls": [] }],
        "paths": {
            "/statistics/report.json": path("The whole report", "Report", &[]),
            "/statistics/table/{dimension}.json": path("One table", "Table", &[dimension()]),
            "/statistics/series.json": path("Totals over time", "Series", &[]),
            "/statistics/answers.json": path("How banners were answered", "AnswersReport", &[]),
            "/statistics/live.json": path("The last half hour", "Live", &[]),
        },
        "components": {
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "kelisim-admin" },
                "session_over_tls": { "type": "apiKey", "in": "cookie", "name": "__Host-kelisim-admin" },
            },
            "parameters": parameters(),
            "schemas": schemas(),
        },
    })
}

fn path(summary: &str, schema: &str, more: &[Value]) -> Value {
    let names = ["site", "period", "from", "to", "compare", "filter", "metric", "lang"];
    let all = names.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
    let answer = |description: &str, schema: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        json!({ "description": description, "content": { "application/json": { "schema": schema } } })
    };
    json!({ "get": {
        "summary": summary,
        "parameters": more.iter().cloned().chain(all).collect::<Value>(),
        "responses": {
            "200": answer(summary, schema),
            "400": answer("A parameter can't be; the text says what could.", "Error"),
            "401": answer("Nobody is signed in.", "Error"),
            "403": answer("The account is no operator's.", "Error"),
            "503": answer("The statistics can't be read.", "Error"),
        },
    } })
}

fn dimension() -> Value {
    json!({ "name": "dimension", "in": "path", "required": true, "schema": { "$ref": "#/components/schemas/Dimension" } })
}

fn parameters() -> Value {
    let parameter = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    let day = || json!({ "type": "string", "format": "date" });
    let words = |words: Vec<&str>| json!({ "type": "string", "enum": words });
    let filters: Vec<_> = Dimension::ALL.into_iter().filter(|one| can_filter(*one)).map(Dimension::name).collect();
    json!({
        "site": parameter("site", "The name of a site; the first one where none is named.", json!({ "type": "string" })),
        "period": parameter("period", "Days by a name; 28d where none are named.", words(PeriodName::ALL.map(PeriodName::name).into())),
        "from": parameter("from", "The first day, together with `to` and in place of `period`.", day()),
        "to": parameter("to", "The last day.", day()),
        "compare": parameter("compare", "With which days to compare.", words(Compare::ALL.map(Compare::name).into())),
        "filter": parameter(
            "filter",
            "What has this word: a dimension, a colon, the word.",
            json!({ "type": "string", "pattern": format!("^({}):.+", filters.join("|")) }),
        ),
        "metric": parameter("metric", "What the chart of the page shows; without effect here.", words(Metric::ALL.map(Metric::name).into())),
        "lang": parameter("lang", "The language of errors.", words(Language::ALL.map(Language::tag).into())),
    })
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let day = || json!({ "type": "string", "format": "date" });
    let flag = || json!({ "type": "boolean" });
    let whole = || json!({ "type": "integer" });
    let of = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let or_null = |schema: Value| json!({ "anyOf": [schema, { "type": "null" }] });
    let days = [("site", text()), ("from", day()), ("to", day())];
    let table = [
        ("dimension", of("Dimension")),
        ("of_accepted", described(flag(), "Whether it tells of those alone who accepted analytical cookies.")),
        ("rows", list(of("Row"))),
        ("folded", of("Folded")),
        ("rest", of("Figures")),
    ];
    let answers =
        [("all", of("Answers")), ("series", list(of("AnswersOfDay"))), ("banners", list(of("AnswersOfBanner")))];
    let filtered = ("filter", or_null(of("Filtered")));
    let points = ("series", list(of("Point")));
    let report = [
        ("time_zone", described(text(), "By which days and hours are told.")),
        ("smallest_cell", described(whole(), "Rows about people, of fewer than this, are put together.")),
        ("totals", of("Totals")),
        points.clone(),
        filtered.clone(),
        ("tables", list(of("TableOfReport"))),
        ("answers", of("AnswersOfReport")),
        ("compared", or_null(of("Compared"))),
        ("marks", list(of("Mark"))),
    ];
    let compared = [("totals", of("Totals")), points.clone(), filtered.clone()];
    let few = [
        ("word", text()),
        ("few", described(flag(), "Whether numbers of visits and visitors are withheld, being of too few.")),
    ];
    let row = Figures::NAMES.into_iter().map(|name| {
        let schema = if super::csv::is_withheld(name) { json!({ "type": ["integer", "null"] }) } else { whole() };
        (name, described(schema, meaning(name)))
    });
    let answer_numbers = || numbers(&Answers::NAMES).chain([("ignored", described(whole(), meaning("ignored")))]);
    json!({
        "Error": object([("error", text())]),
        "Dimension": { "type": "string", "enum": Dimension::ALL.map(Dimension::name) },
        "Totals": object(numbers(&Totals::NAMES)),
        "Figures": object(numbers(&Figures::NAMES)),
        "Row": object(few.into_iter().chain(row)),
        "Folded": object(numbers(&Figures::NAMES).chain([("rows", described(whole(), "How many rows."))])),
        "TableOfReport": object(table.clone()),
        "Table": object(days.clone().into_iter().chain(table)),
        "Point": object([
            ("day", day()),
            ("hour", json!({ "type": ["integer", "null"], "minimum": 0, "maximum": 23 })),
            ("running", described(flag(), "Whether it is not over yet.")),
            ("totals", of("Totals")),
        ]),
        "Filtered": object([
            ("dimension", of("Dimension")),
            ("word", text()),
            ("too_few", described(flag(), "Whether the row is of so few that nothing more is told.")),
            ("figures", of("Figures")),
            ("series", list(object([("day", day()), ("figures", of("Figures"))]))),
        ]),
        "Series": object(days.clone().into_iter().chain([points, filtered])),
        "Answers": object(answer_numbers()),
        "AnswersOfDay": object(answer_numbers().chain([("day", day())])),
        "AnswersOfBanner": object(answer_numbers().chain([("language", text()), ("edition", text())])),
        "AnswersOfReport": object(answers.clone()),
        "AnswersReport": object(days.clone().into_iter().chain(answers)),
        "Compared": object(days.clone().into_iter().chain(compared)),
        "Mark": object([("day", day()), ("kind", json!({ "type": "string", "enum": ["crash", "restart", "import"] })), ("count", whole())]),
        "Report": object(days.into_iter().chain(report)),
        "Live": object([
            ("views_now", described(whole(), "Pageviews of the last five minutes.")),
            ("visits_now", described(whole(), "Visits of those who accepted analytical cookies, seen in the last five minutes.")),
            ("views_by_minute", described(list(whole()), "Thirty minutes; the last one runs.")),
        ]),
    })
}

/// An object that has all of these members and no others.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members: Map<String, Value> = members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let names: Vec<_> = members.keys().cloned().collect();
    json!({ "type": "object", "required": names, "additionalProperties": false, "properties": members })
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

fn numbers<'a>(names: &'a [&'static str]) -> impl Iterator<Item = (&'static str, Value)> + 'a {
    names.iter().map(|name| (*name, described(json!({ "type": "integer" }), meaning(name))))
}

/// What a number counts.
fn meaning(name: &str) -> &'static str {
    match name {
        "requests" => "Requests of everything by everybody, robots included.",
        "bytes" => "Bytes of bodies sent for them.",
        "views" => "Pageviews of people, or what else the table counts.",
        "entries" => "Pageviews that came from elsewhere.",
        "not_found" => "Pages asked for that are not there.",
        "downloads" => "Files taken.",
        "slow" => "Pageviews that waited for the site longer than a second.",
        "waited" => "Milliseconds that pageviews waited for the head of the site's answer, all together.",
        "robots" => "Pages asked for by robots.",
        "visits" => "Visits of those who accepted analytical cookies.",
        "bounces" => "Visits of one pageview or download.",
        "seconds" => "Seconds of visits, from their first view to their last, all together.",
        "visitors" => "Different visitors of each day, added up, of those who accepted analytical cookies.",
        "accepted_views" => "Pageviews of visitors who accepted analytical cookies.",
        "refused_views" => "Pageviews of visitors who answered otherwise.",
        "signalled_views" => "Pageviews of browsers that send a signal of refusal.",
        "unanswered_views" => "Pageviews of visitors who did not answer yet.",
        "shown" => "Entries whose page showed the banner.",
        "accepted" => "Answers: all that was offered.",
        "partly" => "Answers: some of it.",
        "refused" => "Answers: nothing optional.",
        "ignored" => "Banners that were shown and not answered.",
        "withdrawn" => "Choices of less than before.",
        "lost" => "What was to be counted and was not: a queue or a table was full.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_described_and_every_reference_leads_somewhere() {
        for name in Totals::NAMES.into_iter().chain(Figures::NAMES).chain(Answers::NAMES) {
            assert!(!meaning(name).is_empty(), "{name}");
        }
        let document = document();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
