//! Whether Pub/Sub pushes tasks, and how it is known.

use headshot_backend::settings::{Reader, declare_settings, keys_published_at, keys_url, parsed, text};
use headshot_backend::{BackendSettings, PushSettings};

declare_settings! {
    /// What a worker has to be told that Pub/Sub pushes tasks to.
    pub(super) PUSH under "Push (BACKEND=gcp)":

    /// Takes the tasks that Pub/Sub posts to /pubsub/push with tokens for this audience, as the push
    /// subscription names it. PUBSUB_SUBSCRIPTION need not be set then; where it is, tasks are pulled as
    /// well
    PUSH_AUDIENCE: String = text().value("URL"),
    /// E-mail address of the service account that the push subscription signs with; nobody else's tokens
    /// are accepted
    PUSH_SERVICE_ACCOUNT: String =
        parsed("must be the e-mail address of a service account", account).value("EMAIL"),
    /// Where the keys of tokens are published, in the place of Google's, for tests; refused on Cloud Run
    PUSH_KEYS_URL: String = keys_url().value("URL"),
}

/// Whether anything of it is set.
pub(super) fn is_set(read: &Reader) -> bool {
    [PUSH_AUDIENCE, PUSH_SERVICE_ACCOUNT, PUSH_KEYS_URL].iter().any(|setting| read.is_set(setting))
}

/// `None` where nothing is pushed.
pub(super) fn push(read: &mut Reader, backend: &BackendSettings) -> Option<PushSettings> {
    if !is_set(read) {
        return None;
    }
    if matches!(backend, BackendSettings::Local(_)) {
        read.wrong("PUSH_* is set, but only Pub/Sub pushes: BACKEND must be \"gcp\" then");
    }
    for (setting, other) in
        [(&PUSH_AUDIENCE, "PUSH_SERVICE_ACCOUNT"), (&PUSH_SERVICE_ACCOUNT, "PUSH_AUDIENCE")]
    {
        if !read.is_set(setting) {
            let name = setting.about.name;
            read.wrong(format!("{name} is not set; pushed tasks are only taken where it and {other} are"));
        }
    }
    let keys_url = keys_published_at(read, &PUSH_KEYS_URL);
    let (audience, account) = (read.optional(&PUSH_AUDIENCE), read.optional(&PUSH_SERVICE_ACCOUNT));
    Some(PushSettings { audience: audience?, service_account: account?, keys_url })
}

fn account(text: &str) -> Option<String> {
    let (who, domain) = text.split_once('@')?;
    let fits = !who.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace);
    fits.then(|| text.into())
}
