use serde::{Deserialize, Serialize};

/// What the pipeline thinks of a photo, as it stands in the record and in the answer to the customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quality {
    /// False when any reason is a [`Severity::Reject`].
    pub pass: bool,
    /// Everything that was measured, whether or not it led to a reason.
    pub metrics: Vec<Metric>,
    /// What is wrong or could be better; empty for a photo with nothing to say about.
    pub reasons: Vec<Reason>,
    /// The largest paper on which the print master is still sharp; `None` when that is not even the smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub largest_sharp_print: Option<PrintSize>,
}

/// Papers that portraits are sold on, by their inches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PrintSize {
    /// 4 × 5 inches.
    #[serde(rename = "4x5in")]
    In4x5,
    /// 5 × 7 inches.
    #[serde(rename = "5x7in")]
    In5x7,
    /// 8 × 10 inches.
    #[serde(rename = "8x10in")]
    In8x10,
    /// 11 × 14 inches.
    #[serde(rename = "11x14in")]
    In11x14,
}

/// What becomes of a photo that the gate would refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityPolicy {
    /// It is refused.
    #[default]
    Enforce,
    /// It is made all the same, as far as there is an animal in it, and the reason stays as a warning.
    Warn,
}

impl PrintSize {
    /// Every size, the smallest first.
    pub const LADDER: [Self; 4] = [Self::In4x5, Self::In5x7, Self::In8x10, Self::In11x14];

    /// The paper's width in inches. A 4:5 portrait fills it: no paper of the ladder is wider than 4:5.
    pub fn width_inches(self) -> u32 {
        match self {
            Self::In4x5 => 4,
            Self::In5x7 => 5,
            Self::In8x10 => 8,
            Self::In11x14 => 11,
        }
    }
}

/// One measured number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Metric {
    /// What was measured, in snake case with the unit at the end, such as `head_long_edge_px`.
    pub name: String,
    /// The value.
    pub value: f64,
}

/// One thing to say about a photo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
        Self { pass, metrics, reasons, largest_sharp_print: None }
    }

    /// The same with every rejection turned into a warning.
    pub fn only_warning(mut self) -> Self {
        for reason in &mut self.reasons {
            reason.severity = Severity::Warn;
        }
        self.pass = true;
        self
    }

    /// The first reason that stops the job, if any.
    pub fn rejection(&self) -> Option<&Reason> {
        self.reasons.iter().find(|r| r.severity == Severity::Reject)
    }
}
