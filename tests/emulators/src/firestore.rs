//! What is in Firestore's emulator.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http;

/// The documents of a collection in the project's default database, at most 300, as the REST API writes them.
///
/// # Errors
/// The emulator at `host` refuses.
pub fn documents(host: &str, project: &str, collection: &str) -> Result<Vec<Value>> {
    let path = format!("/v1/projects/{project}/databases/(default)/documents/{collection}?pageSize=300");
    let answer = http::call(host, "GET", &path, None)?;
    Ok(answer.get("documents").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// The first write after a start takes seconds where others compile at the same time: longer than a client under test is
/// allowed to wait. It goes into a project of nobody's.
pub(crate) fn first_write(host: &str) -> Result<()> {
    let path = "/v1/projects/first-write/databases/(default)/documents/writes";
    http::call(host, "POST", path, Some(&json!({"fields": {}}))).context("the first write")?;
    Ok(())
}
