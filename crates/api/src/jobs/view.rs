//! The public face of a job record: what a shop page needs, and nothing that is only ours.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headshot_backend::api_keys::Scope;
use headshot_core::{Approval, BlobKey, Failure, Head, JobId, JobRecord, Quality, Rendition, Stage, Status};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::error::problem::Problem;
use crate::http::etag::is_known;
use crate::middleware::auth::caller::Caller;
use crate::sha256;
use crate::state::App;

/// Seconds between two looks at a job that is under way.
const ASK_AGAIN: u64 = 1;

/// A headshot: where its job stands, and once it is done its files.
#[derive(Serialize, ToSchema)]
#[schema(as = Headshot)]
pub(crate) struct Document<'a> {
    /// The job's id.
    job_id: JobId,
    /// Where the job stands.
    status: Status,
    /// What the worker was doing last; null before one has begun.
    #[schema(required = true)]
    stage: Option<Stage>,
    /// How many times a worker has begun.
    attempt: u32,
    /// What is thought of the photo; null until it has been looked at.
    #[schema(required = true)]
    quality: Option<&'a Quality>,
    /// Where the head is in the photo; null until it was found.
    #[schema(required = true)]
    head: Option<&'a Head>,
    /// What is made, as text.
    recipe: &'a str,
    /// The finished files.
    outputs: Vec<Output<'a>>,
    /// Whether the files are those of an earlier job of the same photo and recipe.
    cached: bool,
    /// The job whose photo this one shows, where it brought none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    photo_of: Option<JobId>,
    /// Which picture of the photo was approved, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approval: Option<&'a Approval>,
    /// Why the job failed; null unless it has.
    #[schema(required = true)]
    error: Option<&'a Failure>,
    /// When the photo was accepted.
    created_at: Timestamp,
    /// When any of this changed last.
    updated_at: Timestamp,
    /// The picture for the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    preview_url: Option<String>,
    /// The print master.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    print_url: Option<String>,
    /// The print as grey and alpha, where the recipe asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    grey_alpha_url: Option<String>,
    /// The print on a colour, where the recipe asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    flattened_url: Option<String>,
}

/// One finished file, without its place in storage.
#[derive(Serialize, ToSchema)]
struct Output<'a> {
    /// Which one it is.
    rendition: Rendition,
    /// Its media type.
    content_type: &'static str,
    /// In pixels.
    width: u32,
    /// In pixels.
    height: u32,
    /// Its size.
    bytes: u64,
    /// SHA-256 of the file, lower-case hex.
    sha256: &'a str,
}

/// Answers with the job's document as the caller may see it, or with 304 if they have it already.
pub(crate) async fn respond(
    app: &App,
    record: &JobRecord,
    headers: &HeaderMap,
    caller: &Caller,
) -> Result<Response, Problem> {
    let ttl = app.config.download_url_ttl;
    let mut document = document(record);
    let etag =
        etag(&document, caller.scopes.has(Scope::Print), ttl, Timestamp::now()).map_err(Problem::internal)?;
    let mut response = if is_known(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        add_links(app, record, caller, &mut document).await?;
        Json(document).into_response()
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    // A browser may keep the document, but has to ask each time whether it still holds.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if !record.status.is_terminal() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ASK_AGAIN));
    }
    Ok(response)
}

/// The job's document, as text of one line.
pub(crate) async fn json(app: &App, record: &JobRecord, caller: &Caller) -> Result<String, Problem> {
    let mut document = document(record);
    add_links(app, record, caller, &mut document).await?;
    serde_json::to_string(&document).map_err(Problem::internal)
}

/// Whether the client says that it has this document already.
pub(crate) fn is_had(app: &App, record: &JobRecord, headers: &HeaderMap, caller: &Caller) -> bool {
    let masters = may_print(caller);
    let etag = etag(&document(record), masters, app.config.download_url_ttl, Timestamp::now());
    etag.is_ok_and(|etag| is_known(headers, &etag))
}

/// Whoever may not read gets no files for print either.
fn may_print(caller: &Caller) -> bool {
    caller.scopes.has(Scope::Read) && caller.scopes.has(Scope::Print)
}

/// Whoever may read gets the preview, whoever may print besides the files for print, and whoever only approves no link.
async fn add_links(
    app: &App,
    record: &JobRecord,
    caller: &Caller,
    document: &mut Document<'_>,
) -> Result<(), Problem> {
    if record.status != Status::Done || !caller.scopes.has(Scope::Read) {
        return Ok(());
    }
    let ttl = app.config.download_url_ttl;
    document.preview_url = link(app, record, Rendition::Preview, ttl).await?;
    if may_print(caller) {
        document.print_url = link(app, record, Rendition::Print, ttl).await?;
        document.grey_alpha_url = link(app, record, Rendition::GreyAlpha, ttl).await?;
        document.flattened_url = link(app, record, Rendition::Flattened, ttl).await?;
    }
    Ok(())
}

