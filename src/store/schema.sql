-- One row for each leaf, forever. The day is that of writing and is no part of the leaf.
CREATE TABLE leaf (
    idx  INTEGER PRIMARY KEY,
    kind TEXT    NOT NULL,
    day  INTEGER NOT NULL,
    hash BLOB    NOT NULL,
    data BLOB    NOT NULL
) STRICT;
CREATE INDEX leaf_that_is_no_choice ON leaf (idx) WHERE kind <> 'consent';

-- What a consent leaf commits to: deleted by erasure and retention.
CREATE TABLE record (
    idx         INTEGER PRIMARY KEY REFERENCES leaf (idx),
    consent_id  BLOB    NOT NULL,
    site        TEXT    NOT NULL,
    time        INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    salt        BLOB    NOT NULL,
    body        BLOB    NOT NULL
) STRICT;
CREATE INDEX record_by_consent ON record (consent_id, site);
CREATE INDEX record_by_end ON record (valid_until);

-- Choices that stand no longer, and the leaf that says so: a later choice, an erasure, a retention.
CREATE TABLE ended (
    idx    INTEGER PRIMARY KEY REFERENCES leaf (idx),
    by_idx INTEGER NOT NULL REFERENCES leaf (idx)
) STRICT;

CREATE TABLE notice (
    id       BLOB PRIMARY KEY,
    idx      INTEGER NOT NULL REFERENCES leaf (idx),
    document TEXT    NOT NULL
) STRICT;
