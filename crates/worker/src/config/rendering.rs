use std::path::PathBuf;

use headshot_core::{QualityPolicy, Recipe};
use headshot_pipeline::{Cuda, ModelSettings};

use super::reader::Reader;
use super::{ConfigErrors, cores};
use crate::{RenderArgs, RenderingSettings};

/// The settings that decide what a picture looks like.
#[derive(Clone, Debug)]
pub struct RenderingConfig {
    /// Height of the preview in pixels.
    pub preview_long_edge: u32,
    /// Height of the print master in pixels.
    pub print_long_edge: u32,
    /// Whether the gate may refuse.
    pub quality_policy: QualityPolicy,
    /// Which network, and on what it runs.
    pub model: ModelSettings,
}

/// One render keeps one core busy: the session runs on one thread, so that throughput grows with the number of jobs.
const THREADS_PER_RENDER: usize = 1;

impl RenderingConfig {
    /// Reads the settings of `render`; also says how many photos to render at once.
    ///
    /// # Errors
    /// All that is wrong, not only the first of it.
    pub fn for_batch(args: &RenderArgs) -> Result<(Self, usize), ConfigErrors> {
        let mut read = Reader::default();
        let config = rendering(&mut read, &args.rendering, false);
        // Nothing else has to run beside a batch that somebody waits for, so it takes every core.
        let at_once = read.count_or("WORKER_CONCURRENCY", &args.worker_concurrency, cores());
        let model = ModelSettings { threads: THREADS_PER_RENDER, ..config.model };
        read.finish((Self { model, ..config }, at_once))
    }

    /// The recipe in the sizes of these settings.
    pub fn sized(&self, recipe: Recipe) -> Recipe {
        let (preview_long_edge, print_long_edge) = (self.preview_long_edge, self.print_long_edge);
        Recipe { preview_long_edge, print_long_edge, quality_policy: self.quality_policy, ..recipe }
    }
}

pub(super) fn rendering(
    read: &mut Reader,
    settings: &RenderingSettings,
    remote_model: bool,
) -> RenderingConfig {
    // A multiple of 5 keeps the width, four fifths of it, whole.
    let mut edge = |name: &str, text: &str| {
        let pixels: u32 = read.whole(name, text, 100, 6000);
        if !pixels.is_multiple_of(5) {
            read.errors
                .push(format!("{name} is {pixels}; it must be a multiple of 5, as the width is 4/5 of it"));
        }
        pixels
    };
    let preview_long_edge = edge("PREVIEW_LONG_EDGE", &settings.preview_long_edge);
    let print_long_edge = edge("PRINT_LONG_EDGE", &settings.print_long_edge);
    let quality_policy = match settings.quality_policy.trim() {
        "enforce" => QualityPolicy::Enforce,
        "warn" => QualityPolicy::Warn,
        other => {
            read.errors.push(format!("QUALITY_POLICY is {other:?}; it must be \"enforce\" or \"warn\""));
            QualityPolicy::Enforce
        }
    };
    let path = Some(settings.matting_model_path.trim()).filter(|p| !p.is_empty()).map(PathBuf::from);
    if let Some(missing) = path.as_ref().filter(|p| !p.is_file()) {
        read.errors.push(format!("MATTING_MODEL_PATH names {}, which is not a file", missing.display()));
    }
    let profile = Some(settings.matting_model_profile.trim()).filter(|name| !name.is_empty());
    if let Some(Err(unknown)) = profile.map(headshot_pipeline::profile) {
        read.errors.push(format!("MATTING_MODEL_PROFILE: {unknown}"));
    }
    if profile.is_some() && path.is_none() && !remote_model {
        read.errors.push(
            "MATTING_MODEL_PROFILE describes another model, and there is none: MATTING_MODEL_PATH or \
             MATTING_MODEL_GCS must name it"
                .into(),
        );
    }
    let profile = profile.map(str::to_owned);
    let model = ModelSettings {
        path,
        profile,
        cuda: cuda(read, settings),
        threads: THREADS_PER_RENDER,
        without: None,
    };
    RenderingConfig { preview_long_edge, print_long_edge, quality_policy, model }
}

fn cuda(read: &mut Reader, settings: &RenderingSettings) -> Cuda {
    let wanted = match settings.ort_cuda.trim() {
        "1" | "true" => true,
        "" | "0" | "false" => false,
        other => {
            read.errors.push(format!("ORT_CUDA is {other:?}; it must be 0 or 1"));
            false
        }
    };
    let without = match settings.ort_cuda_fallback.trim() {
        "refuse" => Cuda::OrRefuse,
        "cpu" => Cuda::OrCpu,
        other => {
            read.errors.push(format!("ORT_CUDA_FALLBACK is {other:?}; it must be \"refuse\" or \"cpu\""));
            Cuda::OrRefuse
        }
    };
    if wanted { without } else { Cuda::Off }
}
