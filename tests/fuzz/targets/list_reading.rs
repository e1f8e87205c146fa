//! Lists in header lines, taken apart by an expression for one entry.

use regex::{Captures, Regex};

/// What is left of a list when entries of which `keeps` is not true go: the line as it was where all stay, nothing where none does. Outer
/// `None` where an entry is not as the expression has it. That begins at the start, has what may be kept in its first group, and ends with
/// the comma or the end of the line.
pub fn left_of_list(
    line: &str,
    entry: &Regex,
    keeps: impl Fn(&Captures<'_>) -> Option<bool>,
) -> Option<Option<String>> {
    let (mut kept, mut all, mut rest) = (Vec::new(), 0, line);
    loop {
        let found = entry.captures(rest)?;
        all += 1;
        if keeps(&found)? {
            kept.push(found[1].to_owned());
        }
        rest = &rest[found[0].len()..];
        if !found[0].ends_with(',') {
            break;
        }
    }
    let whole = kept.len() == all;
    Some(if whole { Some(line.to_owned()) } else { (!kept.is_empty()).then(|| kept.join(", ")) })
}
