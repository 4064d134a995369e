-- What support searches records by, and what ties records together. Rows of an earlier release are filled from their documents.
ALTER TABLE jobs ADD COLUMN tenant     TEXT    NOT NULL DEFAULT 'anonymous';
ALTER TABLE jobs ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN order_id   TEXT;
ALTER TABLE jobs ADD COLUMN photo_of   TEXT;
ALTER TABLE jobs ADD COLUMN render_key TEXT;

UPDATE jobs SET
    created_at = CAST(unixepoch(document ->> 'created_at', 'subsec') * 1000000 AS INTEGER),
    order_id   = document ->> 'order_id';

CREATE INDEX jobs_by_time   ON jobs (tenant, created_at);
CREATE INDEX jobs_by_status ON jobs (tenant, status, created_at);
CREATE INDEX jobs_by_order  ON jobs (tenant, order_id, created_at) WHERE order_id IS NOT NULL;
-- The jobs that were made from an upload.
CREATE INDEX jobs_by_photo  ON jobs (photo_of) WHERE photo_of IS NOT NULL;
-- What has been rendered already.
CREATE INDEX jobs_by_render ON jobs (render_key, created_at) WHERE render_key IS NOT NULL;

-- Who did what to a job that is no longer there, or should not be forgotten.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    tenant TEXT    NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    job_id TEXT    NOT NULL
) STRICT;
