//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that may be sent again makes one job.
//!
//! A request reserves its key before its body is read, renews the reservation while that takes, and answers it together
//! with the job's record, in one transaction. What a crash leaves reserved lapses within [`LEASE`]. A request that is
//! refused gives its key back: only jobs are remembered.

pub(crate) mod error;

use std::time::Duration;

use axum::http::HeaderMap;
use headshot_backend::{Answered, Begun, Idempotency};
use headshot_core::{JobId, Tenant};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::warn;

use crate::error::problem::Problem;
use crate::jobs::idempotency::error::KeyError;
use crate::limits::MAX_KEY_BYTES;
use crate::metrics::KeyOutcome;
use crate::sha256;
use crate::state::App;

/// How long a key stays reserved by a process that died.
const LEASE: Duration = Duration::from_secs(15);

/// How often a living one renews it.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// The key of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(String);

/// What a request may do.
pub(crate) enum Turn {
    /// It is the first: it makes the job, and answers the key if it brought one.
    First(Option<Reserved>),
    /// Its key has been answered: it hears the same again, if it is the same request.
    Again(Answered),
}

/// A reserved key, and the fingerprint of the request that it is to be answered for.
pub(crate) struct Reservation {
    /// The key.
    pub(crate) key: Reserved,
    /// What tells this request from another with the same key.
    pub(crate) fingerprint: String,
}

/// A key that is reserved by this request. Dropped without an answer, it is given back.
pub(crate) struct Reserved {
    keys: Idempotency,
    reservation: Option<headshot_backend::Reservation>,
    renewal: JoinHandle<()>,
}

/// What makes two requests the same: the operation, the photo and the checked fields. Not the body as it was sent, of
/// which a form's boundary is different each time.
pub(crate) struct Fingerprint(Sha256);

impl Key {
    /// The header's value: a string as structured fields have it (RFC 9651), or a bare token, as most clients send it.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, KeyError> {
        let mut values = headers.get_all("idempotency-key").iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) => value.to_str().map_err(|_| KeyError::Invalid)?,
            (Some(_), Some(_)) => return Err(KeyError::Invalid),
        };
        let key = match value.trim_matches(' ').strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => bare(value.trim_matches(' ')),
        };
        let fits = |key: &String| (1..=MAX_KEY_BYTES).contains(&key.len());
        key.filter(fits).map(|key| Some(Self(key))).ok_or(KeyError::Invalid)
    }
}

/// What stands between the quotes, the first of which is gone.
fn unquoted(text: &str) -> Option<String> {
    let (mut key, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(key),
            '\\' => key.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            c @ ' '..='~' => key.push(c),
            _ => return None,
        }
    }
}

fn bare(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',' | ';');
    text.chars().all(plain).then(|| text.to_owned())
}

/// Finds out whether the request is the first with its key.
pub(crate) async fn begin(app: &App, tenant: &Tenant, key: Option<Key>) -> Result<Turn, Problem> {
    let Some(Key(key)) = key else { return Ok(Turn::First(None)) };
    let keys = &app.backend.idempotency;
    match keys.begin(tenant, &key, LEASE).await.map_err(Problem::records)? {
        Begun::Reserved(reservation) => {
            app.metrics.idempotency_key(KeyOutcome::First);
            Ok(Turn::First(Some(Reserved::new(keys.clone(), reservation))))
        }
        Begun::InFlight { .. } => {
            app.metrics.idempotency_key(KeyOutcome::InUse);
            Err(KeyError::InUse.into())
        }
        Begun::Answered(answered) => Ok(Turn::Again(answered)),
    }
}

/// The job that the first request made, if this one is the same and the job is still there.
pub(crate) async fn repeat(app: &App, answered: &Answered, fingerprint: &str) -> Result<JobId, Problem> {
    if answered.fingerprint != fingerprint {
        app.metrics.idempotency_key(KeyOutcome::Reused);
        return Err(KeyError::Reused.into());
    }
    app.metrics.idempotency_key(KeyOutcome::Replayed);
    let job = app.backend.jobs.get(answered.job_id).await.map_err(Problem::records)?;
    job.map(|job| job.job_id).ok_or_else(|| KeyError::Erased.into())
}

