use serde::{Deserialize, Serialize};

/// What the pipeline thinks of a photo, as it stands in the record and in the answer to the customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// False when any reason is a [`Severity::Reject`].
    pub pass: bool,
    /// Everything that was measured, whether or not it led to a reason.
    pub metrics: Vec<Metric>,
    /// What is wrong or could be better; empty for a photo with nothing to say about.
    pub reasons: Vec<Reason>,
}

/// One measured number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What was measured, in snake case with the unit at the end, such as `head_long_edge_px`.
    pub name: String,
    /// The value.
    pub value: f64,
}

/// One thing to say about a photo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable machine-readable code, such as `no_pet_found`.
    pub code: String,
    /// Whether it stops the job.
    pub severity: Severity,
    /// A sentence for the customer.
    pub message: String,
}

/// How much a [`Reason`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The headshot is made; the customer is told.
    Warn,
    /// No headshot can be made of this photo.
    Reject,
}

impl Quality {
    /// Puts measurements and reasons together; the photo passes when no reason rejects it.
    pub fn new(metrics: Vec<Metric>, reasons: Vec<Reason>) -> Self {
        let pass = reasons.iter().all(|r| r.severity != Severity::Reject);
        Self { pass, metrics, reasons }
    }

    /// The first reason that stops the job, if any.
    pub fn rejection(&self) -> Option<&Reason> {
        self.reasons.iter().find(|r| r.severity == Severity::Reject)
    }
}
