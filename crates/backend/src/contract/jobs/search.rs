use headshot_core::{Status, Tenant};
use jiff::Timestamp;

/// What support looks for: jobs of one tenant, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSearch {
    /// Whose jobs.
    pub tenant: Tenant,
    /// Only those that stand like this.
    pub status: Option<Status>,
    /// Only those of this order.
    pub order_id: Option<String>,
    /// Only those that were accepted at that time or later.
    pub since: Option<Timestamp>,
    /// Only those that were accepted before: where the last answer ended.
    pub before: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}
