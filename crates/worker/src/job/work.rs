use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use bytes::Bytes;
use headshot_backend::{Claimed, Finish};
use headshot_core::{ArtefactInfo, BlobKey, Recipe, Stage};
use headshot_pipeline::{Artefact, Outcome, Rejection, Rendered};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;
use tracing::{Instrument, debug, field, info_span};

use crate::Worker;
use crate::hash::sha256;
use crate::render::{Abandon, render_guarded};
use crate::stages::{StageClock, milliseconds};

/// What came of working on a job.
pub enum Made {
    /// Everything is stored and may be recorded.
    Headshot(Box<Finish>),
    /// The photo can never become a headshot.
    Refusal(Rejection),
    /// The claim was gone before the result was stored, so it was not.
    Nothing,
}

/// What was being done when a service did not answer. As the context of an error it says that the job is not to blame.
#[derive(Debug)]
pub struct Away(String);

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fetches, renders and stores. Nothing is recorded here; an error means that the attempt may be repeated, and with
/// [`Away`] in it that it was none.
pub async fn run(
    worker: &Arc<Worker>,
    claim: &Claimed,
    stages: &Arc<StageClock>,
    permit: Arc<OwnedSemaphorePermit>,
) -> anyhow::Result<Made> {
    let record = claim.record();
    let Ok(recipe) = Recipe::named(&record.recipe) else {
        return Ok(refusal("unknown_recipe", "This kind of picture is not one that we make."));
    };
    let recipe = worker.config.rendering.sized(recipe);
    let limit = worker.config.jobs.max_original_bytes;
    if record.upload.bytes > limit {
        return Ok(refusal("too_large", "The photo is larger than we can take. Please send a smaller file."));
    }
    let original = worker.backend.blobs.get(BlobKey::Original(record.job_id), limit);
    let original =
        stage(stages, Stage::Fetch, original).await.context(Away("fetching the original".into()))?;
    let original = original.context("the original is not in storage")?;
    let rendered = match render(worker, original, recipe, stages, permit).await? {
        Outcome::Rendered(rendered) => rendered,
        Outcome::Rejected(rejection) => return Ok(Made::Refusal(rejection)),
    };
    // Storing over somebody else's artefacts would be harmless as they are the same, but is work for nothing.
    if !worker
        .backend
        .jobs
        .renew(claim, Stage::Store, worker.config.jobs.lease)
        .await
        .context(Away("renewing the claim".into()))?
    {
        return Ok(Made::Nothing);
    }
    let Rendered { artefacts, quality, head, model, .. } = rendered;
    let stored = stage(stages, Stage::Store, store(worker, claim, artefacts)).await?;
    let Some(outputs) = stored else { return Ok(Made::Nothing) };
    Ok(Made::Headshot(Box::new(Finish::Done { outputs, quality, head, model })))
}

/// Renders on a thread of its own, which shares the permit: when this future is dropped, the thread goes on to its next
/// stage, and only then may another job take its core.
async fn render(
    worker: &Arc<Worker>,
    original: Bytes,
    recipe: Recipe,
    stages: &Arc<StageClock>,
    permit: Arc<OwnedSemaphorePermit>,
) -> anyhow::Result<Outcome> {
    let abandon = Abandon::default();
    let _abandon_on_drop = AbandonOnDrop(abandon.clone());
    let (worker, stages, span) = (worker.clone(), stages.clone(), tracing::Span::current());
    let thread = spawn_blocking(move || {
        let _running = worker.vital_signs.render();
        let on_stage = |stage| stages.enter(stage);
        let outcome =
            span.in_scope(|| render_guarded(worker.render.as_ref(), &original, &recipe, &abandon, &on_stage));
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

/// `None`: the claim was lost on the way.
async fn store(
    worker: &Worker,
    claim: &Claimed,
    artefacts: Vec<Artefact>,
) -> anyhow::Result<Option<Vec<ArtefactInfo>>> {
    let job_id = claim.record().job_id;
    let still_mine = || worker.backend.jobs.renew(claim, Stage::Store, worker.config.jobs.lease);
    let mut outputs = Vec::with_capacity(artefacts.len());
    for Artefact { rendition, width, height, png, .. } in artefacts {
        let key = BlobKey::Artefact(job_id, rendition);
        let png = Bytes::from(png);
        let hashed = png.clone();
        // A print master is some 5 MB: hashing it takes longer than a task may keep its thread.
        let sha256 = spawn_blocking(move || sha256(&hashed)).await.context("hashing an artefact")?;
        let bytes = png.len() as u64;
        let name = rendition.file_name();
        let stored = worker
            .backend
            .blobs
            .put_while(key, rendition.content_type(), png, still_mine)
            .await
            .with_context(|| Away(format!("storing {name}")))?;
        if !stored {
            return Ok(None);
        }
        outputs.push(ArtefactInfo { rendition, key: key.path(), width, height, bytes, sha256 });
    }
    Ok(Some(outputs))
}

struct AbandonOnDrop(Abandon);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.now();
    }
}

fn refusal(code: &str, message: &str) -> Made {
    Made::Refusal(Rejection { code: code.into(), message: message.into(), quality: None })
}
