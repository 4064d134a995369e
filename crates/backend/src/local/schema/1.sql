-- Times are microseconds since 1970 (UTC).

-- One row a job: the record as a JSON document, and beside it the parts that are searched for.
CREATE TABLE jobs (
    id          TEXT    PRIMARY KEY,
    status      TEXT    NOT NULL,
    updated_at  INTEGER NOT NULL,
    lease_until INTEGER,
    republished INTEGER NOT NULL,
    document    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- The sweep looks at unfinished jobs only; the finished ones, which pile up, are not in the index.
CREATE INDEX jobs_unfinished ON jobs (status, updated_at) WHERE status IN ('queued', 'processing');

-- A row makes the file of that name a blob. It is written after the file and deleted before it.
CREATE TABLE blobs (
    name         TEXT PRIMARY KEY,
    content_type TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A task is delivered when visible_at has passed. A delivery moves visible_at to the end of its lease and leaves a
-- token, which every answer must name.
CREATE TABLE tasks (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id         TEXT,
    body           BLOB    NOT NULL,
    traceparent    TEXT,
    enqueued_at    INTEGER NOT NULL,
    visible_at     INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL DEFAULT 0,
    lease          BLOB,
    last_reason    TEXT
) STRICT;

CREATE INDEX tasks_visible ON tasks (visible_at, id);

-- Publishing a job again while its task is still in the queue changes nothing. A body that names no job has NULL here.
CREATE UNIQUE INDEX tasks_job ON tasks (job_id) WHERE job_id IS NOT NULL;

CREATE TABLE dead_letters (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id         TEXT,
    body           BLOB    NOT NULL,
    traceparent    TEXT,
    enqueued_at    INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL,
    reason         TEXT    NOT NULL,
    died_at        INTEGER NOT NULL
) STRICT;
