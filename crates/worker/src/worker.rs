use std::sync::Arc;

use headshot_backend::Backend;

use crate::render::Render;
use crate::{Config, Metrics, Phases, VitalSigns};

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
    pub vital_signs: VitalSigns,
    /// How far the process is on its way out.
    pub phases: Phases,
}
