use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ArtefactInfo, Head, JobId, ModelInfo, Quality, Tenant, Webhook};

/// Everything that is known of one job: what the API serves from, what support reads, what workers agree on.
///
/// It is written few times per job (accepted, claimed, finished, and at each lease renewal) and never holds a link to a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The job's identity.
    pub job_id: JobId,
    /// Whose job it is.
    #[serde(default)]
    pub tenant: Tenant,
    /// Where the job stands. Terminal states never move.
    pub status: Status,
    /// What the worker was doing when the record was last written; `None` before the first claim.
    pub stage: Option<Stage>,
    /// How many times a worker has claimed the job.
    pub attempt: u32,
    /// The worker's claim while `processing`.
    pub lease: Option<Lease>,
    /// One sentence in plain English for support.
    pub message_for_support: String,
    /// The [`crate::Recipe`] to follow, as text.
    pub recipe: String,
    /// The shop's own order number, if it sent one.
    pub order_id: Option<String>,
    /// What was uploaded.
    pub upload: Upload,
    /// The job that the photo was uploaded for, when it was not this one: a re-render, or a job that support tried again.
    #[serde(default)]
    pub photo_of: Option<JobId>,
    /// Whether an earlier job's artefacts will do, if they were made of the same photo in the same way.
    #[serde(default)]
    pub caching: Caching,
    /// The verdict on the photo, once the pipeline has looked at it.
    pub quality: Option<Quality>,
    /// Where the head is, once found.
    pub head: Option<Head>,
    /// The finished files; empty until `done`.
    pub outputs: Vec<ArtefactInfo>,
    /// The earlier job whose artefacts were taken, when nothing had to be rendered.
    #[serde(default)]
    pub cached_from: Option<JobId>,
    /// What the artefacts depend on, as a hash: tenant, photo, recipe and version of the pipeline. Only of a job that
    /// rendered its artefacts itself.
    #[serde(default)]
    pub render_key: Option<String>,
    /// The picture that was approved, on the job that the photo was uploaded for and on the job whose picture it is.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// Which model made the matte, once it has.
    pub model: Option<ModelInfo>,
    /// Why the job failed, when it did.
    pub error: Option<Failure>,
    /// The word that the shop's own server gets when the job has ended, if it wants one.
    #[serde(default)]
    pub webhook: Option<Webhook>,
    /// W3C trace id of the request that created the job, for finding its logs.
    pub trace_id: Option<String>,
    /// Why the job's task is still to be set aside as a dead letter, after the job was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_owed: Option<String>,
    /// How often the sweep has published the job's task again since a worker last had it.
    pub republished: u32,
    /// When the upload was accepted.
    pub created_at: Timestamp,
    /// When a worker first claimed the job.
    pub started_at: Option<Timestamp>,
    /// When the job reached a terminal state.
    pub finished_at: Option<Timestamp>,
    /// When the record was last written, deliveries of its webhook aside: they change nothing that a customer sees.
    pub updated_at: Timestamp,
    /// When the record may be deleted.
    pub expire_at: Timestamp,
}

/// Where a job stands: `queued → processing → done | failed`; a failed attempt goes back to `queued`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted; no worker holds it.
    Queued,
    /// A worker holds a lease on it.
    Processing,
    /// Finished: the artefacts are stored.
    Done,
    /// Finished: it cannot succeed, and `error` says why.
    Failed,
}

/// What the pipeline does, in order. The names appear in records, spans and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading the original from storage.
    Fetch,
    /// Bytes to upright sRGB pixels.
    Decode,
    /// Finding the animal and its outline.
    Matting,
    /// Measuring whether the photo can become a portrait.
    Quality,
    /// Crop, scale and fades.
    Compose,
    /// Removing the background's colour from the fur's edges.
    Foreground,
    /// Black and white.
    Look,
    /// Writing PNG files.
    Encode,
    /// Writing the artefacts to storage.
    Store,
}

/// Whether a job may show what an earlier one rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caching {
    /// It may.
    #[default]
    On,
    /// The customer asked for a new rendering.
    Off,
}

/// A customer's word that this is the picture: from then on no other is made of the photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    /// The job whose picture it is.
    pub job_id: JobId,
    /// When.
    pub at: Timestamp,
}

/// A worker's time-limited right to finish a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lease {
    /// Which worker process holds it.
    pub worker: String,
    /// When it lapses unless renewed.
    pub until: Timestamp,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// Stable machine-readable code: a quality code, a decode code, or `internal`.
    pub code: String,
    /// A sentence for the customer.
    pub message: String,
}

/// What is known of the uploaded file. Nothing here is ever used as a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// The name the customer's file had, as metadata only.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub file_name: Option<String>,
    /// The sniffed media type, whatever the client declared.
    pub content_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
    /// Width in pixels as stored (before EXIF orientation).
    pub width: u32,
    /// Height in pixels as stored (before EXIF orientation).
    pub height: u32,
}

impl JobRecord {
    /// The record of an upload that has just been accepted.
    pub fn accepted(
        job_id: JobId,
        upload: Upload,
        recipe: &str,
        now: Timestamp,
        expire_at: Timestamp,
    ) -> Self {
        Self {
            job_id,
            tenant: Tenant::anonymous(),
            status: Status::Queued,
            stage: None,
            attempt: 0,
            lease: None,
            message_for_support: "Accepted; waiting for a worker.".into(),
            recipe: recipe.into(),
            order_id: None,
            upload,
            photo_of: None,
            caching: Caching::On,
            quality: None,
            head: None,
            outputs: Vec::new(),
            cached_from: None,
            render_key: None,
            approval: None,
            model: None,
            error: None,
            webhook: None,
            trace_id: None,
            dead_letter_owed: None,
            republished: 0,
            created_at: now,
            started_at: None,
            finished_at: None,
            updated_at: now,
            expire_at,
        }
    }
}

impl Status {
    /// Whether the job has ended. Terminal states never move.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    /// The name as it stands in records and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Stage {
    /// The name as it stands in records, spans and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Decode => "decode",
            Self::Matting => "matting",
            Self::Quality => "quality",
            Self::Compose => "compose",
            Self::Foreground => "foreground",
            Self::Look => "look",
            Self::Encode => "encode",
            Self::Store => "store",
        }
    }
}
