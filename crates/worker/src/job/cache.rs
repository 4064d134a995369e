//! The same photo, made in the same way for the same tenant, is not rendered twice.
//!
//! The worker decides it and not the API, because only the worker knows what would be rendered: its own version, its network
//! and its settings. The artefacts are copied rather than shared, so that each job has its own, which expire with it and
//! are erased with it.

use anyhow::Context;
use headshot_backend::{Claimed, Finish, Made};
use headshot_core::{ArtefactInfo, BlobKey, JobRecord, ModelInfo, Recipe, Status};
use tracing::{info, warn};

use super::store::put;
use super::unavailable::Unavailable;
use super::work_result::WorkResult;
use crate::hash::sha256;
use crate::worker::Worker;

/// No print is larger: uncompressed it has 60 MB at the most that the settings allow.
const MOST_ARTEFACT_BYTES: u64 = 256 << 20;

/// What artefacts depend on, as a hash.
pub(super) fn render_key(record: &JobRecord, recipe: &Recipe, model: &ModelInfo) -> String {
    let JobRecord { tenant, upload, .. } = record;
    let ModelInfo { sha256: network, provider, .. } = model;
    let recipe = format!("{recipe:?}");
    let version = headshot_pipeline::VERSION;
    // None of the parts can hold a line break: none is a customer's text.
    sha256(format!("{tenant}\n{}\n{recipe}\n{version}\n{network}\n{provider}", upload.sha256).as_bytes())
}

/// Copies what an earlier job rendered of the same, if one did. `None`: the photo is to be rendered.
pub(super) async fn take_over(
    worker: &Worker,
    claim: &Claimed,
    key: &str,
) -> anyhow::Result<Option<WorkResult>> {
    let earlier = match worker.backend.jobs.rendered(key).await {
        Ok(earlier) => earlier.filter(|earlier| is_usable(earlier, claim.record())),
        Err(error) => {
            warn!(error = format!("{error:#}"), "earlier jobs cannot be searched; the photo is rendered");
            None
        }
    };
    let Some(JobRecord { job_id: from, outputs, photo_of, quality, head, model, .. }) = earlier else {
        return Ok(None);
    };
    let (Some(quality), Some(head), Some(model)) = (quality, head, model) else { return Ok(None) };
    let mut copies = Vec::with_capacity(outputs.len());
    for output in outputs {
        let (source, target) =
            (BlobKey::Artefact(from, output.rendition), BlobKey::Artefact(claim.id(), output.rendition));
        match copy(worker, claim, source, target, output.rendition.content_type()).await? {
            Copied::Done => copies.push(ArtefactInfo { key: target.path(), ..output }),
            Copied::Missing => return Ok(None),
            Copied::ClaimLost => return Ok(Some(WorkResult::ClaimLost)),
        }
    }
    if claim.record().photo_of.is_none() {
        // Without it a re-render asks the network again.
        let source = BlobKey::Matte(photo_of.unwrap_or(from));
        copy(worker, claim, source, BlobKey::Matte(claim.id()), "image/png").await?;
    }
    info!(from = %from, "the same picture has been made before; it is copied");
    let made = Made::Taken { from };
    Ok(Some(WorkResult::Headshot(Box::new(Finish::Done {
        outputs: copies,
        quality,
        head,
        model,
        made,
        message_for_support: String::new(),
    }))))
}

/// The key says that it is the same; what is looked at besides is what a damaged index or a hasty hand could break.
fn is_usable(earlier: &JobRecord, record: &JobRecord) -> bool {
    earlier.status == Status::Done
        && earlier.tenant == record.tenant
        && earlier.upload.sha256 == record.upload.sha256
        && earlier.job_id != record.job_id
}

enum Copied {
    Done,
    /// It has expired or was erased.
    Missing,
    ClaimLost,
}

async fn copy(
    worker: &Worker,
    claim: &Claimed,
    from: BlobKey,
    to: BlobKey,
    content_type: &str,
) -> anyhow::Result<Copied> {
    let blob = worker.backend.blobs.get(from, MOST_ARTEFACT_BYTES).await;
    let unavailable = || Unavailable::storage("copying what an earlier job rendered");
    let Some(bytes) = blob.with_context(unavailable)? else { return Ok(Copied::Missing) };
    let stored = put(worker, claim, to, content_type, bytes).await.with_context(unavailable)?;
    Ok(if stored { Copied::Done } else { Copied::ClaimLost })
}
