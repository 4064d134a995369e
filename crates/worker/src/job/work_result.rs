use headshot_backend::Finish;
use headshot_pipeline::Rejection;

/// What came of working on a job.
pub enum WorkResult {
    /// Everything is stored and may be recorded.
    Headshot(Box<Finish>),
    /// The photo can never become a headshot.
    Refusal(Rejection),
    /// The claim was gone before the result was stored, so it was not.
    ClaimLost,
}
