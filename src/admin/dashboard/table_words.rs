//! What each table and each answer to a banner means, likewise.

use super::words::Defined;
use crate::statistics::Dimension;

/// What a table has rows for.
pub const fn table(dimension: Dimension) -> Defined {
    match dimension {
        Dimension::Page => Defined::new(
            ["Страницы", "Беттер", "Pages"],
            [
                "Просмотры по пути страницы, без параметров. Похожее на номера и почту заменено на *.",
                "Параметрсіз бет жолы бойынша қаралымдар. Нөмірге немесе поштаға ұқсайтыны * таңбасымен ауыстырылған.",
                "Pageviews by the path of the page, without parameters. What looks like a number or an address of mail is *.",
            ],
        ),
        Dimension::Entry => Defined::new(
            ["Входы", "Кіру беттері", "Entry pages"],
            [
                "Страницы, на которые пришли не с этого сайта.",
                "Осы сайттан келмегендер ашқан беттер.",
                "Pages that views from elsewhere came to.",
            ],
        ),
        Dimension::Exit => Defined::new(
            ["Выходы", "Шығу беттері", "Exit pages"],
            [
                "Последние страницы визитов. Только принявшие аналитические cookie.",
                "Келулердің соңғы беттері. Тек аналитикалық cookie файлдарын қабылдағандар.",
                "The last pages of visits. Only of those who accepted analytical cookies.",
            ],
        ),
        Dimension::Channel => Defined::new(
            ["Каналы", "Арналар", "Channels"],
            [
                "Откуда пришли, по видам: поиск, соцсети, реклама и другие. Входы всех.",
                "Қайдан келгені түрлері бойынша: іздеу, әлеуметтік желілер, жарнама және басқалар. Баршаның кірулері.",
                "Where entries came from, by kind: search, social networks, advertising and others. Of everybody.",
            ],
        ),
        Dimension::Source => Defined::new(
            ["Источники", "Дереккөздер", "Sources"],
            [
                "Откуда пришли: то, что говорит сама ссылка (utm_source), иначе сайт, с которого перешли.",
                "Қайдан келгені: сілтеменің өзі не дейді (utm_source), әйтпесе келген сайты.",
                "Where entries came from: what the link says of itself (utm_source), else the site that they came from.",
            ],
        ),
        Dimension::Campaign => Defined::new(
            ["Кампании", "Науқандар", "Campaigns"],
            [
                "Название кампании из ссылки (utm_campaign).",
                "Сілтемедегі науқан атауы (utm_campaign).",
                "The campaign that the link names (utm_campaign).",
            ],
        ),
        Dimension::Country => Defined::new(
            ["Страны", "Елдер", "Countries"],
            [
                "Страна усечённого адреса по базе, которую указал оператор. Базы расходятся в 2–7 % адресов.",
                "Оператор көрсеткен дерекқор бойынша қысқартылған мекенжайдың елі. Дерекқорлар мекенжайлардың 2–7 %-ында сәйкес келмейді.",
                "The country of the truncated address, by the operator's database. Databases disagree about 2 to 7 percent of addresses.",
            ],
        ),
        Dimension::Language => Defined::new(
            ["Языки", "Тілдер", "Languages"],
            [
                "Первый язык, который называет браузер.",
                "Браузер атайтын бірінші тіл.",
                "The first language that the browser names.",
            ],
        ),
        Dimension::Device => Defined::new(
            ["Устройства", "Құрылғылар", "Devices"],
            [
                "Вид устройства, как его называет браузер.",
                "Браузер атайтын құрылғы түрі.",
                "The kind of device, as the browser tells it.",
            ],
        ),
        Dimension::Browser => Defined::new(
            ["Браузеры", "Браузерлер", "Browsers"],
            [
                "Семейство браузера, без версии.",
                "Браузер түрі, нұсқасыз.",
                "The family of the browser, without its version.",
            ],
        ),
        Dimension::System => Defined::new(
            ["Системы", "Жүйелер", "Systems"],
            [
                "Семейство операционной системы, без версии.",
                "Операциялық жүйе түрі, нұсқасыз.",
                "The family of the operating system, without its version.",
            ],
        ),
        Dimension::NotFound => Defined::new(
            ["Не найдено", "Табылмағандар", "Not found"],
            [
                "Пути, которых нет: ответы 404 и 410 людям.",
                "Жоқ жолдар: адамдарға берілген 404 және 410 жауаптары.",
                "Paths that are not there: answers 404 and 410 to people.",
            ],
        ),
        Dimension::Download => Defined::new(
            ["Загрузки", "Жүктеп алулар", "Downloads"],
            [
                "Файлы, которые забирают, а не смотрят.",
                "Қаралмай, жүктеп алынатын файлдар.",
                "Files that are taken rather than looked at.",
            ],
        ),
        Dimension::SlowPage => Defined::new(
            ["Медленные", "Баяу беттер", "Slow pages"],
            [
                "Страницы, начала которых ждали дольше секунды.",
                "Басын бір секундтан ұзақ күткен беттер.",
                "Pages that somebody waited for longer than a second.",
            ],
        ),
        Dimension::Robot => Defined::new(
            ["Роботы", "Роботтар", "Robots"],
            [
                "Программы по именам из списка; под своим именем может назваться любой.",
                "Тізімдегі аттары бойынша бағдарламалар; кез келген бағдарлама басқаның атын атай алады.",
                "Programs by their names on a list; any of them may give another's name.",
            ],
        ),
        Dimension::RobotReason => Defined::new(
            ["Почему роботы", "Неге робот", "Why robots"],
            [
                "По какому признаку запрос отнесён к роботам.",
                "Сұраудың қай белгі бойынша роботқа жатқызылғаны.",
                "By which sign a request was taken for a robot's.",
            ],
        ),
    }
}

