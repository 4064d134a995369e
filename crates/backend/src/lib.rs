//! Blobs, job records and the task queue, on local files and SQLite; telemetry set-up.
