//! How things end: the values that the metrics' labels have.

/// How a delivery ended. The names are the `outcome` of the metric `headshot_jobs_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnded {
    /// The headshot is stored and the record is `done`.
    Done,
    /// The photo can never become a headshot; the record is `failed` and says why.
    Refused,
    /// It was tried often enough; the record is `failed` and the task is among the dead letters.
    Failed,
    /// This attempt failed, or a service was away; the task goes back and will be tried again.
    Retried,
    /// The process stops; the task goes back.
    GivenBack,
    /// Somebody else took the job over; this worker's result was thrown away.
    ClaimLost,
    /// The job had ended before, or was erased; nothing was changed.
    AlreadyFinished,
    /// Another worker holds the job; the task waits.
    HeldElsewhere,
    /// Nobody could act on this task: it is malformed, or has no record or a damaged one.
    Unusable,
}

impl JobEnded {
    /// Every way there is.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Refused,
        Self::Failed,
        Self::Retried,
        Self::GivenBack,
        Self::ClaimLost,
        Self::AlreadyFinished,
        Self::HeldElsewhere,
        Self::Unusable,
    ];

    /// The name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Retried => "retried",
            Self::GivenBack => "given_back",
            Self::ClaimLost => "claim_lost",
            Self::AlreadyFinished => "already_finished",
            Self::HeldElsewhere => "held_elsewhere",
            Self::Unusable => "unusable",
        }
    }
}

/// How an attempt to send a webhook ended. The names are the `outcome` of `headshot_webhooks_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookEnded {
    /// The endpoint has taken it.
    Delivered,
    /// It has not; it is sent again later.
    Retried,
    /// It has not, and that was the last attempt.
    GivenUp,
    /// The endpoint wants no more webhooks.
    Disabled,
}

impl WebhookEnded {
    /// Every way there is.
    pub const ALL: [Self; 4] = [Self::Delivered, Self::Retried, Self::GivenUp, Self::Disabled];

    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retried => "retried",
            Self::GivenUp => "given_up",
            Self::Disabled => "disabled",
        }
    }
}

/// Why a push was refused. The names are the `reason` of the metric `headshot_push_refused_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushRefusal {
    /// It is not from Pub/Sub.
    BadToken,
    /// Whether it is from Pub/Sub cannot be told.
    KeysUnavailable,
    /// Its body is too large.
    TooLarge,
    /// Its body does not arrive.
    TooSlow,
    /// Its body is not what Pub/Sub posts.
    Malformed,
    /// No worker slot is free.
    Busy,
    /// The worker stops.
    Stopping,
}

impl PushRefusal {
    /// Every reason there is.
    pub const ALL: [Self; 7] = [
        Self::BadToken,
        Self::KeysUnavailable,
        Self::TooLarge,
        Self::TooSlow,
        Self::Malformed,
        Self::Busy,
        Self::Stopping,
    ];

    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadToken => "bad_token",
            Self::KeysUnavailable => "keys_unavailable",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::Malformed => "malformed",
            Self::Busy => "busy",
            Self::Stopping => "stopping",
        }
    }
}
