//! The configuration that is written.

use super::answers::{Answers, Https, Mode, NONE};

/// The whole file.
pub(super) fn configuration(answers: &Answers) -> String {
    let Answers {
        hosts,
        upstream,
        controller,
        number,
        address,
        email,
        languages,
        mode,
        third_parties,
        cross_border,
        ..
    } = answers;
    let kind = if is_of_a_person(number) { "iin" } else { "bin" };
    let (server, tls) = server(answers);
    let next = match mode {
        Mode::Observe => {
            "# Next: let it run for some days with every form and every login, then `kelisim check --from-inventory` says what to add here.\n"
        }
        Mode::Strict => {
            "# Cookies that neither the catalogue nor a line below names do not pass, and pages load from the site alone. What the site needs\n\
             # besides is found in mode observe: `kelisim check --from-inventory` prints the lines.\n"
        }
    };
    let statement = if third_parties == NONE && cross_border == NONE {
        "\n# A legal statement, which visitors read in mode strict: correct it before, where one of these is not true."
    } else {
        ""
    };
    let text = format!(
        "# Made by `kelisim init`. `kelisim check` says what is wrong with it, and where; every key is explained in config/README.md.\n\
         # After a change: systemctl reload kelisim, which says why where it can't be gone by.\n\
         \n\
         [server]\n\
         {server}\
         admin = \"127.0.0.1:9090\"\t# metrics, health and the pages for operators, for this machine alone\n\
         # state_dir = \"/var/lib/kelisim\"\t# keys, the consent log and the statistics\n\
         {tls}\n\
         [controller]\t# who answers for the processing, as the policy says it\n\
         name = {}\n\
         {kind} = {}\n\
         address = {}\n\
         email = {}\n\
         \n\
         [[site]]\n\
         hosts = {}\n\
         upstream = {}\t# where the site itself listens\n\
         mode = {}\t# observe | strict | compatible\n\
         languages = {}\t# the first is the default\n\
         # canonical_host = {}\t# other names are redirected to this one\n\
         \n\
         [site.consent]\n\
         offer = [\"functional\", \"analytical\"]\t# what visitors can accept\n\
         # policy = \"policy/\"\t# the editions of the published policy: config/policy/README.md\n\
         \n\
         [site.notice]\t# what visitors are told: Article 8(4) of Law 94-V{statement}\n\
         third_parties = {}\t# who else receives data\n\
         cross_border = {}\t# to which other countries it goes\n\
         public = \"{NONE}\"\t# whether it is published\n\
         data = [\"cookies\", \"truncated address\", \"browser and device family\", \"time\", \"page\"]\n\
         storage_place = \"Республика Казахстан\"\n\
         \n\
         [statistics]\n\
         time_zone = \"Asia/Almaty\"\n\
         \n\
         {next}\
         #\n\
         # [[site.cookie]]\n\
         # name = \"PHPSESSID\"\n\
         # category = \"necessary\"\n\
         #\n\
         # [[site.host]]\n\
         # name = \"static.tildacdn.com\"\n\
         # category = \"necessary\"\n",
        quoted(controller),
        quoted(number),
        quoted(address),
        quoted(email),
        list(hosts),
        quoted(upstream),
        quoted(mode.name()),
        list(languages),
        quoted(hosts.first().map_or("", String::as_str)),
        quoted(third_parties),
        quoted(cross_border),
    );
    aligned(&text)
}

/// Comments behind values begin in one column. They are behind tabs until then, which no quoted value has.
fn aligned(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once('\t') {
        Some((value, comment)) => format!("{value:<47} {comment}\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The lines of the listeners, and the table of certificates.
fn server(answers: &Answers) -> (String, String) {
    let both = "http = [\"0.0.0.0:80\", \"[::]:80\"]\t# redirected to https\n\
                https = [\"0.0.0.0:443\", \"[::]:443\"]\n";
    match &answers.https {
        Https::Authority => {
            // What covers subdomains covers names that nobody can list.
            let names: Vec<_> = answers.hosts.iter().filter(|host| !host.starts_with("*.")).cloned().collect();
            let tls = format!(
                "\n[tls.acme]\t# Let's Encrypt: obtained and renewed by Kelisim\n\
                 names = {}\t# each must lead to this machine\n\
                 contact = {}\n\
                 terms_of_service_agreed = true\n",
                list(&names),
                quoted(&format!("mailto:{}", answers.email))
            );
            (both.to_owned(), tls)
        }
        Https::Files { certificate, key } => (
            both.to_owned(),
            format!(
                "\n[tls]\t# read again when they change\n\
                 certificates = [{{ certificate = {}, key = {} }}]\n",
                quoted(certificate),
                quoted(key)
            ),
        ),
        Https::Proxy(addresses) => {
            let listen = if Https::is_of_this_machine(addresses) { "127.0.0.1" } else { "0.0.0.0" };
            let text = format!(
                "http = [\"{listen}:8000\"]\t# where the proxy passes requests to\n\
                 trusted_proxies = {}\t# whose X-Forwarded-For and X-Forwarded-Proto are believed\n",
                list(addresses)
            );
            (text, String::new())
        }
        Https::None => {
            ("http = [\"0.0.0.0:80\", \"[::]:80\"]\t# over plain http nobody can be asked\n".to_owned(), String::new())
        }
    }
}

/// The fifth digit of an IIN is of a day of birth, that of a BIN says which kind of company it is (4 to 6).
fn is_of_a_person(number: &str) -> bool {
    number.as_bytes().get(4).is_some_and(|digit| (b'0'..=b'3').contains(digit))
}

fn quoted(text: &str) -> String {
    // A tab is what comments are behind.
    toml::Value::String(text.replace('\t', " ")).to_string()
}

fn list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}
