//! What the other verifier cannot be asked about: names and sentences.

use super::*;

#[test]
fn a_problem_says_what_where_and_what_it_means() {
    let problem = Problem::at_leaf(ProblemKind::BackDated, 7);
    assert_eq!(
        problem.to_string(),
        "back_dated, leaf 7: this consent claims a time before a checkpoint that a witness had seen without it"
    );
    let problem = Problem::in_file(ProblemKind::Format, "a\u{1b}[31m\nb").to_string();
    assert!(problem.starts_with(r"format, a\u{1b}[31m\nb: "), "{problem}");
}
