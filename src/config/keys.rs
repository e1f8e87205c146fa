//! Every key that the file may hold, by section, with an example. The reader refuses all others, and a test compares this
//! table with `config/README.md` and `config/kelisim.example.toml`.

/// A table of the file.
#[derive(Debug)]
pub(super) struct Section {
    /// As it stands in the file: `[server]`, `[[site]]`; empty for the keys above the first table.
    pub(super) header: &'static str,
    /// Its keys, each with a line to write.
    pub(super) keys: &'static [(&'static str, &'static str)],
}

impl Section {
    /// The section in a sentence.
    pub(super) fn place(&self) -> String {
        if self.header.is_empty() { "the file".to_owned() } else { self.header.to_owned() }
    }

    /// The example line for a key.
    pub(super) fn example(&self, key: &str) -> &'static str {
        self.keys.iter().find(|(name, _)| *name == key).map_or("", |(_, example)| example)
    }
}

/// Above the first table.
pub(super) const TOP: Section = Section {
    header: "",
    keys: &[
        ("cookie_catalogue", "cookie_catalogue = \"cookies.toml\""),
        ("server", "[server]"),
        ("tls", "[tls]"),
        ("controller", "[controller]"),
        ("site", "[[site]]"),
        ("geo", "[geo]"),
        ("retention", "[retention]"),
        ("log", "[log]"),
        ("deadlines", "[deadlines]"),
        ("statistics", "[statistics]"),
        ("mail", "[mail]"),
        ("access_log", "[access_log]"),
        ("traces", "[traces]"),
    ],
};

pub(super) const SERVER: Section = Section {
    header: "[server]",
    keys: &[
        ("http", "http = [\"0.0.0.0:80\"]"),
        ("https", "https = [\"0.0.0.0:443\"]"),
        ("admin", "admin = \"127.0.0.1:9090\""),
        ("admin_host", "admin_host = \"stats.example.kz\""),
        ("state_dir", "state_dir = \"/var/lib/kelisim\""),
        ("trusted_proxies", "trusted_proxies = [\"10.0.0.0/8\"]"),
        ("proxy_protocol_from", "proxy_protocol_from = [\"10.0.0.1\"]"),
        ("redirect_to_https", "redirect_to_https = true"),
        ("workers", "workers = 2"),
        ("leave_delay", "leave_delay = \"5 s\""),
        ("drain_timeout", "drain_timeout = \"30 s\""),
        ("log_format", "log_format = \"text\""),
        ("limits", "[server.limits]"),
    ],
};

pub(super) const LIMITS: Section = Section {
    header: "[server.limits]",
    keys: &[
        ("connections", "connections = 10000"),
        ("upstream_connections", "upstream_connections = 20000"),
        ("connections_per_client", "connections_per_client = 1000"),
        ("requests_per_client", "requests_per_client = 2000"),
        ("head_bytes", "head_bytes = 65536"),
        ("head_lines", "head_lines = 100"),
        ("head_timeout", "head_timeout = \"15 s\""),
        ("idle_timeout", "idle_timeout = \"75 s\""),
        ("http2_streams", "http2_streams = 128"),
        ("http2_resets", "http2_resets = 20"),
        ("choices_per_minute", "choices_per_minute = 30"),
        ("reports_per_minute", "reports_per_minute = 120"),
    ],
};

pub(super) const TLS: Section = Section {
    header: "[tls]",
    keys: &[
        ("certificates", "certificates = [{ certificate = \"cert.pem\", key = \"key.pem\" }]"),
        ("acme", "[tls.acme]"),
        ("hsts", "hsts = \"1 year\""),
        ("hsts_subdomains", "hsts_subdomains = true"),
    ],
};

pub(super) const ACME: Section = Section {
    header: "[tls.acme]",
    keys: &[
        ("names", "names = [\"example.kz\", \"www.example.kz\"]"),
        ("terms_of_service_agreed", "terms_of_service_agreed = true"),
        ("contact", "contact = \"mailto:name@example.kz\""),
        ("directory", "directory = \"staging\""),
        ("directory_ca", "directory_ca = \"authority.pem\""),
        ("challenge", "challenge = \"http-01\""),
    ],
};

pub(super) const CERTIFICATE: Section = Section {
    header: "[[tls.certificates]]",
    keys: &[("certificate", "certificate = \"cert.pem\""), ("key", "key = \"key.pem\"")],
};

const CONTROLLER_KEYS: &[(&str, &str)] = &[
    ("name", "name = \"ИП Рысбекова Айнура Сериковна\""),
    ("iin", "iin = \"850617450628\""),
    ("bin", "bin = \"…\""),
    ("address", "address = \"Республика Казахстан, г. Астана\""),
    ("email", "email = \"name@example.kz\""),
];

