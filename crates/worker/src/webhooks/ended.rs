/// How an attempt to send a webhook ended. The names are the `outcome` of the metric `headshot_webhooks_total`.
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
