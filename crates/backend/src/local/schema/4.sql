-- Keys by which clients mark requests that they may send again. Times are microseconds since 1970 (UTC).
-- A row without a job is a reservation; it may be taken over once its lease has lapsed.
CREATE TABLE idempotency (
    slot        TEXT    PRIMARY KEY,
    token       TEXT    NOT NULL,
    lease_until INTEGER NOT NULL,
    job_id      TEXT,
    fingerprint TEXT,
    expire_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each request clears a few expired rows away.
CREATE INDEX idempotency_expired ON idempotency (expire_at);

-- Photos that were announced and are to be put with a signed link. The id is that of the job to be.
CREATE TABLE uploads (
    id           TEXT    PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    bytes        INTEGER NOT NULL,
    file_name    TEXT,
    expire_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_expired ON uploads (expire_at);