pub(super) const CONTROLLER: Section = Section { header: "[controller]", keys: CONTROLLER_KEYS };

pub(super) const SITE_CONTROLLER: Section = Section { header: "[site.controller]", keys: CONTROLLER_KEYS };

pub(super) const SITE: Section = Section {
    header: "[[site]]",
    keys: &[
        ("hosts", "hosts = [\"example.kz\", \"*.example.kz\"]"),
        ("canonical_host", "canonical_host = \"example.kz\""),
        ("address", "address = \"https://example.kz:8443\""),
        ("upstream", "upstream = \"http://127.0.0.1:8080\""),
        ("upstream_host", "upstream_host = \"origin.example.kz\""),
        ("upstream_certificate_authority", "upstream_certificate_authority = \"authority.pem\""),
        ("client_address", "client_address = \"truncated\""),
        ("mode", "mode = \"strict\""),
        ("share_subdomains", "share_subdomains = false"),
        ("languages", "languages = [\"ru\", \"kk\", \"en\"]"),
        ("prefix", "prefix = \"/_kelisim/\""),
        ("settings_link", "settings_link = \"own\""),
        ("controller", "[site.controller]"),
        ("timeouts", "[site.timeouts]"),
        ("consent", "[site.consent]"),
        ("notice", "[site.notice]"),
        ("cookie", "[[site.cookie]]"),
        ("storage", "[[site.storage]]"),
        ("signals", "[site.signals]"),
        ("hydrates_document", "hydrates_document = true"),
        ("count_routes", "count_routes = true"),
        ("host", "[[site.host]]"),
        ("tracker", "[[site.tracker]]"),
        ("analytics", "[[site.analytics]]"),
        ("path", "[[site.path]]"),
    ],
};

pub(super) const TIMEOUTS: Section = Section {
    header: "[site.timeouts]",
    keys: &[("connect", "connect = \"5 s\""), ("answer", "answer = \"60 s\""), ("body", "body = \"60 s\"")],
};

pub(super) const CONSENT: Section = Section {
    header: "[site.consent]",
    keys: &[
        ("model", "model = \"opt-in\""),
        ("opt_in_countries", "opt_in_countries = [\"EU\", \"GB\"]"),
        ("offer", "offer = [\"functional\", \"analytical\"]"),
        ("valid_for", "valid_for = \"6 months\""),
        ("policy", "policy = \"policy/\""),
    ],
};

pub(super) const NOTICE: Section = Section {
    header: "[site.notice]",
    keys: &[
        ("third_parties", "third_parties = \"нет\""),
        ("cross_border", "cross_border = \"нет\""),
        ("public", "public = \"нет\""),
        ("data", "data = [\"cookies\", \"truncated address\", \"browser and device family\", \"time\", \"page\"]"),
        ("storage_place", "storage_place = \"Республика Казахстан\""),
    ],
};

/// A text in several languages, wherever one may stand.
pub(super) const TEXTS: Section = Section {
    header: "a text by language",
    keys: &[("ru", "ru = \"нет\""), ("kk", "kk = \"жоқ\""), ("en", "en = \"none\"")],
};

pub(super) const COOKIE: Section = Section {
    header: "[[site.cookie]]",
    keys: &[
        ("name", "name = \"tilda*\""),
        ("expression", "expression = \"sess_[0-9a-f]{8}\""),
        ("category", "category = \"functional\""),
        ("owner", "owner = \"Tilda\""),
        ("purpose", "purpose = \"keeps the form filled in\""),
        ("lifetime", "lifetime = \"session\""),
    ],
};

pub(super) const STORAGE: Section = Section {
    header: "[[site.storage]]",
    keys: &[
        ("name", "name = \"cart*\""),
        ("category", "category = \"necessary\""),
        ("owner", "owner = \"the shop\""),
        ("purpose", "purpose = \"keeps what is in the basket\""),
        ("lifetime", "lifetime = \"session\""),
    ],
};

pub(super) const SIGNALS: Section = Section {
    header: "[site.signals]",
    keys: &[
        ("google", "google = true"),
        ("yandex_metrica", "yandex_metrica = [\"12345678\"]"),
        ("matomo", "matomo = true"),
        ("meta", "meta = true"),
    ],
};

pub(super) const HOST: Section = Section {
    header: "[[site.host]]",
    keys: &[
        ("name", "name = \"static.tildacdn.com\""),
        ("category", "category = \"necessary\""),
        ("owner", "owner = \"Tilda\""),
        ("sees_address", "sees_address = true"),
    ],
};

