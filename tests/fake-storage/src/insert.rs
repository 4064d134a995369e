use std::collections::HashMap;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use serde_json::Value;

use crate::answer::{Answer, Problem, json_answer};
use crate::multipart::{Piece, Related};
use crate::preconditions::Preconditions;
use crate::read::crc32c_number;
use crate::routes::resource;
use crate::server::Shared;
use crate::store::Described;

/// Metadata are small.
const MOST_METADATA: usize = 64 * 1024;

/// An insert in one request: metadata, the bytes, and after them perhaps their checksum.
pub(crate) async fn multipart(
    shared: &Shared,
    bucket: &str,
    query: &HashMap<String, String>,
    preconditions: Preconditions,
    request: Request<Incoming>,
) -> Result<Answer, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(boundary).ok_or_else(|| Problem::bad_request("no boundary"))?;
    let mut related = Related::new(&boundary);
    let mut draft = shared.store.draft()?;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(Problem::internal)?.into_data() else { continue };
        related.push(chunk, |piece| {
            let (text, bytes) = match piece {
                Piece { part: 1, bytes } => return Ok(draft.write(bytes)?),
                Piece { part: 0, bytes } => (&mut before, bytes),
                Piece { bytes, .. } => (&mut after, bytes),
            };
            text.extend_from_slice(bytes);
            if text.len() > MOST_METADATA { Err(Problem::bad_request("too many metadata")) } else { Ok(()) }
        })?;
    }
    related.finish()?;
    let mut described = described(&before)?;
    if !after.is_empty() {
        described.crc32c = self::described(&after)?.crc32c.or(described.crc32c);
    }
    let name = query.get("name").ok_or_else(|| Problem::bad_request("the object has no name"))?;
    let object = shared.store.finish(draft, (bucket, name), &described, preconditions)?;
    Ok(json_answer(StatusCode::OK, &resource(&object)))
}

/// Creates a bucket.
pub(crate) async fn bucket(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Problem> {
    let body = small(request.into_body()).await?;
    let value: Value = serde_json::from_slice(&body).map_err(|e| Problem::bad_request(e.to_string()))?;
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    shared.store.create_bucket(name).map_err(|e| Problem::bad_request(e.to_string()))?;
    Ok(json_answer(StatusCode::OK, &value))
}

/// The metadata of an insert.
pub(crate) fn described(json: &[u8]) -> Result<Described, Problem> {
    if json.is_empty() {
        return Ok(Described::default());
    }
    let value: Value = serde_json::from_slice(json).map_err(|e| Problem::bad_request(e.to_string()))?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let crc32c = match value.get("crc32c").and_then(Value::as_str) {
        None => None,
        Some(text) => {
            Some(crc32c_number(text).ok_or_else(|| Problem::bad_request("crc32c is not a checksum"))?)
        }
    };
    Ok(Described {
        content_type: text("contentType"),
        cache_control: text("cacheControl"),
        content_disposition: text("contentDisposition"),
        crc32c,
    })
}

/// A body that has to be small.
pub(crate) async fn small(body: Incoming) -> Result<Bytes, Problem> {
    let collected = Limited::new(body, MOST_METADATA).collect().await;
    Ok(collected.map_err(|error| Problem::bad_request(error.to_string()))?.to_bytes())
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    let value = parameters.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?;
    kind.trim().eq_ignore_ascii_case("multipart/related").then(|| value.trim_matches('"').to_owned())
}
