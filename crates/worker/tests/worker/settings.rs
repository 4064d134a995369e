use clap::Parser;
use headshot_backend::BackendSettings;
use headshot_backend::settings::InvalidSettings;
use headshot_core::{QualityPolicy, Recipe};
use headshot_pipeline::Cuda;
use headshot_worker::{Cli, Command, Config, Settings};

/// The settings of these flags, where the variables of `environment` are set.
fn config(args: &[&str], environment: &[&str]) -> Result<Config, InvalidSettings> {
    let flag = |name: &&str| format!("--{}=set", name.to_lowercase().replace('_', "-"));
    let environment = environment.iter().map(flag);
    let args = ["headshot-worker"].iter().chain(args).map(|arg| (*arg).to_owned()).chain(environment);
    Config::new(&Cli::try_parse_from(args).expect("the flags exist").settings)
}

#[test]
fn every_error_is_named_at_once() {
    let flags =
        ["--port", "99999", "--max-attempts", "0", "--ort-cuda", "perhaps", "--print-long-edge", "2401"];
    let more =
        ["--job-lease-seconds", "soon", "--backend", "floppy", "--matting-model-path", "/no/such/model.onnx"];
    let errors = config(&[flags.as_slice(), &more].concat(), &[]).unwrap_err().to_string();
    for name in [
        "PORT is \"99999\"",
        "MAX_ATTEMPTS is \"0\"",
        "ORT_CUDA is \"perhaps\"",
        "PRINT_LONG_EDGE is 2401",
        "JOB_LEASE_SECONDS is \"soon\"",
        "BACKEND is \"floppy\"",
        "MATTING_MODEL_PATH names /no/such/model.onnx",
    ] {
        assert!(errors.contains(name), "{name} is missing in {errors}");
    }
}

#[test]
fn a_profile_must_be_one_there_is_and_have_a_model_to_describe() {
    let errors = config(&["--matting-model-profile", "u3net"], &[]).unwrap_err().to_string();
    for sentence in
        ["no profile \"u3net\"", "u2net, u2netp, silueta", "MATTING_MODEL_PATH or MATTING_MODEL_GCS"]
    {
        assert!(errors.contains(sentence), "{sentence} is missing in {errors}");
    }
    let url = format!("gs://models/download.onnx#sha256={}", "0".repeat(64));
    let remote = config(&["--matting-model-gcs", &url, "--matting-model-profile", "rmbg"], &[]);
    let remote = remote.expect("a profile for a model in Cloud Storage");
    assert_eq!(remote.rendering.model.profile.as_deref(), Some("rmbg"));
}

#[test]
fn without_cuda_the_worker_refuses_unless_it_may_use_the_cpu() {
    let cuda = |args: &[&str]| config(args, &[]).map(|config| config.rendering.model.cuda);
    assert_eq!(cuda(&[]), Ok(Cuda::Off));
    assert_eq!(cuda(&["--ort-cuda", "1"]), Ok(Cuda::OrRefuse));
    assert_eq!(cuda(&["--ort-cuda", "1", "--ort-cuda-fallback", "cpu"]), Ok(Cuda::OrCpu));
    assert_eq!(cuda(&["--ort-cuda-fallback", "cpu"]), Ok(Cuda::Off));
    let errors = cuda(&["--ort-cuda-fallback", "tpu"]).unwrap_err().to_string();
    assert!(errors.contains("ORT_CUDA_FALLBACK is \"tpu\""), "{errors}");
}

#[test]
fn the_gate_refuses_unless_it_may_only_warn() {
    let policy = |args: &[&str]| {
        let rendering = config(args, &[]).map(|config| config.rendering)?;
        Ok(rendering.sized(Recipe::headshot()).quality_policy)
    };
    assert_eq!(policy(&[]), Ok(QualityPolicy::Enforce));
    assert_eq!(policy(&["--quality-policy", "warn"]), Ok(QualityPolicy::Warn));
    let errors: InvalidSettings = policy(&["--quality-policy", "ignore"]).unwrap_err();
    assert!(errors.to_string().contains("QUALITY_POLICY is \"ignore\""), "{errors}");
}

#[test]
fn the_defaults_are_usable_and_each_process_has_its_own_name() {
    let (one, other) = (config(&[], &[]).expect("defaults"), config(&[], &[]).expect("defaults"));
    assert_ne!(one.jobs.worker_name, other.jobs.worker_name);
    assert!(one.jobs.concurrency >= 1);
    let BackendSettings::Local(local) = one.backend else { panic!("the default is the local backend") };
    assert!(
        local.task_lease > one.jobs.lease,
        "the task must come back after the claim has lapsed, not before"
    );
}

#[test]
fn the_local_backend_is_refused_on_cloud_run() {
    for mark in ["K_SERVICE", "CLOUD_RUN_WORKER_POOL"] {
        let errors = config(&[], &[mark]).unwrap_err().to_string();
        assert!(errors.contains(mark) && errors.contains("Cloud Run"), "{errors}");
    }
}

