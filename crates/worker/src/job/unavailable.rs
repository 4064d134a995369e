use std::fmt;

/// A service that did not answer, and what it was asked for. As an error's context: the job is not to blame.
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
