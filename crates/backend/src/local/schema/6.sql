-- When the job is to be cleared away, as its document says too.
ALTER TABLE jobs ADD COLUMN expire_at INTEGER;

UPDATE jobs SET expire_at = unixepoch(json_extract(document, '$.expire_at')) * 1000000 WHERE json_valid(document);

CREATE INDEX jobs_expired ON jobs (expire_at);
