mod claim;
mod erase;
mod search;
mod transition;
mod webhooks;

pub(crate) use claim::Company;
pub use claim::{Claim, Claimed, Finish, JobCounts, Made};
pub use erase::{AuditEntry, ERASE, Erased};
pub use search::JobSearch;
pub(crate) use transition::{
    Change, MOST_DOUBLINGS, approve, claim, dead_letter_sent, fail_abandoned, finish, forget_approval,
    give_back, record_time, release, renew, republish, take_back_republishing, withdraw,
};
pub use webhooks::{DisabledEndpoint, WebhookClaim};
