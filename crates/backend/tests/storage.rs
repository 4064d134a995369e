//! What only Cloud Storage can do to us, tried on the fake: late workers, lost answers, outages, stalls.

mod storage {
    pub mod downloads;
    pub mod faults;
    pub mod guards;
    pub mod limits_away;
    pub mod memory;
    pub mod models;
    pub mod support;
}
