//! The page to sign in on.

use askama::Template;

use super::{Frame, Words, rendered};

/// Why somebody is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Refusal {
    /// Name or password is wrong; which of them is not said.
    Wrong,
    /// Too many were wrong.
    TooMany,
    /// Others are signing in.
    Busy,
    /// The accounts can't be read.
    Unreadable,
}

#[derive(Template)]
#[template(path = "sign_in.html", config = "src/admin/askama.toml")]
struct SignInPage {
    frame: Frame,
    refusal: Option<&'static str>,
    has_accounts: bool,
    is_possible: bool,
}

/// The page; `is_possible` says whether a password may come this way.
pub(in crate::admin) fn sign_in(
    words: Words,
    refusal: Option<Refusal>,
    has_accounts: bool,
    is_possible: bool,
) -> String {
    let refusal = refusal.map(|refusal| match refusal {
        Refusal::Wrong => {
            words.of_all("Имя или пароль не подходит.", "Аты немесе құпиясөз дұрыс емес.", "Name or password is wrong.")
        }
        Refusal::TooMany => words.of_all(
            "Слишком много неверных паролей. Подождите четверть часа.",
            "Қате құпиясөз тым көп енгізілді. Он бес минут күтіңіз.",
            "Too many wrong passwords. Wait a quarter of an hour.",
        ),
        Refusal::Busy => words.of_all(
            "Сейчас входят другие. Повторите через минуту.",
            "Қазір басқалар кіріп жатыр. Бір минуттан кейін қайталаңыз.",
            "Others are signing in just now. Try again in a minute.",
        ),
        Refusal::Unreadable => words.of_all(
            "Учётные записи нельзя прочитать; причина — в сообщениях шлюза.",
            "Тіркелгілерді оқу мүмкін емес; себебі шлюздің хабарларында.",
            "The accounts can't be read; the gateway's own messages say why.",
        ),
    });
    let mut frame = Frame::of(words, None, None);
    frame.title = words.of_all("Вход", "Кіру", "Sign in");
    rendered(&SignInPage { frame, refusal, has_accounts, is_possible })
}
