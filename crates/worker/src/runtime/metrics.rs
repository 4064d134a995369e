use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use headshot_backend::QueueDepth;
use headshot_core::Stage;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::outcome::{JobEnded, PushRefusal, WebhookEnded};

/// What the worker counts. Cloning shares the numbers.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    jobs: Family<JobLabels, Counter>,
    push_refused: Family<RefusedLabels, Counter>,
    webhooks: Family<WebhookLabels, Counter>,
    stages: Family<StageLabels, Histogram>,
    queue_depth: Family<QueueLabels, Gauge>,
    queue_oldest: Gauge<f64, AtomicU64>,
    cuda_missing: Gauge,
    resident_memory: Gauge,
    running: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

impl Metrics {
    /// New metrics, all zero; `provider` is what ONNX Runtime runs on.
    pub fn new(provider: &str) -> Self {
        // From 2 ms, a stage with little to do, doubling to 33 s, which no healthy stage reaches.
        fn histogram() -> Histogram {
            Histogram::new((0..15).map(|n| 0.002 * f64::from(1 << n)))
        }
        let mut registry = Registry::with_prefix("headshot");
        let jobs = Family::default();
        registry.register("jobs", "Deliveries handled, by how they ended", jobs.clone());
        let push_refused = Family::default();
        registry.register(
            "push_refused",
            "Pushes refused before their task was looked at",
            push_refused.clone(),
        );
        let webhooks = Family::default();
        registry.register("webhooks", "Webhooks handled, by how that ended", webhooks.clone());
        let stages = Family::new_with_constructor(histogram as fn() -> Histogram);
        registry.register_with_unit(
            "stage",
            "Duration of one stage of one job",
            Unit::Seconds,
            stages.clone(),
        );
        let queue_depth = Family::default();
        registry.register("queue_depth", "Tasks in the queue", queue_depth.clone());
        let queue_oldest = Gauge::default();
        registry.register_with_unit(
            "queue_oldest",
            "Age of the oldest waiting task",
            Unit::Seconds,
            queue_oldest.clone(),
        );
        let running = Gauge::default();
        registry.register("jobs_running", "Jobs this worker holds right now", running.clone());
        let active_provider = Family::<ProviderLabels, Gauge>::default();
        registry.register("active_provider", "1 for what ONNX Runtime runs on", active_provider.clone());
        active_provider.get_or_create(&ProviderLabels { provider: provider.to_owned() }).set(1);
        let cuda_missing = Gauge::default();
        registry.register(
            "cuda_missing",
            "1 while photos are rendered on the CPU although ORT_CUDA=1 asks for a GPU",
            cuda_missing.clone(),
        );
        let resident_memory = Gauge::default();
        registry.register_with_unit(
            "process_resident_memory",
            "Memory of this process that is in RAM",
            Unit::Bytes,
            resident_memory.clone(),
        );
        // Every outcome is there from the start: a rate over a counter that appears late misses its first step.
        for ended in JobEnded::ALL {
            drop(jobs.get_or_create(&JobLabels { outcome: ended.as_str() }));
        }
        for reason in PushRefusal::ALL {
            drop(push_refused.get_or_create(&RefusedLabels { reason: reason.as_str() }));
        }
        for ended in WebhookEnded::ALL {
            drop(webhooks.get_or_create(&WebhookLabels { outcome: ended.as_str() }));
        }
        Self {
            registry: Arc::new(registry),
            jobs,
            push_refused,
            webhooks,
            stages,
            queue_depth,
            queue_oldest,
            cuda_missing,
            resident_memory,
            running,
        }
    }

    /// Remembers whether a GPU was asked for that cannot be used.
    pub fn cuda_is_missing(&self, missing: bool) {
        self.cuda_missing.set(missing.into());
    }

    /// Counts one delivery.
    pub fn job_ended(&self, ended: JobEnded) {
        self.jobs.get_or_create(&JobLabels { outcome: ended.as_str() }).inc();
    }

    /// Counts one push that was refused.
    pub fn push_refused(&self, reason: PushRefusal) {
        self.push_refused.get_or_create(&RefusedLabels { reason: reason.as_str() }).inc();
    }

    /// Counts one webhook that was sent, or not.
    pub fn webhook_ended(&self, ended: WebhookEnded) {
        self.webhooks.get_or_create(&WebhookLabels { outcome: ended.as_str() }).inc();
    }

    /// Records how long a stage took.
    pub fn stage_took(&self, stage: Stage, duration: Duration) {
        self.stages.get_or_create(&StageLabels { stage: stage.as_str() }).observe(duration.as_secs_f64());
    }

    /// One more (+1) or one fewer (-1) job is held.
    pub fn running_changed(&self, by: i64) {
        self.running.inc_by(by);
    }

    /// Remembers the queue's state for the next scrape.
    pub fn queue_is(&self, queue: &QueueDepth) {
        let QueueDepth { ready, delayed, leased, dead, .. } = *queue;
        for (state, number) in [("ready", ready), ("delayed", delayed), ("leased", leased), ("dead", dead)] {
            self.queue_depth
                .get_or_create(&QueueLabels { state })
                .set(i64::try_from(number).unwrap_or(i64::MAX));
        }
        self.queue_oldest.set(queue.oldest_age.unwrap_or_default().as_secs_f64());
    }

    /// Everything in the text format of OpenMetrics.
    pub fn text(&self) -> String {
        if let Some(bytes) = resident_memory() {
            self.resident_memory.set(bytes);
        }
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Linux says it in kibibytes in a line of `/proc/self/status`; elsewhere there is no such file and no number.
fn resident_memory() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
