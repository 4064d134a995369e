//! What is in Firestore's emulator.

use anyhow::Result;
use serde_json::Value;

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