/// What came of a banner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Entries whose page showed it.
    Shown,
    /// All that was offered.
    Accepted,
    /// Some of it.
    Partly,
    /// Nothing.
    Refused,
    /// Not answered.
    Ignored,
    /// Less than before.
    Withdrawn,
}

impl Answered {
    /// What is meant by it.
    pub const fn defined(self) -> Defined {
        match self {
            Self::Shown => Defined::new(
                ["Показан", "Көрсетілді", "Shown"],
                [
                    "Входы, на страницах которых стоял баннер.",
                    "Бетінде баннер тұрған кірулер.",
                    "Entries whose page showed the banner.",
                ],
            ),
            Self::Accepted => Defined::new(
                ["Принято всё", "Бәрі қабылданды", "Accepted"],
                ["Ответы: всё предложенное.", "Жауаптар: ұсынылғанның бәрі.", "Answers: all that was offered."],
            ),
            Self::Partly => Defined::new(
                ["Принято частично", "Ішінара қабылданды", "Partly"],
                [
                    "Ответы: часть предложенного.",
                    "Жауаптар: ұсынылғанның бір бөлігі.",
                    "Answers: some of what was offered.",
                ],
            ),
            Self::Refused => Defined::new(
                ["Отказ", "Бас тартылды", "Refused"],
                ["Ответы: ничего необязательного.", "Жауаптар: міндетті емес ештеңе.", "Answers: nothing optional."],
            ),
            Self::Ignored => Defined::new(
                ["Без ответа", "Жауапсыз", "Ignored"],
                [
                    "Показы без ответа: показано минус все ответы, но не меньше нуля, ведь отвечают и на следующих страницах.",
                    "Жауапсыз көрсетулер: көрсетілгені минус барлық жауап, бірақ нөлден кем емес, өйткені келесі беттерде де жауап береді.",
                    "Shown and not answered: shown less all answers, and never below nothing, since some answer on a later page.",
                ],
            ),
            Self::Withdrawn => Defined::new(
                ["Отозвано", "Кері қайтарылды", "Withdrawn"],
                [
                    "Решения, в которых разрешено меньше, чем раньше.",
                    "Бұрынғыдан аз рұқсат берілген шешімдер.",
                    "Choices of less than before.",
                ],
            ),
        }
    }
}
