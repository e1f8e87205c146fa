//! The panel of consent: how banners were answered, over time, by language and by edition.

use super::{
    chart::Bars,
    date,
    metric::share,
    number::{percent, say, whole},
    table_words::Answered,
};
use crate::{
    statistics::{
        Answers, Totals,
        report::{AnswersReport, Step},
    },
    visitor::Language,
};

/// The parts that banners that were shown fall into, from below in the chart.
pub(super) const PARTS: [Answered; 4] = [Answered::Accepted, Answered::Partly, Answered::Refused, Answered::Ignored];

/// The panel.
#[derive(Clone, Debug)]
pub(super) struct Consent {
    /// How often a banner was shown.
    pub(super) shown: String,
    pub(super) withdrawn: String,
    pub(super) parts: Vec<Part>,
    pub(super) chart: String,
    /// The numbers of the chart as a table.
    pub(super) over_time: Vec<(String, [String; 5])>,
    pub(super) banners: Vec<BannerRow>,
    /// Views by how the visitor stands to the question, as words and percent.
    pub(super) standing: Vec<(&'static str, String, String)>,
}

/// What became of a part of the banners that were shown.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) place: usize,
    pub(super) title: &'static str,
    pub(super) definition: &'static str,
    pub(super) number: String,
    pub(super) share: String,
}

/// A banner: its language, its edition, and how it was answered.
#[derive(Clone, Debug)]
pub(super) struct BannerRow {
    pub(super) language: &'static str,
    pub(super) edition: String,
    pub(super) shown: String,
    pub(super) parts: Vec<String>,
    pub(super) withdrawn: String,
}

/// The numbers of the parts.
pub(super) fn parts(answers: &Answers) -> [i64; PARTS.len()] {
    [answers.accepted, answers.partly, answers.refused, answers.ignored()]
}

/// The panel of a report; nothing where no banner was shown and none answered.
pub(super) fn consent(language: Language, report: &AnswersReport, totals: &Totals, step: Step) -> Option<Consent> {
    let all = &report.all;
    if all.is_zero() {
        return None;
    }
    let whole_of = |answers: &Answers| parts(answers).iter().sum::<i64>();
    let percent_of = |number: i64, answers: &Answers| {
        share(number, whole_of(answers)).map_or_else(|| "—".to_owned(), |share| percent(language, share))
    };
    let shown_parts = PARTS.iter().zip(parts(all)).enumerate().map(|(place, (part, number))| Part {
        place,
        title: part.defined().title(language),
        definition: part.defined().text(language),
        number: whole(language, number),
        share: percent_of(number, all),
    });
    let bars: Vec<_> = report
        .points
        .iter()
        .map(|(day, answers)| {
            let name = date::point(language, *day, None, if step == Step::Month { Step::Month } else { Step::Day });
            let said = PARTS
                .iter()
                .zip(parts(answers))
                .map(|(part, number)| format!("{}: {}", part.defined().title(language), whole(language, number)));
            let label = if step == Step::Month {
                date::on_axis(language, *day, None, step)
            } else {
                date::short(language, *day)
            };
            (label, format!("{name}. {}", said.collect::<Vec<_>>().join(", ")), parts(answers))
        })
        .collect();
    let title = say(language, ["Ответы на баннер", "Баннерге жауаптар", "How the banner was answered"]);
    let description = PARTS.iter().zip(parts(all)).map(|(part, number)| {
        format!("{}: {} ({})", part.defined().title(language), whole(language, number), percent_of(number, all))
    });
    let description = description.collect::<Vec<_>>().join("; ");
    let over_time = report.points.iter().map(|(day, answers)| {
        let name = date::point(language, *day, None, if step == Step::Month { Step::Month } else { Step::Day });
        let [accepted, partly, refused, ignored] = parts(answers).map(|number| whole(language, number));
        (name, [accepted, partly, refused, ignored, whole(language, answers.withdrawn)])
    });
    let banners = report.by_banner.iter().map(|(banner, answers)| BannerRow {
        language: banner.language.own_name(),
        edition: banner.edition.as_str().to_owned(),
        shown: whole(language, answers.shown),
        parts: parts(answers)
            .into_iter()
            .map(|number| format!("{} ({})", whole(language, number), percent_of(number, answers)))
            .collect(),
        withdrawn: whole(language, answers.withdrawn),
    });
    Some(Consent {
        shown: whole(language, all.shown),
        withdrawn: whole(language, all.withdrawn),
        parts: shown_parts.collect(),
        chart: Bars { language, title, description: &description, bars: &bars }.svg("answers"),
        over_time: over_time.collect(),
        banners: banners.collect(),
        standing: standing(language, totals),
    })
}

/// Views by how their visitors stand to the question.
fn standing(language: Language, totals: &Totals) -> Vec<(&'static str, String, String)> {
    let rows = [
        (["приняли аналитические", "аналитикалықты қабылдады", "accepted analytical"], totals.accepted_views),
        (["ответили иначе", "басқаша жауап берді", "answered otherwise"], totals.refused_views),
        (
            [
                "отказ сигналом браузера (GPC, DNT)",
                "браузер сигналымен бас тартты (GPC, DNT)",
                "refused by a signal of the browser (GPC, DNT)",
            ],
            totals.signalled_views,
        ),
        (["ещё не ответили", "әлі жауап бермеді", "did not answer yet"], totals.unanswered_views),
    ];
    let shown = rows.into_iter().map(|(words, number)| {
        let share = share(number, totals.views).map_or_else(String::new, |share| percent(language, share));
        (say(language, words), whole(language, number), share)
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consent::EditionId,
        statistics::{Banner, Day},
    };

    #[test]
    fn banners_fall_into_four_parts_of_one_whole() {
        let answers = Answers { shown: 100, accepted: 40, partly: 5, refused: 15, withdrawn: 3 };
        let banner = Banner { language: Language::Kk, edition: EditionId::parse("2026-01").unwrap() };
        let day = Day::parse("2026-11-22").unwrap();
        let report = AnswersReport { all: answers, points: vec![(day, answers)], by_banner: vec![(banner, answers)] };
        let consent = consent(Language::En, &report, &Totals::default(), Step::Day).unwrap();
        let seen: Vec<_> = consent.parts.iter().map(|part| (part.title, &*part.number, &*part.share)).collect();
        assert_eq!(
            seen,
            [("Accepted", "40", "40%"), ("Partly", "5", "5%"), ("Refused", "15", "15%"), ("Ignored", "40", "40%")]
        );
        assert_eq!((&*consent.withdrawn, consent.banners[0].language), ("3", "Қазақша"));
        assert_eq!(consent.chart.matches("class=\"part").count(), 4);
        assert!(super::consent(Language::En, &AnswersReport::default(), &Totals::default(), Step::Day).is_none());
    }
}
