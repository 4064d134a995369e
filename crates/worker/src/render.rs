//! The only place that calls the pipeline.

pub(crate) mod model;
pub(crate) mod stages;

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow};
use headshot_core::{Head, ModelInfo, Recipe, Stage};
use headshot_pipeline::decode::Photo;
use headshot_pipeline::{Matte, ModelSettings, Models, Observer, Outcome, Plane, StoredMatte};
use tracing::{info, warn};

/// What turns bytes into artefacts: the pipeline, or in tests something that fails on demand.
pub trait Render: Send + Sync + 'static {
    /// Renders one photo; `on_stage` hears of each stage as it begins. `matte` is the file that an earlier render of the same
    /// photo left, if there is one: the matting network is not asked then.
    ///
    /// # Errors
    /// Whatever may be tried again. A photo that can never succeed is an [`Outcome::Rejected`].
    fn render(
        &self,
        photo: &[u8],
        matte: Option<&[u8]>,
        recipe: &Recipe,
        on_stage: &dyn Fn(Stage),
    ) -> anyhow::Result<Outcome>;

    /// The network in use and what it runs on.
    fn model(&self) -> &ModelInfo;

    /// Why the CPU is used although a GPU was asked for; `None` where all is as it was asked for.
    fn cuda_missing(&self) -> Option<&str> {
        None
    }
}

/// The pipeline with its models loaded.
pub struct Pipeline(Models);

/// Tells a render thread that nobody wants its result any more. Clones share the word.
#[derive(Clone, Default)]
pub struct Abandon(Arc<AtomicBool>);

/// What an abandoned render unwinds with.
struct Abandoned;

/// The upright photo, and the animal in it.
struct FirstLook(Option<(Photo, Plane)>);

impl Observer for FirstLook {
    fn first_look(&mut self, photo: &Photo, animal: &Plane, _: Option<&Head>) {
        self.0 = Some((photo.clone(), animal.clone()));
    }
}

impl Pipeline {
    /// Loads the models; takes a tenth of a second and blocks.
    ///
    /// # Errors
    /// When the model or ONNX Runtime cannot be used, or CUDA is insisted on and missing.
    pub fn load(settings: &ModelSettings) -> anyhow::Result<Self> {
        Models::load(settings).map(Self).context("loading the matting model")
    }

    /// The models behind it.
    pub fn models(&self) -> &Models {
        &self.0
    }

    /// Renders on the calling thread; a panic is an error like any other.
    ///
    /// # Errors
    /// As [`Render::render`].
    pub fn render_plainly(
        &self,
        photo: &[u8],
        recipe: &Recipe,
        on_stage: &dyn Fn(Stage),
    ) -> anyhow::Result<Outcome> {
        guarded(|| self.render(photo, None, recipe, on_stage))
    }

    /// Like [`Pipeline::render_plainly`], and also hands out the upright photo and its matte.
    /// There are none of a photo that cannot be opened.
    ///
    /// # Errors
    /// As [`Render::render`].
    pub fn render_with_matte(
        &self,
        photo: &[u8],
        recipe: &Recipe,
        on_stage: &dyn Fn(Stage),
    ) -> anyhow::Result<(Outcome, Option<(Photo, Matte)>)> {
        guarded(|| {
            let mut seen = FirstLook(None);
            let outcome = headshot_pipeline::process_observed(photo, recipe, &self.0, on_stage, &mut seen)?;
            let Some((photo, animal)) = seen.0 else { return Ok((outcome, None)) };
            let matte = headshot_pipeline::refine_photo(&photo, &animal, &self.0)?;
            Ok((outcome, Some((photo, matte))))
        })
    }
}

impl Render for Pipeline {
    fn render(
        &self,
        photo: &[u8],
        matte: Option<&[u8]>,
        recipe: &Recipe,
        on_stage: &dyn Fn(Stage),
    ) -> anyhow::Result<Outcome> {
        if let Some(matte) = matte {
            let again = StoredMatte::from_png(matte).map_err(anyhow::Error::new).and_then(|matte| {
                Ok(headshot_pipeline::process_again(photo, recipe, &matte, &self.0, on_stage)?)
            });
            match again {
                Ok(outcome) => {
                    info!("rendered by the stored matte");
                    return Ok(outcome);
                }
                // A matte of another release or of another photo: the network can be asked again.
                Err(error) => warn!(error = format!("{error:#}"), "the stored matte is of no use"),
            }
        }
        Ok(headshot_pipeline::process(photo, recipe, &self.0, on_stage)?)
    }

    fn model(&self) -> &ModelInfo {
        self.0.info()
    }

    fn cuda_missing(&self) -> Option<&str> {
        self.0.cuda_missing()
    }
}

impl Abandon {
    /// Asks the render to stop at its next stage.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Unwinds when the render was abandoned: a running thread cannot be ended from outside, and between two stages it
    /// holds nothing. The unwinding makes no noise, unlike a panic, and is caught where panics are.
    fn check(&self) {
        if self.0.load(Ordering::Relaxed) {
            panic::resume_unwind(Box::new(Abandoned));
        }
    }
}

/// Renders on the calling thread. A panic in the pipeline is an error like any other: the job is tried again.
///
/// # Errors
/// Those of [`Render::render`], a panic, or that the render was abandoned.
pub fn render_guarded(
    render: &dyn Render,
    photo: &[u8],
    matte: Option<&[u8]>,
    recipe: &Recipe,
    abandon: &Abandon,
    on_stage: &dyn Fn(Stage),
) -> anyhow::Result<Outcome> {
    let next_stage = |stage| {
        abandon.check();
        on_stage(stage);
    };
    guarded(|| render.render(photo, matte, recipe, &next_stage))
}

fn guarded<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    // Nothing that the closure could leave half-changed is looked at afterwards.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

fn panicked(panic: &(dyn Any + Send)) -> anyhow::Error {
    if panic.is::<Abandoned>() {
        return anyhow!("the render was abandoned");
    }
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    anyhow!("the pipeline panicked: {}", text.unwrap_or("it did not say why"))
}
