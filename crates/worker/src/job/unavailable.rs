use std::fmt;

/// What was being done when a service did not answer. As the context of an error it says that the job is not to blame.
#[derive(Debug)]
pub struct Unavailable {
    /// What did not answer, for support.
    pub(super) service: &'static str,
    doing: String,
}

impl Unavailable {
    pub(super) fn storage(doing: impl Into<String>) -> Self {
        Self { service: "storage", doing: doing.into() }
    }

    pub(super) fn records(doing: impl Into<String>) -> Self {
        Self { service: "the database of records", doing: doing.into() }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}