pub(super) const TRACKER: Section = Section {
    header: "[[site.tracker]]",
    keys: &[("path", "path = \"/collect\""), ("category", "category = \"analytical\"")],
};

pub(super) const ANALYTICS: Section = Section {
    header: "[[site.analytics]]",
    keys: &[
        ("preset", "preset = \"matomo\""),
        ("path", "path = \"/stats/\""),
        ("upstream", "upstream = \"http://127.0.0.1:8088\""),
        ("upstream_host", "upstream_host = \"stats.example.kz\""),
        ("client_address", "client_address = \"truncated\""),
        ("category", "category = \"analytical\""),
        ("token_file", "token_file = \"matomo.token\""),
        ("sees_address", "sees_address = true"),
    ],
};

pub(super) const PATH: Section = Section {
    header: "[[site.path]]",
    keys: &[
        ("prefix", "prefix = \"/wp-admin/\""),
        ("banner", "banner = false"),
        ("content_security_policy", "content_security_policy = false"),
        ("client_address", "client_address = \"none\""),
        ("pass_through", "pass_through = false"),
    ],
};

pub(super) const GEO: Section = Section { header: "[geo]", keys: &[("database", "database = \"country.mmdb\"")] };

pub(super) const RETENTION: Section = Section {
    header: "[retention]",
    keys: &[("consent_records", "consent_records = \"3 years\""), ("frame_records", "frame_records = \"6 months\"")],
};

pub(super) const STATISTICS: Section = Section {
    header: "[statistics]",
    keys: &[
        ("time_zone", "time_zone = \"Asia/Almaty\""),
        ("keep_hours", "keep_hours = \"13 months\""),
        ("keep_tables", "keep_tables = \"25 months\""),
        ("keep_cubes", "keep_cubes = \"13 months\""),
        ("smallest_cell", "smallest_cell = 5"),
        ("robots", "robots = \"crawler-user-agents.json\""),
    ],
};

pub(super) const MAIL: Section = Section {
    header: "[mail]",
    keys: &[
        ("smtp", "smtp = \"smtps://user@mail.example.kz\""),
        ("password_file", "password_file = \"mail.password\""),
        ("certificate_authority", "certificate_authority = \"authority.pem\""),
        ("from", "from = \"Statistics <stats@example.kz>\""),
        ("to", "to = [\"name@example.kz\"]"),
        ("language", "language = \"ru\""),
    ],
};

pub(super) const ACCESS_LOG: Section = Section {
    header: "[access_log]",
    keys: &[
        ("file", "file = \"/var/log/kelisim/access.log\""),
        ("format", "format = \"json\""),
        ("client_address", "client_address = \"truncated\""),
    ],
};

pub(super) const TRACES: Section = Section {
    header: "[traces]",
    keys: &[
        ("endpoint", "endpoint = \"http://127.0.0.1:4318/v1/traces\""),
        ("sampled", "sampled = 0.01"),
        ("trust_parents", "trust_parents = true"),
        ("service_name", "service_name = \"kelisim\""),
        ("certificate_authority", "certificate_authority = \"authority.pem\""),
        ("header_file", "header_file = \"collector.header\""),
    ],
};

pub(super) const DEADLINES: Section = Section {
    header: "[deadlines]",
    keys: &[
        ("erasure", "erasure = \"15 days\""),
        ("breach", "breach = \"1 working day\""),
        ("answer", "answer = \"3 working days\""),
    ],
};

pub(super) const LOG: Section = Section {
    header: "[log]",
    keys: &[("witnesses", "witnesses = [{ url = \"https://witness.example\", key = \"witness.example+…\" }]")],
};

pub(super) const WITNESS: Section = Section {
    header: "[[log.witnesses]]",
    keys: &[
        ("url", "url = \"https://witness.example\""),
        ("key", "key = \"witness.example+a3a6f5ee+BD…\""),
        ("certificate_authority", "certificate_authority = \"authority.pem\""),
    ],
};

/// Every section, in the order of the documentation.
#[cfg(test)]
pub(super) const ALL: &[&Section] = &[
    &TOP,
    &SERVER,
    &LIMITS,
    &TLS,
    &CERTIFICATE,
    &ACME,
    &CONTROLLER,
    &SITE,
    &SITE_CONTROLLER,
    &TIMEOUTS,
    &CONSENT,
    &NOTICE,
    &TEXTS,
    &COOKIE,
    &STORAGE,
    &SIGNALS,
    &HOST,
    &TRACKER,
    &ANALYTICS,
    &PATH,
    &GEO,
    &RETENTION,
    &LOG,
    &WITNESS,
    &DEADLINES,
    &STATISTICS,
    &MAIL,
    &ACCESS_LOG,
    &TRACES,
];
