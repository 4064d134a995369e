-- How full the buckets of limits are: what is missing, in millionths of a token, at some moment. A bucket without a row is
-- full, and so is one whose expire_at has passed.
CREATE TABLE limits (
    bucket    TEXT    PRIMARY KEY,
    missing   INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    expire_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX limits_expired ON limits (expire_at);
