//! `headshot-worker doctor`: what is wrong with this installation, and how to mend it.

use std::process::ExitCode;
use std::thread::available_parallelism;

use headshot_backend::{Backend, BackendSettings, PushGate};
use headshot_pipeline::Models;
use tokio::task::spawn_blocking;

use crate::render::model::model_settings;
use crate::render::{Pipeline, Render};
use crate::{Config, Settings};

/// Checks everything and prints a line for each. The exit code is 1 when anything is wrong.
pub async fn doctor(settings: &Settings) -> ExitCode {
    let mut findings = Findings::default();
    match Config::new(settings) {
        Err(errors) => {
            for error in errors.sentences {
                findings.wrong(
                    "settings",
                    &error,
                    "Correct it; `headshot-worker run --help` explains every setting.",
                );
            }
            findings.not_checked("storage, records, queue and model: they depend on the settings");
        }
        Ok(config) => {
            findings.fine("settings", &summary(&config));
            check_backend(&mut findings, &config).await;
            check_push(&mut findings, &config).await;
            check_model(&mut findings, &config).await;
        }
    }
    findings.conclude()
}

fn summary(config: &Config) -> String {
    let backend = match &config.backend {
        BackendSettings::Local(local) => format!("local backend in {}", local.data_dir.display()),
        BackendSettings::Gcp(gcp) => format!("Google Cloud backend in project {}", gcp.project_id),
    };
    let cores = available_parallelism().map_or(1, usize::from);
    format!(
        "{backend}, {} renders at a time on {cores} cores, probes on {}",
        config.jobs.concurrency, config.listen
    )
}

async fn check_backend(findings: &mut Findings, config: &Config) {
    let cure = match &config.backend {
        BackendSettings::Local(local) => format!(
            "Is {} writable for this user, and is there space on its disk? DATA_DIR names another folder.",
            local.data_dir.display()
        ),
        BackendSettings::Gcp(_) => {
            "Do the resources exist, and may this service account use them? docs/ says which roles it needs."
                .into()
        }
    };
    let backend = match Backend::connect(&config.backend).await {
        Ok(backend) => backend,
        Err(error) => return findings.wrong("storage, records, queue", &format!("{error:#}"), &cure),
    };
    for (name, state) in backend.check().await.parts() {
        match state {
            Ok(()) => findings.fine(name, "answers"),
            Err(problem) => findings.wrong(name, problem, &cure),
        }
    }
    if let Ok(depth) = backend.tasks.depth().await {
        let waiting = depth.ready + depth.delayed;
        findings.fine("tasks", &format!("{waiting} waiting, {} being worked on", depth.leased));
        if depth.dead > 0 {
            findings
                .note("tasks", &format!("{} dead letters; the worker's log says why for each", depth.dead));
        }
    }
}

async fn check_push(findings: &mut Findings, config: &Config) {
    let Some(push) = &config.push else { return };
    match PushGate::new(push).check().await {
        Ok(()) => findings.fine("push", &format!("tokens of {} for {}", push.service_account, push.audience)),
        Err(problem) => {
            findings.wrong("push", &problem, "May this machine make HTTPS requests to that address?");
        }
    }
}

async fn check_model(findings: &mut Findings, config: &Config) {
    let settings = match model_settings(
        config.rendering.model.clone(),
        config.remote_model.as_ref(),
        &config.backend,
    )
    .await
    {
        Ok(settings) => settings,
        Err(error) => {
            return findings.wrong(
                "model",
                &format!("{error:#}"),
                "Does the object exist, may this service account read it, and is its checksum the one that is set?",
            );
        }
    };
    match spawn_blocking(move || Pipeline::load(&settings)).await {
        Ok(Ok(pipeline)) => {
            let model = pipeline.model();
            let library = headshot_pipeline::runtime_library();
            findings.fine("onnx runtime", &format!("{}, running on {}", library.display(), model.provider));
            if let Some(reason) = pipeline.cuda_missing() {
                let allowed =
                    "ORT_CUDA=1, but CUDA cannot be used, and ORT_CUDA_FALLBACK=cpu lets it go without";
                findings.note("onnx runtime", &format!("{allowed}: {reason}"));
            }
            findings.fine("model", &described(pipeline.models()));
        }
        // The error says what to do about it.
        Ok(Err(error)) => findings.wrong("model and onnx runtime", &format!("{error:#}"), ""),
        Err(panic) => findings.wrong(
            "model and onnx runtime",
            &format!("loading broke off: {panic}"),
            "Run `make setup`, or point ORT_DYLIB_PATH at the libonnxruntime.so that it fetches.",
        ),
    }
}

/// Which model it is, and where what is known of it comes from.
fn described(models: &Models) -> String {
    let (info, description) = (models.info(), models.description());
    let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let beginning: String = info.sha256.chars().take(12).collect();
    format!(
        "{} (version {}, licence {}, sha256 {beginning}…), described {}",
        info.name,
        or_unknown(&description.version),
        or_unknown(&description.licence),
        models.described_by()
    )
}

#[derive(Default)]
struct Findings {
    wrong: usize,
}

impl Findings {
    fn fine(&self, what: &str, state: &str) {
        println!("ok     {what}: {state}");
    }

    fn note(&self, what: &str, state: &str) {
        println!("note   {what}: {state}");
    }

    fn wrong(&mut self, what: &str, problem: &str, cure: &str) {
        self.wrong += 1;
        println!("WRONG  {what}: {problem}");
        if !cure.is_empty() {
            println!("       {cure}");
        }
    }

    fn not_checked(&self, what: &str) {
        println!("       not checked: {what}");
    }

    fn conclude(self) -> ExitCode {
        match self.wrong {
            0 => {
                println!("All is well.");
                ExitCode::SUCCESS
            }
            1 => {
                println!("One thing is wrong.");
                ExitCode::FAILURE
            }
            n => {
                println!("{n} things are wrong.");
                ExitCode::FAILURE
            }
        }
    }
}
