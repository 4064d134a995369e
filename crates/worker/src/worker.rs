use std::sync::Arc;

use headshot_backend::{Backend, PushGate};

use crate::Config;
use crate::render::Render;
use crate::runtime::liveness::Liveness;
use crate::runtime::metrics::Metrics;
use crate::runtime::shutdown::Phases;
use crate::runtime::slots::Slots;
use crate::webhooks::Webhooks;

/// What every task of the process shares.
pub struct Worker {
    /// The settings.
    pub config: Config,
    /// Photos, records and tasks.
    pub backend: Backend,
    /// What makes the pictures.
    pub render: Arc<dyn Render>,
    /// What is counted.
    pub metrics: Metrics,
    /// What liveness is judged by.
    pub liveness: Liveness,
    /// The worker slots, and the jobs in them.
    pub slots: Slots,
    /// Who may push tasks; `None` where nobody may.
    pub push: Option<PushGate>,
    /// What the delivery of webhooks needs.
    pub webhooks: Webhooks,
    /// How far the process is on its way out.
    pub phases: Phases,
}
