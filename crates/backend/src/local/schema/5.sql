-- When the job's webhook is to be sent, as its document says too; NULL for a job that owes nobody any word.
ALTER TABLE jobs ADD COLUMN webhook_due INTEGER;

CREATE INDEX jobs_webhook_due ON jobs (webhook_due) WHERE webhook_due IS NOT NULL;

-- Endpoints that answered 410 Gone. A tenant that changes its URL has another endpoint.
CREATE TABLE disabled_endpoints (
    tenant TEXT    NOT NULL,
    url    TEXT    NOT NULL,
    job_id TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, url)
) STRICT, WITHOUT ROWID;
