//! What somebody probably meant to write.

/// The candidate nearest to `written`, where one is near enough to be meant.
pub(super) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let longest = (written.chars().count() / 3).max(1);
    let distances = candidates.into_iter().map(|candidate| (distance(written, candidate), candidate));
    distances.filter(|(distance, _)| *distance <= longest).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// How many characters must be added, removed, replaced or exchanged with their neighbour (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before_last = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &character) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &other) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(character != other);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && character == right[column - 1] && other == left[row - 1] {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = last;
        last = current;
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let keys = ["upstream", "hosts", "mode", "upstream_host"];
        assert_eq!(nearest("upstrem", keys), Some("upstream"));
        assert_eq!(nearest("host", keys), Some("hosts"));
        assert_eq!(nearest("mdoe", keys), Some("mode"));
        assert_eq!(nearest("analytics", keys), None);
    }
}
