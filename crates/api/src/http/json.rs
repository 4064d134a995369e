//! Small JSON bodies.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use crate::Config;
use crate::error::problem::Problem;
use crate::http::body::{BodyError, Patience, UploadBody};
use crate::limits::MAX_JSON_BYTES;

/// The body is not the JSON that it should be; the sentence says what is wrong.
#[derive(Clone, Debug)]
pub(crate) struct MalformedJson(pub(crate) String);

impl From<MalformedJson> for Problem {
    fn from(MalformedJson(sentence): MalformedJson) -> Self {
        Self::bad_request("malformed_json", sentence)
    }
}

/// Whether the body says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = declared.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// Reads all of it.
pub(crate) async fn read<T: DeserializeOwned>(config: &Config, body: Body) -> Result<T, Problem> {
    let patience = Patience { idle: config.upload_idle_timeout, total: config.upload_timeout };
    let mut body = UploadBody::new(body, MAX_JSON_BYTES as u64, patience);
    let mut bytes = Vec::new();
    loop {
        match body.next().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(BodyError::TooLarge) => {
                let sentence = format!("The JSON is longer than {MAX_JSON_BYTES} bytes.");
                return Err(MalformedJson(sentence).into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    // A list would be taken for the fields in their order, which is nothing to rely on.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(MalformedJson("The body must be a JSON object.".into()).into());
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        // What serde says names fields of ours and places in theirs, and what they sent as it is in their own answer.
        MalformedJson(format!("The JSON is not as it should be: {error}.")).into()
    })
}
