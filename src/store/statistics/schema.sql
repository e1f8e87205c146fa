-- Sums, never one row for one visit. Days are numbers since 1970-01-01 in the time zone of the statistics.

CREATE TABLE site (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Paths, names and codes, once each.
CREATE TABLE word (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE hour (
    site INTEGER NOT NULL REFERENCES site,
    day  INTEGER NOT NULL,
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    {totals},
    PRIMARY KEY (site, day, hour)
) STRICT, WITHOUT ROWID;

-- One row of a table on one day; `other` is the second word of a cube's row, or the empty word.
CREATE TABLE cell (
    site  INTEGER NOT NULL REFERENCES site,
    kind  INTEGER NOT NULL REFERENCES word,
    day   INTEGER NOT NULL,
    word  INTEGER NOT NULL REFERENCES word,
    other INTEGER NOT NULL REFERENCES word,
    {figures},
    PRIMARY KEY (site, kind, day, word, other)
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (
    site     INTEGER NOT NULL REFERENCES site,
    day      INTEGER NOT NULL,
    language TEXT NOT NULL,
    edition  TEXT NOT NULL,
    {answers},
    PRIMARY KEY (site, day, language, edition)
) STRICT, WITHOUT ROWID;

-- What is to be known of a day besides its numbers.
CREATE TABLE mark (
    day   INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, kind)
) STRICT, WITHOUT ROWID;

-- Logs that were read in, by SHA-256 of what was read.
CREATE TABLE import (
    fingerprint BLOB PRIMARY KEY,
    site        INTEGER NOT NULL REFERENCES site,
    at          INTEGER NOT NULL,
    first_day   INTEGER NOT NULL,
    last_day    INTEGER NOT NULL,
    lines       INTEGER NOT NULL,
    counted     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Single facts: the day up to which tables were cut to their longest rows, the first day counted here, whether somebody writes now.
CREATE TABLE fact (
    name   TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
