-- The tree above the leaves: hashes of complete subtrees of 256, 65,536, … leaves, which are places in tiles.
CREATE TABLE node (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Every state of a log that was signed, with the signatures that came for it.
CREATE TABLE checkpoint (
    origin TEXT    NOT NULL,
    size   INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    note   TEXT    NOT NULL,
    PRIMARY KEY (origin, size)
) STRICT, WITHOUT ROWID;

-- What is still to be done after a commit, whatever happens in between.
CREATE TABLE owed (
    what TEXT PRIMARY KEY
) STRICT;

-- Texts that leaves name by their SHA-256: policies.
CREATE TABLE document (
    sha256 BLOB PRIMARY KEY,
    idx    INTEGER NOT NULL REFERENCES leaf (idx),
    text   TEXT    NOT NULL
) STRICT;
