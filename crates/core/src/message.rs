use serde::{Deserialize, Serialize};

use crate::JobId;

/// The task that the API hands to the worker. Trace context travels beside it, in the message's attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskMessage {
    /// Version of this schema; [`TaskMessage::VERSION`] is the only one there is.
    pub v: u32,
    /// The job to render.
    pub job_id: JobId,
    /// The bucket that holds the original.
    pub orig_bucket: String,
    /// The original's object name inside the bucket.
    pub orig_key: String,
}

/// A message body that this worker cannot act on, however often it is delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskMessageError {
    /// Not JSON, or not of this shape.
    #[error("the message is not a task: {0}")]
    Malformed(String),
    /// Written by a newer API than this worker knows.
    #[error("the message has schema version {0}, this worker knows version {known}", known = TaskMessage::VERSION)]
    UnknownVersion(u64),
}

impl TaskMessage {
    /// The schema version this code writes and reads.
    pub const VERSION: u32 = 1;

    /// The message as it travels.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a struct of strings and numbers always serialises")
    }

    /// Reads a message body.
    ///
    /// # Errors
    /// The version is looked at first, so that a newer schema is told apart from garbage.
    pub fn from_json(body: &[u8]) -> Result<Self, TaskMessageError> {
        let malformed = |e: serde_json::Error| TaskMessageError::Malformed(e.to_string());
        let value: serde_json::Value = serde_json::from_slice(body).map_err(malformed)?;
        match value.get("v").and_then(serde_json::Value::as_u64) {
            Some(v) if v == u64::from(Self::VERSION) => serde_json::from_value(value).map_err(malformed),
            Some(v) => Err(TaskMessageError::UnknownVersion(v)),
            None => Err(TaskMessageError::Malformed("no version field \"v\"".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_and_a_newer_one_is_told_apart_from_garbage() {
        let job_id = JobId::new();
        let task = TaskMessage {
            v: TaskMessage::VERSION,
            job_id,
            orig_bucket: "originals".into(),
            orig_key: format!("{job_id}/original"),
        };
        assert_eq!(TaskMessage::from_json(&task.to_json()), Ok(task));
        assert_eq!(TaskMessage::from_json(br#"{"v":7}"#), Err(TaskMessageError::UnknownVersion(7)));
        for garbage in [&b""[..], b"null", b"[]", b"{\"v\":1}", b"\xff\xfe", br#"{"v":1,"job_id":"../x"}"#] {
            assert!(
                matches!(TaskMessage::from_json(garbage), Err(TaskMessageError::Malformed(_))),
                "{garbage:?}"
            );
        }
    }
}
