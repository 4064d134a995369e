//! How a program knows that it is on Cloud Run.

use super::setting::{declare_settings, text};

declare_settings! {
    /// Set by Cloud Run in services and in worker pools. Its disk is memory and dies with the instance:
    /// what the local backend accepted there would be lost.
    pub(super) MARKS under "":

    /// Set by Cloud Run in services
    K_SERVICE: String = text().hidden(),
    /// Set by Cloud Run in worker pools
    CLOUD_RUN_WORKER_POOL: String = text().hidden(),
}
