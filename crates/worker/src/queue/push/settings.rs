use clap::Args;
use headshot_backend::{IdTokens, PushSettings};

/// What a worker has to be told that Pub/Sub pushes tasks to, as text: from flags, else from the environment.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Push (BACKEND=gcp)")]
pub struct PushArgs {
    /// Takes the tasks that Pub/Sub posts to /pubsub/push with tokens for this audience, as the push subscription names
    /// it. PUBSUB_SUBSCRIPTION need not be set then; where it is, tasks are pulled as well
    #[arg(long, env = "PUSH_AUDIENCE", default_value = "", hide_default_value = true, value_name = "URL")]
    pub push_audience: String,

    /// E-mail address of the service account that the push subscription signs with; nobody else's tokens are accepted
    #[arg(
        long,
        env = "PUSH_SERVICE_ACCOUNT",
        default_value = "",
        hide_default_value = true,
        value_name = "EMAIL"
    )]
    pub push_service_account: String,

    /// Where the keys of tokens are published, in the place of Google's, for tests; refused on Cloud Run
    #[arg(long, env = "PUSH_KEYS_URL", default_value = "", hide_default_value = true, value_name = "URL")]
    pub push_keys_url: String,
}

impl PushArgs {
    /// Whether anything of it is set.
    pub fn is_set(&self) -> bool {
        [&self.push_audience, &self.push_service_account, &self.push_keys_url]
            .iter()
            .any(|value| !value.trim().is_empty())
    }

    /// Checks everything; `None` where nothing is pushed.
    ///
    /// # Errors
    /// All that is wrong, a sentence each.
    pub fn check(&self, on_cloud_run: bool) -> Result<Option<PushSettings>, Vec<String>> {
        if !self.is_set() {
            return Ok(None);
        }
        let (audience, account) = (self.push_audience.trim(), self.push_service_account.trim());
        let mut wrong = Vec::new();
        for (name, value, other) in [
            ("PUSH_AUDIENCE", audience, "PUSH_SERVICE_ACCOUNT"),
            ("PUSH_SERVICE_ACCOUNT", account, "PUSH_AUDIENCE"),
        ] {
            if value.is_empty() {
                wrong
                    .push(format!("{name} is not set; pushed tasks are only taken where it and {other} are"));
            }
        }
        let is_address = |text: &str| {
            text.split_once('@').is_some_and(|(who, domain)| !who.is_empty() && domain.contains('.'))
        };
        if !account.is_empty() && (!is_address(account) || account.contains(char::is_whitespace)) {
            wrong.push(format!(
                "PUSH_SERVICE_ACCOUNT must be the e-mail address of a service account; it is {account:?}"
            ));
        }
        let keys_url = match self.push_keys_url.trim() {
            "" => IdTokens::GOOGLE_KEYS,
            url => {
                if on_cloud_run {
                    wrong.push(
                        "PUSH_KEYS_URL is set, but this is Cloud Run, where only Google's keys count".into(),
                    );
                } else if !IdTokens::is_trustworthy(url) {
                    wrong.push(format!(
                        "PUSH_KEYS_URL must begin with https:// or with http://127.0.0.1; it is {url:?}"
                    ));
                }
                url
            }
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Some(PushSettings {
            audience: audience.into(),
            service_account: account.into(),
            keys_url: keys_url.into(),
        }))
    }
}
