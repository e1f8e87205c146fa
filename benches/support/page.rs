//! A page as sites have them, the same every time.

/// A generator of numbers that looks random and is not (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Words of which few come often and most seldom.
struct Prose {
    numbers: Numbers,
    words: Vec<String>,
}

impl Prose {
    fn new() -> Self {
        const SYLLABLES: [&str; 20] = [
            "ka", "re", "to", "mi", "lan", "ver", "so", "pri", "nu", "der", "est", "ing", "al", "con", "ti", "ble",
            "qua", "shi", "or", "un",
        ];
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let mut word = |_| (0..1 + numbers.below(4)).map(|_| SYLLABLES[numbers.below(20) as usize]).collect();
        let words = (0..1500).map(&mut word).collect();
        Self { numbers, words }
    }

    fn text(&mut self, count: u64) -> String {
        let words: Vec<&str> = (0..count)
            .map(|_| {
                let (one, other) = (self.numbers.below(1500), self.numbers.below(1500));
                self.words[(one * other / 1500) as usize].as_str()
            })
            .collect();
        words.join(" ")
    }
}

/// A page of about this many bytes: a head with styles and scripts, a menu, prose with links and pictures, scripts at the end. `number` makes
/// it another page of the same kind.
pub(crate) fn page(length: usize, number: u64) -> Vec<u8> {
    let mut prose = Prose::new();
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Page {number}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    );
    for part in 0..8 {
        page.push_str(&format!("<link rel=\"stylesheet\" href=\"/assets/style-{part}.css?v=2026\">\n"));
        page.push_str(&format!("<meta property=\"og:{}\" content=\"{}\">\n", prose.text(1), prose.text(9)));
        page.push_str(&format!("<script src=\"/assets/part-{part}.js\" defer></script>\n"));
    }
    page.push_str("<script>window.settings={\"menu\":\"<b>\"};</script>\n</head>\n<body class=\"page\">\n<nav><ul>\n");
    for item in 0..24 {
        let (title, text) = (prose.text(3), prose.text(2));
        page.push_str(&format!("<li class=\"item\"><a href=\"/section/{item}\" title=\"{title}\">{text}</a></li>\n"));
    }
    page.push_str("</ul></nav>\n<main id=\"content\">\n");
    for block in 0.. {
        if page.len() + 500 > length {
            break;
        }
        let (short, long) = (prose.text(4), prose.text(30));
        page.push_str(&match block % 4 {
            0 => format!("<h2 id=\"s{block}\"><a class=\"header\" href=\"#s{block}\">{short}</a></h2>\n"),
            1 => format!("<figure><img src=\"/images/{block}.webp\" alt=\"{short}\" loading=\"lazy\"></figure>\n"),
            _ => format!("<p>{long} <a href=\"/case/{block}\">{short}</a> <code>{}</code>.</p>\n", prose.text(2)),
        });
    }
    page.push_str(
        "</main>\n<footer><p>Contact</p></footer>\n<script src=\"/assets/late.js\"></script>\n</body>\n</html>\n",
    );
    page.into_bytes()
}
