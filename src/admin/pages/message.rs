//! Pages that say one thing: why something was not done.

use askama::Template;

use super::{Frame, Words, rendered};
use crate::admin::sign_in::SignedIn;

/// A page that says one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Message {
    /// The role does not reach.
    NotForYou,
    /// A form came from another page.
    FromElsewhere,
    /// The period can't be.
    Period,
    /// An export of this account is still running.
    Exporting,
    /// As many exports of others are running as may.
    OthersExport,
    /// The disk holds no whole export.
    DiskFull,
    /// The export can't be kept until it is sent, for another reason.
    NotWritten,
    /// Nothing was signed yet.
    NoCheckpoint,
    /// The newest checkpoint is not the log's.
    ForeignCheckpoint,
    /// A record's notice is gone.
    NoticeMissing,
    /// Records were deleted meanwhile.
    Changed,
    /// The log can't be read or written.
    Unreadable,
    /// The statistics can't be read.
    StatisticsUnreadable,
    /// A name is not, or no more, one that waits for a category.
    NoSuchName,
    /// As many lines wait as may.
    TooManyWait,
    /// The lines that wait can't be read or written.
    NotProposed,
}

#[derive(Template)]
#[template(path = "message.html", config = "src/admin/askama.toml")]
struct MessagePage {
    frame: Frame,
    text: String,
}

