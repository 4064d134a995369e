use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use bytes::Bytes;
use headshot_backend::{Claimed, Finish, Made};
use headshot_core::{BlobKey, Caching, Recipe, Stage};
use headshot_pipeline::{Outcome, Rejection, Rendered};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;
use tracing::{Instrument, debug, field, info_span, warn};

use super::cache::{render_key, take_over};
use super::store::{store, store_matte};
use super::unavailable::Unavailable;
use super::work_result::WorkResult;
use crate::render::stages::{StageClock, milliseconds};
use crate::render::{Abandon, render_guarded};
use crate::worker::Worker;

/// Fetches, renders and stores. Nothing is recorded here; an error means that the attempt may be repeated, and with
/// [`Unavailable`] in it that it was none.
pub async fn run(
    worker: &Arc<Worker>,
    claim: &Claimed,
    stages: &Arc<StageClock>,
    permit: Arc<OwnedSemaphorePermit>,
) -> anyhow::Result<WorkResult> {
    let record = claim.record();
    let Ok(recipe) = Recipe::named(&record.recipe) else {
        return Ok(refusal("unknown_recipe", "This kind of picture is not one that we make."));
    };
    let recipe = worker.config.rendering.sized(recipe);
    let limit = worker.config.jobs.max_original_bytes;
    if record.upload.bytes > limit {
        return Ok(refusal("too_large", "The photo is larger than we can take. Please send a smaller file."));
    }
    let key = render_key(record, &recipe, worker.render.model());
    if record.caching == Caching::On
        && let Some(finish) = stage(stages, Stage::Fetch, take_over(worker, claim, &key)).await?
    {
        return Ok(finish);
    }
    let Some(photo) = stage(stages, Stage::Fetch, fetch(worker, claim, limit)).await? else {
        return Ok(refusal(
            "photo_expired",
            "We do not keep this photo any more, so that no picture can be made of it. Please send it again.",
        ));
    };
    let rendered = match render(worker, photo, recipe, stages, permit).await? {
        Outcome::Rendered(rendered) => rendered,
        Outcome::Rejected(rejection) => return Ok(WorkResult::Refusal(rejection)),
    };
    // Storing over somebody else's artefacts would be harmless as they are the same, but is work for nothing.
    if !worker
        .backend
        .jobs
        .renew(claim, Stage::Store, worker.config.jobs.lease)
        .await
        .context(Unavailable::records("renewing the claim"))?
    {
        return Ok(WorkResult::ClaimLost);
    }
    let Rendered { artefacts, quality, head, model, matte, .. } = rendered;
    let stored = stage(stages, Stage::Store, async {
        // First, so that a finished job has one.
        if !store_matte(worker, claim, matte).await? {
            return Ok(None);
        }
        store(worker, claim, artefacts).await
    });
    let Some(outputs) = stored.await? else { return Ok(WorkResult::ClaimLost) };
    let made = Made::Rendered { key };
    Ok(WorkResult::Headshot(Box::new(Finish::Done {
        outputs,
        quality,
        head,
        model,
        made,
        message_for_support: String::new(),
    })))
}

/// A photo, and the matte that an earlier render of it left.
struct Photo {
    original: Bytes,
    matte: Option<Bytes>,
}

/// No stored matte is larger: the planes of a network of 1024 pixels a side take 4 MB.
const MOST_MATTE_BYTES: u64 = 32 << 20;

/// `None`: the photo is gone for good. Storage that does not answer is an error, and so is a bucket that is not there.
async fn fetch(worker: &Worker, claim: &Claimed, limit: u64) -> anyhow::Result<Option<Photo>> {
    let record = claim.record();
    let blobs = &worker.backend.blobs;
    let uploaded_for = record.photo_of.unwrap_or(record.job_id);
    let original = blobs.get(BlobKey::Original(uploaded_for), limit).await;
    let original = original.context(Unavailable::storage("fetching the original"))?;
    let Some(original) = original else { return Ok(None) };
    if record.photo_of.is_none() {
        return Ok(Some(Photo { original, matte: None }));
    }
    let matte = blobs.get(BlobKey::Matte(uploaded_for), MOST_MATTE_BYTES).await;
    let matte = matte.unwrap_or_else(|error| {
        warn!(error = format!("{error:#}"), "the stored matte cannot be read; the network is asked again");
        None
    });
    Ok(Some(Photo { original, matte }))
}

/// Renders on a thread of its own, which shares the permit: when this future is dropped, the thread goes on to its next
/// stage, and only then may another job take its core.
async fn render(
    worker: &Arc<Worker>,
    photo: Photo,
    recipe: Recipe,
    stages: &Arc<StageClock>,
    permit: Arc<OwnedSemaphorePermit>,
) -> anyhow::Result<Outcome> {
    let abandon = Abandon::default();
    let _abandon_on_drop = AbandonOnDrop(abandon.clone());
    let (worker, stages, span) = (worker.clone(), stages.clone(), tracing::Span::current());
    let thread = spawn_blocking(move || {
        let _running = worker.liveness.render();
        let on_stage = |stage| stages.enter(stage);
        let outcome = span.in_scope(|| {
            let matte = photo.matte.as_deref();
            render_guarded(worker.render.as_ref(), &photo.original, matte, &recipe, &abandon, &on_stage)
        });
        drop(permit);
        outcome
    });
    thread.await.context("the render thread")?
}

/// Runs a stage that waits rather than computes, and says in the log how long it took, as the pipeline does of its own.
async fn stage<T>(clock: &StageClock, stage: Stage, work: impl Future<Output = T>) -> T {
    clock.enter(stage);
    let span = info_span!("stage", stage = stage.as_str(), duration_ms = field::Empty);
    let started = Instant::now();
    let result = work.instrument(span.clone()).await;
    let duration_ms = milliseconds(started.elapsed());
    span.record("duration_ms", duration_ms);
    span.in_scope(|| debug!("stage done"));
    result
}

struct AbandonOnDrop(Abandon);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.now();
    }
}

fn refusal(code: &str, message: &str) -> WorkResult {
    WorkResult::Refusal(Rejection { code: code.into(), message: message.into(), quality: None })
}
