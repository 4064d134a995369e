use headshot_core::{Failure, JobId, JobRecord, PrintSize, Reason, Status};
use jiff::Timestamp;
use serde::Serialize;

/// What is sent: that the job has ended and how. It has no links, which last an hour and need a key of their own; the shop
/// asks for the job when it wants the pictures. The bytes are the same at every attempt.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    job_id: JobId,
    order_id: Option<&'a str>,
    status: Status,
    recipe: &'a str,
    error: Option<&'a Failure>,
    quality: Option<Verdict<'a>>,
    created_at: Timestamp,
    finished_at: Timestamp,
}

/// The verdict on the photo, without its measurements.
#[derive(Serialize)]
struct Verdict<'a> {
    pass: bool,
    reasons: &'a [Reason],
    largest_sharp_print: Option<PrintSize>,
}

/// The body that tells of a job's end.
pub(super) fn payload(record: &JobRecord) -> serde_json::Result<Vec<u8>> {
    let finished_at = record.finished_at.unwrap_or(record.updated_at);
    serde_json::to_vec(&Payload {
        kind: if record.status == Status::Done { "headshot.done" } else { "headshot.failed" },
        timestamp: finished_at,
        data: Data {
            job_id: record.job_id,
            order_id: record.order_id.as_deref(),
            status: record.status,
            recipe: &record.recipe,
            error: record.error.as_ref(),
            quality: record.quality.as_ref().map(|quality| Verdict {
                pass: quality.pass,
                reasons: &quality.reasons,
                largest_sharp_print: quality.largest_sharp_print,
            }),
            created_at: record.created_at,
            finished_at,
        },
    })
}

#[cfg(test)]
mod tests {
    use headshot_core::{Metric, Quality, Severity, Upload};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn it_says_how_the_job_ended_and_holds_no_link() {
        let upload = Upload {
            file_name: Some("rex.jpg".into()),
            content_type: "image/jpeg".into(),
            bytes: 1,
            sha256: "0".into(),
            width: 1,
            height: 1,
        };
        let then = Timestamp::UNIX_EPOCH;
        let reason = Reason {
            code: "soft".into(),
            severity: Severity::Warn,
            message: "The photo is a little soft.".into(),
        };
        let metric = Metric { name: "sharpness".into(), value: 0.5 };
        let accepted = JobRecord::accepted(JobId::new(), upload, "headshot,look=soft", then, then);
        let record = JobRecord {
            status: Status::Done,
            order_id: Some("#1001\r\nX-Evil: \"1\"".into()),
            quality: Some(Quality::new(vec![metric], vec![reason])),
            finished_at: Some(then),
            ..accepted
        };
        let body: Value = serde_json::from_slice(&payload(&record).unwrap()).unwrap();
        assert_eq!(
            body,
            json!({
                "type": "headshot.done",
                "timestamp": "1970-01-01T00:00:00Z",
                "data": {
                    "job_id": record.job_id, "order_id": "#1001\r\nX-Evil: \"1\"", "status": "done",
                    "recipe": "headshot,look=soft", "error": null,
                    "quality": {
                        "pass": true,
                        "reasons": [{"code": "soft", "severity": "warn", "message": "The photo is a little soft."}],
                        "largest_sharp_print": null,
                    },
                    "created_at": "1970-01-01T00:00:00Z", "finished_at": "1970-01-01T00:00:00Z",
                },
            })
        );
    }
}
