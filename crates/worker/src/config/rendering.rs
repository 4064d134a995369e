//! What a picture looks like and which network makes it; `render` knows these settings too.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use headshot_backend::settings::{
    Complaint, Given, Group, InvalidSettings, Listed, Reader, declare_settings, number, parsed, path, text,
    truth, value_first,
};
use headshot_core::{QualityPolicy, Recipe};
use headshot_pipeline::{Cuda, ModelSettings};

declare_settings! {
    /// What decides what a picture looks like.
    pub(super) RENDERING under "":

    /// Height of the preview in pixels; its width is four fifths of it
    PREVIEW_LONG_EDGE: u32 = number(100..=6000).default("1600").value("PIXELS"),
    /// Height of the print master in pixels; its width is four fifths of it
    PRINT_LONG_EDGE: u32 = number(100..=6000).default("3000").value("PIXELS"),
    /// What becomes of a photo that the gate would refuse: `enforce` refuses it, `warn` makes the headshot
    /// all the same and keeps the reason as a warning
    QUALITY_POLICY: QualityPolicy =
        parsed("must be \"enforce\" or \"warn\"", policy).default("enforce").value("enforce|warn"),
    /// ONNX file of another matting model; the built-in one when empty
    MATTING_MODEL_PATH: PathBuf = path().value("FILE"),
    /// How that other model is fed and read, by the name of its kind: u2net, u2netp, silueta,
    /// isnet-general-use, birefnet, inspyrenet, modnet or rmbg. When empty, a description beside the file,
    /// inside it, or the file's own name says so
    MATTING_MODEL_PROFILE: String = text().value("NAME"),
    /// 1 asks for an NVIDIA GPU; what happens without one is for ORT_CUDA_FALLBACK to say
    ORT_CUDA: bool = parsed("must be 0 or 1", truth).default("0").value("0|1"),
    /// Where ORT_CUDA=1 and there is no usable GPU: `refuse` to start, or serve on the `cpu` and say so in
    /// /readyz, in /metrics and in the log
    ORT_CUDA_FALLBACK: Cuda =
        parsed("must be \"refuse\" or \"cpu\"", without_cuda).default("refuse").value("refuse|cpu"),
}

declare_settings! {
    /// How many at a time, where nothing else has to run beside them.
    BATCH under "":

    /// Photos rendered at the same time; by default one per core
    WORKER_CONCURRENCY: usize = number(1..=256).value("NUMBER"),
}

/// What begins the list of all that is wrong.
pub(super) const NOT_USABLE: &str = "the settings are not usable";

/// The settings of `render`.
#[derive(Clone, Debug)]
pub struct RenderListing;

impl Listed for RenderListing {
    const GROUPS: &'static [Group] = &[BATCH, RENDERING];
    const COMPLAINT: Complaint = value_first;
    const INVALID: &'static str = NOT_USABLE;
}

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

impl RenderingConfig {
    /// Reads the settings of `render`; also says how many photos to render at once.
    ///
    /// # Errors
    /// All that is wrong, not only the first of it.
    pub fn for_batch(settings: &Given<RenderListing>) -> Result<(Self, usize), InvalidSettings> {
        // Somebody waits for a batch, so it takes every core.
        settings
            .read(|read| (rendering(read, false), read.optional(&WORKER_CONCURRENCY).unwrap_or_else(cores)))
    }

    /// The recipe in the sizes of these settings.
    pub fn sized(&self, recipe: Recipe) -> Recipe {
        let (preview_long_edge, print_long_edge) = (self.preview_long_edge, self.print_long_edge);
        Recipe { preview_long_edge, print_long_edge, quality_policy: self.quality_policy, ..recipe }
    }
}

pub(super) fn rendering(read: &mut Reader, remote_model: bool) -> RenderingConfig {
    // A multiple of 5 keeps the width, four fifths of it, whole.
    let mut edge = |setting| {
        let pixels: u32 = read.get(setting);
        if !pixels.is_multiple_of(5) {
            let name = setting.about.name;
            read.wrong(format!("{name} is {pixels}; it must be a multiple of 5, as the width is 4/5 of it"));
        }
        pixels
    };
    RenderingConfig {
        preview_long_edge: edge(&PREVIEW_LONG_EDGE),
        print_long_edge: edge(&PRINT_LONG_EDGE),
        quality_policy: read.get(&QUALITY_POLICY),
        model: model(read, remote_model),
    }
}

fn model(read: &mut Reader, remote_model: bool) -> ModelSettings {
    let path = read.optional(&MATTING_MODEL_PATH);
    if let Some(missing) = path.as_ref().filter(|path| !path.is_file()) {
        read.wrong(format!("MATTING_MODEL_PATH names {}, which is not a file", missing.display()));
    }
    let profile = read.optional(&MATTING_MODEL_PROFILE);
    if let Some(Err(unknown)) = profile.as_deref().map(headshot_pipeline::profile) {
        read.wrong(format!("MATTING_MODEL_PROFILE: {unknown}"));
    }
    if profile.is_some() && path.is_none() && !remote_model {
        read.wrong(
            "MATTING_MODEL_PROFILE describes another model, and there is none: MATTING_MODEL_PATH or MATTING_MODEL_GCS \
             must name it",
        );
    }
    let without = read.get(&ORT_CUDA_FALLBACK);
    let cuda = if read.get(&ORT_CUDA) { without } else { Cuda::Off };
    // One render keeps one core busy, so that throughput grows with the number of jobs.
    ModelSettings { path, profile, cuda, threads: 1, without: None }
}

fn policy(text: &str) -> Option<QualityPolicy> {
    match text {
        "enforce" => Some(QualityPolicy::Enforce),
        "warn" => Some(QualityPolicy::Warn),
        _ => None,
    }
}

fn without_cuda(text: &str) -> Option<Cuda> {
    match text {
        "refuse" => Some(Cuda::OrRefuse),
        "cpu" => Some(Cuda::OrCpu),
        _ => None,
    }
}

pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}
