//! Lines of a file that comes in pieces, without holding the file.

/// Longest line, in bytes, without its end: the longest site name and page of a record, escaped, are a small part of it.
const LONGEST_LINE: usize = 64 * 1024;

/// Cuts what comes in pieces into lines.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Takes the next piece and gives each line that ends in it, without its end.
    pub(super) fn take(&mut self, mut piece: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', piece).filter(|_| !self.too_long) {
            if self.rest.len() + end > LONGEST_LINE {
                break;
            }
            if self.rest.is_empty() {
                line(&piece[..end]);
            } else {
                self.rest.extend_from_slice(&piece[..end]);
                line(&self.rest);
                self.rest.clear();
            }
            piece = &piece[end + 1..];
        }
        let unfinished = memchr::memchr(b'\n', piece).unwrap_or(piece.len());
        self.too_long |= self.rest.len() + unfinished > LONGEST_LINE;
        if !self.too_long {
            self.rest.extend_from_slice(piece);
        }
    }

    /// Whether the last line had its end.
    pub(super) fn ended(&self) -> bool {
        self.rest.is_empty() && !self.too_long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&str]) -> (Vec<String>, bool) {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.take(piece.as_bytes(), |line| found.push(String::from_utf8(line.to_vec()).unwrap()));
        }
        let ended = lines.ended();
        (found, ended)
    }

    #[test]
    fn a_line_is_whole_wherever_the_pieces_end() {
        let whole = vec!["one".to_owned(), String::new(), "two".to_owned()];
        assert_eq!(cut(&["one\n\ntwo\n"]), (whole.clone(), true));
        assert_eq!(cut(&["o", "ne", "\n", "\nt", "wo\n"]), (whole.clone(), true));
        assert_eq!(cut(&["one\n\ntwo\nth", "ree"]), (whole, false));
    }

    #[test]
    fn what_follows_a_line_that_is_too_long_is_given_up() {
        let long = "x".repeat(LONGEST_LINE);
        assert_eq!(cut(&[&long, "x", "\n", "next\n"]), (Vec::new(), false));
        assert_eq!(cut(&[&format!("one\n{long}x\nnext\n")]), (vec!["one".to_owned()], false));
        assert_eq!(cut(&["x", &format!("{long}\nnext\n")]), (Vec::new(), false));
        assert_eq!(cut(&[&format!("{long}\n")]), (vec![long.clone()], true));
        assert_eq!(cut(&["x", &format!("{}\n", &long[1..])]), (vec![long], true));
    }
}
