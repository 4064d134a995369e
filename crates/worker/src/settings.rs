use clap::Args;
use headshot_backend::GcpArgs;

use crate::{PushArgs, WebhookArgs};

/// What `run` and `doctor` can be told, as text: from flags, else from the environment, else the default.
///
/// Nothing is judged here. [`crate::Config::new`] reads all of it and names every error at once.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address on which /livez, /readyz, /metrics and, if tasks are pushed, /pubsub/push are served
    #[arg(long, env = "HOST", default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub host: String,

    /// That address's port; 0 takes any free one
    #[arg(long, env = "PORT", default_value = "8081", value_name = "NUMBER")]
    pub port: String,

    /// Where photos, records and tasks live: `local` (one directory) or `gcp` (Google Cloud)
    #[arg(long, env = "BACKEND", default_value = "local", value_name = "NAME")]
    pub backend: String,

    /// The local backend's directory, shared with headshot-api
    #[arg(long, env = "DATA_DIR", default_value = ".data", value_name = "FOLDER")]
    pub data_dir: String,

    /// This process in records and logs; by default `w-` and some random letters
    #[arg(long, env = "WORKER_NAME", default_value = "", value_name = "NAME", hide_default_value = true)]
    pub worker_name: String,

    /// Photos rendered at the same time. One keeps one core busy and takes up to 0.7 GB (48 megapixels). By default one
    /// per core but the last, which stays free for the API beside it, and at most 8
    #[arg(
        long,
        env = "WORKER_CONCURRENCY",
        default_value = "",
        value_name = "NUMBER",
        hide_default_value = true
    )]
    pub worker_concurrency: String,

    /// How long a claim on a job lasts unless it is renewed, which happens three times in that time. A job whose worker
    /// was killed is taken up again after so long
    #[arg(long, env = "JOB_LEASE_SECONDS", default_value = "30", value_name = "SECONDS")]
    pub job_lease_seconds: String,

    /// A job that takes longer than this counts as a failed attempt
    #[arg(long, env = "JOB_TIMEOUT_SECONDS", default_value = "180", value_name = "SECONDS")]
    pub job_timeout_seconds: String,

    /// How often a job is tried before it is recorded as failed
    #[arg(long, env = "MAX_ATTEMPTS", default_value = "5", value_name = "NUMBER")]
    pub max_attempts: String,

    /// How often to look for jobs that were accepted but whose task is nowhere to be found
    #[arg(long, env = "SWEEP_INTERVAL_SECONDS", default_value = "30", value_name = "SECONDS")]
    pub sweep_interval_seconds: String,

    /// How long a job must have been left alone before the sweep publishes its task again
    #[arg(long, env = "SWEEP_UNTOUCHED_SECONDS", default_value = "60", value_name = "SECONDS")]
    pub sweep_untouched_seconds: String,

    /// How long SIGTERM waits for running jobs before it gives them back. Cloud Run kills after 10 seconds
    #[arg(long, env = "GRACE_SECONDS", default_value = "8", value_name = "SECONDS")]
    pub grace_seconds: String,

    /// Largest original that is read, as the API's own limit
    #[arg(long, env = "MAX_UPLOAD_BYTES", default_value = "50000000", value_name = "BYTES")]
    pub max_upload_bytes: String,

    /// Another matting model, fetched once from Cloud Storage: `gs://bucket/path#sha256=…`
    #[arg(
        long,
        env = "MATTING_MODEL_GCS",
        default_value = "",
        value_name = "URL",
        hide_default_value = true
    )]
    pub matting_model_gcs: String,

    /// That model's SHA-256, if it is not part of the URL
    #[arg(
        long,
        env = "MATTING_MODEL_SHA256",
        default_value = "",
        value_name = "HEX",
        hide_default_value = true
    )]
    pub matting_model_sha256: String,

    /// Folder that keeps fetched models; by default one for temporary files
    #[arg(
        long,
        env = "MODEL_CACHE_DIR",
        default_value = "",
        value_name = "FOLDER",
        hide_default_value = true
    )]
    pub model_cache_dir: String,

    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would become the help text of the whole command")]
    pub rendering: RenderingSettings,

    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub gcp: GcpArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub push: PushArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "as above")]
    pub webhooks: WebhookArgs,
}

/// The settings that decide what a picture looks like; `render` knows them too.
#[derive(Args, Clone, Debug)]
pub struct RenderingSettings {
    /// Height of the preview in pixels; its width is four fifths of it
    #[arg(long, env = "PREVIEW_LONG_EDGE", default_value = "1600", value_name = "PIXELS")]
    pub preview_long_edge: String,

    /// Height of the print master in pixels; its width is four fifths of it
    #[arg(long, env = "PRINT_LONG_EDGE", default_value = "3000", value_name = "PIXELS")]
    pub print_long_edge: String,

    /// What becomes of a photo that the gate would refuse: `enforce` refuses it, `warn` makes the headshot all the same and keeps
    /// the reason as a warning
    #[arg(long, env = "QUALITY_POLICY", default_value = "enforce", value_name = "enforce|warn")]
    pub quality_policy: String,

    /// ONNX file of another matting model; the built-in one when empty
    #[arg(
        long,
        env = "MATTING_MODEL_PATH",
        default_value = "",
        value_name = "FILE",
        hide_default_value = true
    )]
    pub matting_model_path: String,

    /// How that other model is fed and read, by the name of its kind: u2net, u2netp, silueta, isnet-general-use, birefnet,
    /// inspyrenet, modnet or rmbg. When empty, a description beside the file, inside it, or the file's own name says so
    #[arg(
        long,
        env = "MATTING_MODEL_PROFILE",
        default_value = "",
        value_name = "NAME",
        hide_default_value = true
    )]
    pub matting_model_profile: String,

    /// 1 asks for an NVIDIA GPU; what happens without one is for ORT_CUDA_FALLBACK to say
    #[arg(long, env = "ORT_CUDA", default_value = "0", value_name = "0|1")]
    pub ort_cuda: String,

    /// Where ORT_CUDA=1 and there is no usable GPU: `refuse` to start, or serve on the `cpu` and say so in /readyz, in
    /// /metrics and in the log
    #[arg(long, env = "ORT_CUDA_FALLBACK", default_value = "refuse", value_name = "refuse|cpu")]
    pub ort_cuda_fallback: String,
}