/// The document without its links.
pub(crate) fn document(record: &JobRecord) -> Document<'_> {
    let outputs = record.outputs.iter().map(|output| Output {
        rendition: output.rendition,
        content_type: output.rendition.content_type(),
        width: output.width,
        height: output.height,
        bytes: output.bytes,
        sha256: &output.sha256,
    });
    Document {
        job_id: record.job_id,
        status: record.status,
        stage: record.stage,
        attempt: record.attempt,
        quality: record.quality.as_ref(),
        head: record.head.as_ref(),
        recipe: &record.recipe,
        outputs: outputs.collect(),
        cached: record.cached_from.is_some(),
        photo_of: record.photo_of,
        approval: record.approval.as_ref(),
        error: record.error.as_ref(),
        created_at: record.created_at,
        updated_at: record.updated_at,
        preview_url: None,
        print_url: None,
        grey_alpha_url: None,
        flattened_url: None,
    }
}

async fn link(
    app: &App,
    record: &JobRecord,
    rendition: Rendition,
    ttl: Duration,
) -> Result<Option<String>, Problem> {
    if !record.outputs.iter().any(|output| output.rendition == rendition) {
        return Ok(None);
    }
    let url = app.backend.blobs.signed_url(BlobKey::Artefact(record.job_id, rendition), ttl).await;
    url.map(Some).map_err(|cause| {
        let sentence =
            "The headshot is ready, but its download links could not be made just now. Please try again.";
        Problem::unavailable("links_unavailable", sentence, cause)
    })
}

/// The tag stands for the document without its links, and for which links there would be. A link may be a quarter of
/// `ttl` old when it is given out and dies after `ttl`, so a client that is told 304 must have got its links lately: the tag of a finished job
/// changes every half `ttl`, which leaves at least a quarter on the links it confirms. It is weak, because two documents of one tag differ in
/// their links' bytes.
fn etag(document: &Document<'_>, masters: bool, ttl: Duration, now: Timestamp) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(document)?);
    if document.status == Status::Done {
        hash.update([u8::from(masters)]);
        let period = i64::try_from(ttl.as_secs() / 2).unwrap_or(i64::MAX).max(1);
        hash.update((now.as_second() / period).to_be_bytes());
    }
    let digest = sha256::hex(hash);
    Ok(format!("W/\"{}\"", digest.get(..32).unwrap_or(&digest)))
}

/// A job that is safe.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Its id.
    job_id: JobId,
    /// Where it stands.
    status: Status,
}

impl Accepted {
    pub(crate) fn new(job_id: JobId) -> Self {
        Self { job_id, status: Status::Queued }
    }
}

#[cfg(test)]
mod tests {
    use headshot_core::Upload;

    use super::*;

    fn record(status: Status) -> JobRecord {
        let upload = Upload {
            file_name: None,
            content_type: "image/jpeg".into(),
            bytes: 1,
            sha256: "0".into(),
            width: 1,
            height: 1,
        };
        let then = Timestamp::UNIX_EPOCH;
        let record = JobRecord::accepted(JobId::new(), upload, "headshot", then, then);
        JobRecord { status, ..record }
    }

    fn tag_at(record: &JobRecord, second: i64) -> String {
        let now = Timestamp::from_second(second).unwrap();
        etag(&document(record), true, Duration::from_secs(3600), now).unwrap()
    }

    #[test]
    fn a_finished_jobs_tag_changes_before_its_links_die_and_a_queued_ones_does_not() {
        let done = record(Status::Done);
        assert_eq!(tag_at(&done, 0), tag_at(&done, 1799));
        assert_ne!(tag_at(&done, 0), tag_at(&done, 1800));
        let queued = record(Status::Queued);
        assert_eq!(tag_at(&queued, 0), tag_at(&queued, 1_000_000));
        assert_ne!(tag_at(&queued, 0), tag_at(&JobRecord { attempt: 1, ..queued.clone() }, 0));
    }

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        let known = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            is_known(&headers, "W/\"abc\"")
        };
        assert!(known("W/\"abc\"") && known("\"abc\"") && known("\"x\", W/\"abc\"") && known("*"));
        assert!(!known("\"x\"") && !known("abc") && !known(""));
    }
}
