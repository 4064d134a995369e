//! What support and customers read.

use headshot_core::Failure;

/// What a customer reads when it is our fault.
pub fn gave_up() -> Failure {
    Failure {
        code: "internal".into(),
        message: "Something went wrong on our side and your headshot could not be made. Please try again, or write to \
                  us and we will look after it."
            .into(),
    }
}

/// The photo cannot become a headshot.
pub fn refused(why: &str) -> String {
    format!("The photo was refused: {why}")
}

/// An attempt failed, and there are more.
pub fn will_retry(attempt: u32, of: u32, why: &str) -> String {
    format!("Attempt {attempt} of {of} failed and will be repeated by itself. What happened: {}.", short(why))
}

/// A service did not answer.
pub fn put_off(why: &str) -> String {
    format!(
        "Waiting for a service that does not answer; tried again by itself. What happened: {}.",
        short(why)
    )
}

/// The last attempt failed.
pub fn given_up(attempts: u32, why: &str) -> String {
    format!(
        "Given up after {attempts} attempts; the photo itself was not refused. What happened: {}.",
        short(why)
    )
}

/// The worker has to stop.
pub fn given_back(worker: &str) -> String {
    format!("Worker {worker} was stopped (a new version or fewer machines); another one takes over.")
}

/// Errors carry a chain of causes; a sentence for people needs no more than its beginning.
fn short(why: &str) -> String {
    const MOST: usize = 300;
    let why = why.trim_end_matches('.');
    if why.chars().count() <= MOST { why.into() } else { why.chars().take(MOST).chain(['…']).collect() }
}
