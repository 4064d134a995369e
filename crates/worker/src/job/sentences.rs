//! What support and customers read.

use std::time::Duration;

use headshot_backend::Made;
use headshot_core::{Failure, JobRecord, Quality};
use jiff::Timestamp;

/// What a customer reads when it is our fault.
pub fn gave_up() -> Failure {
    Failure {
        code: "internal".into(),
        message: "Something went wrong on our side and your headshot could not be made. Please try again, or write to \
                  us and we will look after it."
            .into(),
    }
}

/// The pictures are there.
pub fn done(attempt: u32, took: Duration, made: &Made, quality: &Quality) -> String {
    let seconds = took.as_secs_f64();
    let attempt = ordinal(attempt);
    let enlarged = quality.metrics.iter().find(|metric| metric.name == "print_enlargement");
    // What rounds to once is not enlarged.
    let enlarged = enlarged.map(|metric| metric.value).filter(|times| *times >= 1.05);
    let enlarged = enlarged.map(|times| format!("; the print was enlarged {times:.1} times"));
    let enlarged = enlarged.unwrap_or_default();
    match made {
        Made::Rendered { .. } => format!("Rendered in {seconds:.1} s on the {attempt} attempt{enlarged}."),
        Made::Taken { from } => format!(
            "Copied in {seconds:.1} s on the {attempt} attempt from job {from}, which has the same pictures{enlarged}."
        ),
    }
}

/// The photo cannot become a headshot.
pub fn refused(code: &str, why: &str, recipe: &str) -> String {
    match code {
        "photo_expired" => "The photo was deleted after its time, before this picture was made.".into(),
        "unknown_recipe" => format!("Not made: we do not know the recipe {recipe}."),
        _ => format!("The photo was refused: {why}"),
    }
}

/// An attempt failed, and there are more.
pub fn will_retry(attempt: u32, of: u32, now: Timestamp, why: &str) -> String {
    let (next, clock) = (ordinal(attempt.saturating_add(1)), clock(now, now));
    format!(
        "Waiting for the {next} of {of} attempts since {clock}, the {} failed. What happened: {}.",
        ordinal(attempt),
        short(why)
    )
}

/// A service did not answer. The attempt does not count, and is repeated.
pub fn put_off(record: &JobRecord, now: Timestamp, service: &str, why: &str) -> String {
    // The record as it was claimed: from the second attempt on, its start was another one's.
    let start = record.started_at.filter(|_| record.attempt == 1);
    let since = clock(start.unwrap_or(record.updated_at), now);
    format!(
        "Waiting for the {} attempt since {since}, {service} did not answer; it is tried again by itself. What \
         happened: {}.",
        ordinal(record.attempt),
        short(why)
    )
}

/// The last attempt failed.
pub fn given_up(attempts: u32, why: &str) -> String {
    format!(
        "Given up after {attempts} {}; the photo itself was not refused. What happened: {}.",
        if attempts == 1 { "attempt" } else { "attempts" },
        short(why)
    )
}

/// The worker has to stop.
pub fn given_back(worker: &str) -> String {
    format!("Worker {worker} was stopped (a new version or fewer machines); another one takes over.")
}

/// `first`, `second`; from the sixth on with digits.
pub fn ordinal(number: u32) -> String {
    let words = ["first", "second", "third", "fourth", "fifth"];
    let word = usize::try_from(number).ok().and_then(|number| words.get(number.checked_sub(1)?));
    word.map_or_else(|| format!("{number}th"), |word| (*word).to_owned())
}

/// With the date if that is another one than now.
fn clock(at: Timestamp, now: Timestamp) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let format = if day(at) == day(now) { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.strftime(format).to_string()
}

/// Errors carry a chain of causes; a sentence for people needs no more than its beginning.
fn short(why: &str) -> String {
    const MOST: usize = 300;
    let why = why.trim_end_matches('.');
    if why.chars().count() <= MOST { why.into() } else { why.chars().take(MOST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use headshot_core::{JobId, Metric, Upload};

    use super::*;

    fn quality(enlargement: f64) -> Quality {
        Quality::new(vec![Metric { name: "print_enlargement".into(), value: enlargement }], Vec::new())
    }

    #[test]
    fn a_finished_job_says_what_a_person_would() {
        let (made, took) = (Made::Rendered { key: String::new() }, Duration::from_millis(620));
        assert_eq!(
            done(1, took, &made, &quality(1.84)),
            "Rendered in 0.6 s on the first attempt; the print was enlarged 1.8 times."
        );
        assert_eq!(done(2, took, &made, &quality(0.7)), "Rendered in 0.6 s on the second attempt.");
        let from = JobId::new();
        let copied = done(1, took, &Made::Taken { from }, &quality(0.7));
        assert_eq!(
            copied,
            format!("Copied in 0.6 s on the first attempt from job {from}, which has the same pictures.")
        );
    }

    #[test]
    fn a_job_that_waits_says_for_what_and_since_when() {
        let then: Timestamp = "2026-11-20T14:02:59Z".parse().expect("a time");
        let upload = Upload {
            file_name: None,
            content_type: "image/jpeg".into(),
            bytes: 1,
            sha256: String::new(),
            width: 1,
            height: 1,
        };
        let record = JobRecord::accepted(JobId::new(), upload, "headshot", then, then);
        // The first attempt began a day before.
        let before: Timestamp = "2026-11-19T23:50:00Z".parse().expect("a time");
        let record = JobRecord { attempt: 2, started_at: Some(before), ..record };
        assert_eq!(
            put_off(&record, then, "storage", "fetching the original: no answer"),
            "Waiting for the second attempt since 14:02 UTC, storage did not answer; it is tried again by itself. What \
             happened: fetching the original: no answer."
        );
        let record = JobRecord { attempt: 1, ..record };
        let since_yesterday = put_off(&record, then, "storage", "no answer");
        assert!(
            since_yesterday.contains("the first attempt since 2026-11-19 23:50 UTC"),
            "{since_yesterday}"
        );
        assert_eq!(
            will_retry(1, 5, then, "the disk hiccuped."),
            "Waiting for the second of 5 attempts since 14:02 UTC, the first failed. What happened: the disk hiccuped."
        );
        assert_eq!(ordinal(6), "6th");
    }

    #[test]
    fn what_is_not_made_says_whose_fault_it_is() {
        assert_eq!(refused("no_pet", "We see no pet.", "headshot"), "The photo was refused: We see no pet.");
        assert_eq!(
            refused("photo_expired", "Please send it again.", "headshot"),
            "The photo was deleted after its time, before this picture was made."
        );
        assert_eq!(
            refused("unknown_recipe", "We make no such picture.", "poster"),
            "Not made: we do not know the recipe poster."
        );
        assert!(given_up(1, "no luck").starts_with("Given up after 1 attempt; "));
        assert!(given_up(5, "no luck").starts_with("Given up after 5 attempts; "));
    }
}