/// Says one thing.
pub(in crate::admin) fn message(words: Words, account: Option<&SignedIn>, message: Message) -> String {
    let (russian, kazakh, english) = match message {
        Message::NotForYou => {
            ("Эта страница — для оператора.", "Бұл бет операторға арналған.", "This page is for the operator.")
        }
        Message::FromElsewhere => (
            "Форма пришла не с этой страницы, поэтому ничего не сделано. Откройте страницу заново.",
            "Форма бұл беттен келген жоқ, сондықтан ештеңе жасалған жоқ. Бетті қайта ашыңыз.",
            "The form did not come from this page, so nothing was done. Open the page again.",
        ),
        Message::Period => (
            "Период указан неверно: начало должно быть не позже конца, даты — вида 2026-11-22.",
            "Кезең дұрыс көрсетілмеген: басы соңынан кеш болмауы керек, күндер 2026-11-22 түрінде жазылады.",
            "The period is wrong: it must begin before it ends, with dates such as 2026-11-22.",
        ),
        Message::Exporting => (
            "Ваша предыдущая выгрузка ещё не закончилась. Дождитесь её и повторите.",
            "Алдыңғы жүктеп алуыңыз әлі аяқталған жоқ. Оның аяқталуын күтіп, қайталаңыз.",
            "Your last export has not ended yet. Wait for it, then try again.",
        ),
        Message::OthersExport => (
            "Сейчас готовятся выгрузки других; больше двух сразу не бывает. Повторите через полминуты.",
            "Қазір басқалар жүктеп алып жатыр; бір мезгілде екеуден артық болмайды. Жарты минуттан кейін қайталаңыз.",
            "Others are taking exports just now, and there are no more than two at a time. Try again in half a minute.",
        ),
        Message::DiskFull => (
            "Выгрузка не поместилась на диск журнала, поэтому не отправлено ничего. Выберите период короче или освободите место.",
            "Жүктеп алынатын дерек журналдың дискісіне сыймады, сондықтан ештеңе жіберілген жоқ. Қысқарақ кезең таңдаңыз немесе орын босатыңыз.",
            "The export does not fit on the log's disk, so nothing was sent. Choose a shorter period, or free some space.",
        ),
        Message::NotWritten => (
            "Выгрузку нельзя записать на диск сервера, поэтому не отправлено ничего. Причина — в сообщениях шлюза.",
            "Жүктеп алынатын деректі сервердің дискісіне жазу мүмкін болмады, сондықтан ештеңе жіберілген жоқ. Себебі шлюздің хабарларында.",
            "The export can't be written on the server's disk, so nothing was sent. The gateway's own messages say why.",
        ),
        Message::NoCheckpoint => (
            "Ни одна контрольная точка ещё не подписана, доказывать пока нечего. Повторите через полминуты.",
            "Әлі бірде-бір бақылау нүктесіне қол қойылған жоқ, сондықтан дәлелдейтін ештеңе жоқ. Жарты минуттан кейін қайталаңыз.",
            "No checkpoint was signed yet, so nothing could be proved. Try again in half a minute.",
        ),
        Message::ForeignCheckpoint => (
            "Последняя контрольная точка подписана не ключом журнала. Ничего не отправлено; сохраните копию каталога состояния для аудитора.",
            "Соңғы бақылау нүктесіне журналдың кілтімен қол қойылмаған. Ештеңе жіберілген жоқ; күй каталогының көшірмесін аудитор үшін сақтап қойыңыз.",
            "The newest checkpoint is not signed with the log's key. Nothing was sent; keep a copy of the state directory for the auditor.",
        ),
        Message::NoticeMissing => (
            "Запись ссылается на уведомление, текст которого не сохранился, поэтому в этом виде выгрузка была бы неполной. Выберите JSON Lines или ZIP: они показывают то, что есть.",
            "Жазба мәтіні сақталмаған хабарламаға сілтейді, сондықтан бұл түрде дерек толық болмас еді. JSON Lines немесе ZIP таңдаңыз: олар бар нәрсені көрсетеді.",
            "A record names a notice whose text is not kept, so in this form the export would not be complete. Choose JSON Lines or ZIP, which show what is there.",
        ),
        Message::Changed => (
            "Пока выгрузка записывалась, часть записей удалили, и она противоречила бы себе. Повторите.",
            "Дерек жазылып жатқанда жазбалардың бір бөлігі жойылды, сондықтан ол өзіне-өзі қайшы келер еді. Қайталаңыз.",
            "Records were deleted while the export was written, so it would contradict itself. Try again.",
        ),
        Message::Unreadable => (
            "Журнал сейчас нельзя прочитать или дополнить, поэтому ничего не показано. Причина — в сообщениях шлюза.",
            "Журналды қазір оқу немесе толықтыру мүмкін емес, сондықтан ештеңе көрсетілмейді. Себебі шлюздің хабарларында.",
            "The log can't be read or written just now, so nothing is shown. The gateway's own messages say why.",
        ),
        Message::StatisticsUnreadable => (
            "Статистику сейчас нельзя прочитать. Причина — в сообщениях шлюза.",
            "Статистиканы қазір оқу мүмкін емес. Себебі шлюздің хабарларында.",
            "The statistics can't be read just now. The gateway's own messages say why.",
        ),
        Message::NoSuchName => (
            "Такого имени без категории в инвентаре нет: его уже назвали или вытеснили другие. Ничего не изменено.",
            "Тізімдемеде мұндай санаты жоқ атау жоқ: ол аталып қойған немесе басқалар ығыстырған. Ештеңе өзгерген жоқ.",
            "The inventory has no such name without a category: it was named meanwhile, or others took its place. Nothing was changed.",
        ),
        Message::TooManyWait => (
            "Выбранных строк слишком много. Сначала внесите их в настройки: kelisim check --apply.",
            "Таңдалған жолдар тым көп. Алдымен оларды баптауларға енгізіңіз: kelisim check --apply.",
            "Too many lines wait. Apply them first: kelisim check --apply.",
        ),
        Message::NotProposed => (
            "Выбор нельзя записать в proposed.toml, поэтому ничего не изменено. Причина — в сообщениях шлюза.",
            "Таңдауды proposed.toml файлына жазу мүмкін болмады, сондықтан ештеңе өзгерген жоқ. Себебі шлюздің хабарларында.",
            "The choice can't be written to proposed.toml, so nothing was changed. The gateway's own messages say why.",
        ),
    };
    saying(words, account, words.of_all(russian, kazakh, english).to_owned())
}

/// Says a sentence that was made for the occasion.
pub(in crate::admin) fn saying(words: Words, account: Option<&SignedIn>, text: String) -> String {
    rendered(&MessagePage { frame: Frame::of(words, account, None), text })
}
