//! `POST /uploads`: a link for a photo that is too large, or too slow, to come with its request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use headshot_backend::api_keys::Scope;
use headshot_backend::{PendingUpload, UploadTerms};
use headshot_core::upload::Refusal;
use headshot_core::{BlobKey, JobId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::http::json as bodies;
use crate::http::json::MalformedJson;
use crate::http::json::read;
use crate::jobs::submit::fields::Fields;
use crate::middleware::auth::caller::Caller;
use crate::openapi::problems;
use crate::state::App;
use crate::uploads::error::UploadError;

/// What a link is signed for where nothing better is declared.
const OCTET_STREAM: &str = "application/octet-stream";

/// How long after its link a photo may still be submitted.
const SUBMIT_WITHIN: Duration = Duration::from_secs(60 * 60);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Announcement, example = json!({"content_type": "image/heic", "bytes": 41415926, "file_name": "rex.heic"}))]
struct Announcement {
    /// The media type that your system has for it: any `image/…`, `application/octet-stream`, an empty one or
    /// none. The bytes decide what it is.
    content_type: Option<String>,
    /// Its exact size.
    #[schema(minimum = 1)]
    bytes: u64,
    /// The name that the customer's file has, kept as information: the last part of a path, what can be shown of it, 255 bytes at
    /// most.
    file_name: Option<String>,
}

/// A link that takes one photo.
#[derive(Serialize, ToSchema)]
struct UploadLink {
    /// What the photo is submitted by, and the id of the headshot then.
    upload_id: JobId,
    /// Where the photo goes.
    #[schema(format = "uri")]
    url: String,
    /// How.
    method: &'static str,
    /// Headers that the request must have, and their values.
    headers: BTreeMap<&'static str, String>,
    /// When the link ends.
    expires_at: Timestamp,
}

/// Checks what is declared, remembers whose it is, and signs a link for exactly that.
#[utoipa::path(
    post,
    path = "/uploads",
    tag = "uploads",
    operation_id = "announce",
    summary = "Announce a photo",
    description = "Answers with a link that takes exactly this photo, once. Put it there, then submit it by its `upload_id`.",
    request_body = Announcement,
    responses(
        (status = 201, description = "Where to put the photo.", body = UploadLink,
         headers(("Cache-Control" = String, description = "no-store"), ("Vary" = String, description = "authorization"))),
        problems::Announcing,
    ),
    security(("key" = ["submit"])),
)]
pub(crate) async fn announce(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    caller.require(Scope::Submit)?;
    let (head, body) = request.into_parts();
    if !bodies::is_json(&head.headers) {
        let sentence = "Announce a photo as JSON, with the header content-type: application/json.";
        return Err(MalformedJson(sentence.into()).into());
    }
    let Announcement { content_type, bytes, file_name } = read(&app.config, body).await?;
    let content_type =
        signed_type(content_type.as_deref().unwrap_or_default()).ok_or(UploadError::UnsupportedType)?;
    let limit_bytes = app.config.max_signed_upload_bytes;
    if bytes == 0 {
        return Err(Refusal::Empty.into());
    }
    if bytes > limit_bytes {
        return Err(Refusal::TooLarge { limit_bytes }.into());
    }
    let mut fields = Fields::default();
    fields.set_file_name(file_name.as_deref().unwrap_or_default());

    let id = JobId::new();
    let ttl = app.config.upload_url_ttl;
    let expires_at = whole_seconds(Timestamp::now() + ttl);
    let upload = PendingUpload {
        id,
        tenant: caller.tenant,
        content_type: content_type.clone(),
        bytes,
        file_name: fields.file_name().map(str::to_owned),
        expire_at: expires_at + SUBMIT_WITHIN,
    };
    app.backend.uploads.create(&upload).await.map_err(Problem::records)?;
    let terms = UploadTerms { key: BlobKey::Original(id), content_type, bytes };
    let link = app.backend.blobs.signed_upload(&terms, ttl).await.map_err(|cause| {
        let sentence = "The upload link could not be made just now. Please try again.";
        Problem::unavailable("links_unavailable", sentence, cause)
    })?;
    let headers = link.headers.into_iter().collect();
    let answer = UploadLink { upload_id: id, url: link.url, method: "PUT", headers, expires_at };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The type that the link is for, and that the PUT must have; `None` where what is declared is no picture. Phones and
/// browsers are wrong about the type of a photo, or say none, so the bytes decide what it is. A plain name is signed as
/// it is, because a client may send the type that it has announced, whatever the answer tells it to send.
fn signed_type(declared: &str) -> Option<String> {
    let declared = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let plain = |name: &str| {
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    match declared.strip_prefix("image/") {
        Some(name) if !name.is_empty() && plain(name) => Some(declared),
        Some(_) => Some(OCTET_STREAM.to_owned()),
        None => matches!(declared.as_str(), "" | OCTET_STREAM).then(|| OCTET_STREAM.to_owned()),
    }
}

/// As links have it.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
