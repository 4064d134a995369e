//! Whose request it is.

use axum::http::Extensions;
use headshot_core::{JobRecord, Tenant};

/// The tenant that the request speaks for.
pub(crate) fn tenant(_extensions: &Extensions) -> Tenant {
    Tenant::anonymous()
}

/// The record, if it is the tenant's own. Another's is none: its existence is nobody else's business.
pub(crate) fn own(record: Option<JobRecord>, tenant: &Tenant) -> Option<JobRecord> {
    record.filter(|record| record.tenant == *tenant)
}