/// Whether a request would only hear again what its key was answered with: it then makes no job, and no limit on jobs is
/// its concern.
pub(crate) async fn is_a_repetition(app: &App, tenant: &Tenant, headers: &HeaderMap) -> bool {
    let Ok(Some(Key(key))) = Key::of(headers) else { return false };
    // Where the store does not answer, the handler has the same trouble and says so.
    app.backend.idempotency.answered(tenant, &key).await.is_ok_and(|answered| answered.is_some())
}

impl Reserved {
    fn new(keys: Idempotency, reservation: headshot_backend::Reservation) -> Self {
        let renewal = tokio::spawn(renew(keys.clone(), reservation.clone()));
        Self { keys, reservation: Some(reservation), renewal }
    }

    /// To be named when the job's record is created.
    pub(crate) fn reservation(&self) -> Option<&headshot_backend::Reservation> {
        self.reservation.as_ref()
    }

    /// The key has been answered together with the record.
    pub(crate) fn answered(mut self) {
        self.reservation = None;
    }

    /// Gives the key back, before the client hears why it was refused and tries again.
    pub(crate) async fn release(mut self) {
        self.renewal.abort();
        if let Some(reservation) = self.reservation.take() {
            release(&self.keys, &reservation).await;
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.renewal.abort();
        let (Some(reservation), Ok(runtime)) = (self.reservation.take(), Handle::try_current()) else {
            return;
        };
        let keys = self.keys.clone();
        runtime.spawn(async move { release(&keys, &reservation).await });
    }
}

async fn release(keys: &Idempotency, reservation: &headshot_backend::Reservation) {
    if let Err(error) = keys.release(reservation).await {
        warn!(
            error = format!("{error:#}"),
            "an idempotency key could not be given back; it lapses by itself"
        );
    }
}

async fn renew(keys: Idempotency, reservation: headshot_backend::Reservation) {
    loop {
        sleep(RENEW_EVERY).await;
        match keys.renew(&reservation, LEASE).await {
            Ok(true) => {}
            // Lost or answered: what is written with it will find out.
            Ok(false) => return,
            Err(error) => {
                warn!(error = format!("{error:#}"), "an idempotency key could not be renewed; trying again");
            }
        }
    }
}

impl Fingerprint {
    /// Begins with what is done. Two calls that make the same of the same input are one operation.
    pub(crate) fn of(operation: &str) -> Self {
        Self(Sha256::new()).with("operation", Some(operation))
    }

    /// Adds one part of the request.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        for text in [Some(name), value] {
            // With its length before it, no part can be taken for two.
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            self.0.update(length.to_be_bytes());
            self.0.update(text.unwrap_or_default());
        }
        self
    }

    /// The whole, in lower-case hex.
    pub(crate) fn finish(self) -> String {
        sha256::hex(self.0)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn key(values: &[&str]) -> Result<Option<String>, KeyError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Key::of(&headers).map(|key| key.map(|Key(key)| key))
    }

    #[test]
    fn a_key_is_a_quoted_string_or_a_bare_token() {
        assert_eq!(key(&[]).unwrap(), None);
        let longest = "k".repeat(255);
        for (value, expected) in [
            ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            ("\"order 1001, try\"", "order 1001, try"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("  order:1001/#+=  ", "order:1001/#+="),
            (&longest, &longest),
        ] {
            assert_eq!(key(&[value]).unwrap().as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "k".repeat(256);
        for value in [
            "",
            " ",
            "\"\"",
            "\"",
            "\"open",
            "\"a\"b\"",
            "\"a\";p=1",
            r#""a\b""#,
            "a b",
            "a,b",
            "a;b",
            "a\"b",
            "ключ",
            "\"ключ\"",
            "a\tb",
            &long,
        ] {
            assert!(matches!(key(&[value]), Err(KeyError::Invalid)), "{value:?}");
        }
        assert!(matches!(key(&["a", "a"]), Err(KeyError::Invalid)), "two keys are none");
    }

    #[test]
    fn requests_that_differ_in_anything_have_different_fingerprints() {
        let of = |operation: &str, order: Option<&str>, recipe: Option<&str>| {
            Fingerprint::of(operation).with("order", order).with("recipe", recipe).finish()
        };
        let one = of("headshot", Some("1"), None);
        assert_eq!(one, of("headshot", Some("1"), None));
        for other in [
            of("rerender", Some("1"), None),
            of("headshot", Some("2"), None),
            of("headshot", None, Some("1")),
            of("headshot", Some(""), None),
            of("headshot", None, None),
            of("headshot", Some("1recipe"), None),
        ] {
            assert_ne!(one, other);
        }
    }
}
