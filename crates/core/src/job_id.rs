use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The identity of one headshot job: a random (version 4) UUID, written in lower case with hyphens.
///
/// Random ids double as Firestore document names: they spread over the key range and cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
pub struct JobId(Uuid);

/// A string that is not a job id.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("not a job id: expected a version 4 UUID with hyphens")]
pub struct InvalidJobId;

impl JobId {
    /// A new random id.
    #[expect(clippy::new_without_default, reason = "each id is different; a default would mislead")]
    pub fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    /// Accepts hyphenated UUIDs in either case, as RFC 9562 asks of whoever reads them: Swift prints them in capitals.
    /// Written they are always in lower case, so that one job has exactly one path and document name.
    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let uuid = Uuid::try_parse(text).map_err(|_| InvalidJobId)?;
        let id = Self(uuid);
        let hyphenated = uuid.get_version_num() == 4 && id.to_string().eq_ignore_ascii_case(text);
        if hyphenated { Ok(id) } else { Err(InvalidJobId) }
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidJobId;

    fn try_from(text: String) -> Result<Self, InvalidJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_reads_back() {
        let id = JobId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn capitals_are_read_and_written_in_lower_case() {
        let id = JobId::new();
        let read: JobId = id.to_string().to_uppercase().parse().unwrap();
        assert_eq!((read, read.to_string()), (id, id.to_string()));
    }

    #[test]
    fn other_spellings_are_no_ids() {
        let id = JobId::new().to_string();
        let hostile = ["", "..", "../etc/passwd", "not-an-id", "00000000-0000-0000-0000-000000000000"];
        let other_spellings = [id.replace('-', ""), format!("{{{id}}}"), format!("{id} ")];
        for text in hostile.into_iter().map(String::from).chain(other_spellings) {
            assert_eq!(text.parse::<JobId>(), Err(InvalidJobId), "{text:?}");
        }
    }
}