#[test]
fn flags_work_with_and_without_the_word_run() -> anyhow::Result<()> {
    let port = |settings: &Settings| Config::new(settings).map(|config| config.listen.port());
    let cli = Cli::try_parse_from(["headshot-worker", "run", "--port", "9"])?;
    assert!(matches!(cli.command, Some(Command::Run(settings)) if port(&settings) == Ok(9)));
    let cli = Cli::try_parse_from(["headshot-worker", "--port", "9"])?;
    assert!(cli.command.is_none() && port(&cli.settings) == Ok(9));
    Ok(())
}

#[test]
fn google_cloud_needs_its_names_and_is_all_that_cloud_run_takes() {
    let errors = config(&["--backend", "gcp", "--matting-model-gcs", "gs://models/matte.onnx"], &[]);
    let errors = errors.unwrap_err().to_string();
    let names =
        ["PROJECT_ID", "GCS_BUCKET_ORIGINAL", "GCS_BUCKET_OUTPUT", "PUBSUB_TOPIC", "PUBSUB_SUBSCRIPTION"];
    for name in names.into_iter().chain(["MATTING_MODEL_SHA256"]) {
        assert!(errors.contains(name), "{name} is missing in {errors}");
    }
    let complete = [
        ["--backend", "gcp"],
        ["--project-id", "shop-1"],
        ["--gcs-bucket-original", "shop-originals"],
        ["--gcs-bucket-output", "shop-outputs"],
        ["--pubsub-topic", "headshots"],
        ["--pubsub-subscription", "headshots-pull"],
    ];
    let config = config(&complete.concat(), &["CLOUD_RUN_WORKER_POOL"]).expect("a complete configuration");
    let BackendSettings::Gcp(gcp) = config.backend else { panic!("the backend that was asked for") };
    assert_eq!(gcp.subscription.as_deref(), Some("headshots-pull"));
}

/// A configuration of Google Cloud, without a subscription to pull from.
const GCP: [&str; 10] = [
    "--backend",
    "gcp",
    "--project-id",
    "shop-1",
    "--gcs-bucket-original",
    "shop-originals",
    "--gcs-bucket-output",
    "shop-outputs",
    "--pubsub-topic",
    "headshots",
];

const AUDIENCE: [&str; 2] = ["--push-audience", "https://worker.example/pubsub/push"];
const ACCOUNT: [&str; 2] = ["--push-service-account", "push@shop-1.iam.gserviceaccount.com"];

#[test]
fn a_worker_to_which_tasks_are_pushed_need_not_pull() {
    let pushed = [&GCP[..], &AUDIENCE, &ACCOUNT].concat();
    let worker = config(&pushed, &["K_SERVICE"]).expect("a complete configuration");
    assert!(!worker.pulls());
    let push = worker.push.expect("push is on");
    assert_eq!(push.keys_url, "https://www.googleapis.com/oauth2/v3/certs");
    let both = config(&[&pushed[..], &["--pubsub-subscription", "headshots-pull"]].concat(), &[]);
    let both = both.expect("a complete configuration");
    assert!(both.pulls() && both.push.is_some());
    let neither = config(&GCP, &[]).unwrap_err().to_string();
    assert!(neither.contains("PUBSUB_SUBSCRIPTION is not set"), "{neither}");
}

#[test]
fn push_is_refused_when_anybody_could_push() {
    let keys = ["--push-keys-url", "http://127.0.0.1:1/certs"];
    let all = [&GCP[..], &AUDIENCE, &ACCOUNT].concat();
    for (args, environment, error) in [
        ([&GCP[..], &AUDIENCE].concat(), &[][..], "PUSH_SERVICE_ACCOUNT is not set"),
        ([&GCP[..], &ACCOUNT].concat(), &[], "PUSH_AUDIENCE is not set"),
        ([&GCP[..], &keys].concat(), &[], "PUSH_AUDIENCE is not set"),
        (
            [&GCP[..], &AUDIENCE, &["--push-service-account", "me"]].concat(),
            &[],
            "must be the e-mail address",
        ),
        ([&AUDIENCE[..], &ACCOUNT].concat(), &[], "BACKEND must be \"gcp\""),
        ([&all[..], &keys].concat(), &["K_SERVICE"], "only Google's keys count"),
        ([&all[..], &["--push-keys-url", "http://keys.example/"]].concat(), &[], "must begin with https://"),
        (
            [&all[..], &["--push-keys-url", "http://127.0.0.1.example/"]].concat(),
            &[],
            "must begin with https://",
        ),
    ] {
        let errors = config(&args, environment).unwrap_err().to_string();
        assert!(errors.contains(error), "{error} is missing in {errors}");
    }
    assert!(config(&[&all[..], &keys].concat(), &[]).is_ok());
}
