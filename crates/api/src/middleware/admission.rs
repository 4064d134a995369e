//! How much is let in: the limits of keys and addresses, the quota of the month, and the backlog.
//!
//! They apply to calls that make work, which are the POSTs. Reading a job costs one read of its record, less than counting
//! it would; what bounds reads is the number of connections and of instances.

pub(crate) mod address;
pub(crate) mod backlog;
pub(crate) mod error;
pub(crate) mod failures;
pub(crate) mod headers;
pub(crate) mod quota;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headshot_backend::api_keys::Grant;
use headshot_backend::{Allowance, Taken};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use address::ClientAddress;
use error::{AdmissionError, Limit};
use quota::QuotaHold;

use crate::error::problem::Problem;
use crate::jobs::idempotency;
use crate::middleware::auth::caller::Caller;
use crate::state::App;

/// The middleware behind [`crate::middleware::auth::authenticate`] of calls whose success is a new job: they
/// need room in the backlog and in the key's month, too.
pub(crate) async fn limit_new_jobs(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    if let Err(wait) = app.backlog.check(&app.backend.jobs).await
        && !is_a_repetition(&app, sender(&request)).await
    {
        return refuse(&app, AdmissionError::Backlog(wait), &[], true);
    }
    limit(&app, request, next, true).await
}

/// The middleware of the other calls behind [`crate::middleware::auth::authenticate`].
pub(crate) async fn limit_calls(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() == Method::POST {
        limit(&app, request, next, false).await
    } else {
        next.run(request).await
    }
}

async fn limit(app: &App, mut request: Request, next: Next, makes_a_job: bool) -> Response {
    let address = request.extensions().get::<ClientAddress>();
    let grant = request.extensions().get::<Arc<Grant>>().map(Arc::as_ref);
    let mut taken: Vec<(Limit, Allowance, Taken)> = Vec::new();
    for (limit, allowance) in allowances(app, address, grant, makes_a_job) {
        let took = app.backend.limits.take(&allowance).await;
        let passes = took.granted || limit == Limit::Month && is_a_repetition(app, sender(&request)).await;
        taken.push((limit, allowance, took));
        if !passes {
            // What one limit has refused must not count towards the others.
            for earlier in taken.iter_mut().filter(|(_, _, earlier)| earlier.granted) {
                put_back(app, earlier).await;
            }
            return refuse(app, AdmissionError::Limited(limit, took.retry_after), &taken, makes_a_job);
        }
    }
    let hold = QuotaHold::default();
    if makes_a_job {
        request.extensions_mut().insert(hold.clone());
    }
    let mut response = next.run(request).await;
    let of_the_month =
        |(limit, _, taken): &&mut (Limit, Allowance, Taken)| *limit == Limit::Month && taken.granted;
    if !hold.is_taken()
        && let Some(quota) = taken.iter_mut().find(of_the_month)
    {
        put_back(app, quota).await;
    }
    headers::write(response.headers_mut(), &taken);
    response
}

/// Who sends a request, and its headers: what tells whether it is a repetition. The request itself cannot be shared while
/// something is waited for.
fn sender(request: &Request) -> Option<(Caller, HeaderMap)> {
    Some((request.extensions().get::<Caller>()?.clone(), request.headers().clone()))
}

/// Whether a request has an `Idempotency-Key` that was answered before.
async fn is_a_repetition(app: &App, sender: Option<(Caller, HeaderMap)>) -> bool {
    let Some((caller, headers)) = sender else { return false };
    idempotency::is_a_repetition(app, &caller.tenant, &headers).await
}

/// Gives back what was taken, so that the answer's headers say so, too.
async fn put_back(app: &App, (_, allowance, taken): &mut (Limit, Allowance, Taken)) {
    app.backend.limits.put_back(allowance).await;
    taken.left = taken.left.saturating_add(1).min(allowance.capacity);
}

fn refuse(app: &App, error: AdmissionError, taken: &[(Limit, Allowance, Taken)], upload: bool) -> Response {
    let problem = Problem::from(error);
    if upload {
        app.metrics.refused(&problem.code);
    }
    let mut response = problem.into_response();
    headers::write(response.headers_mut(), taken);
    response
}

fn allowances(
    app: &App,
    address: Option<&ClientAddress>,
    grant: Option<&Grant>,
    makes_a_job: bool,
) -> Vec<(Limit, Allowance)> {
    let mut allowances = Vec::new();
    let per_address = app.config.admission.per_address;
    if let Some(ClientAddress(address)) = address
        && per_address > 0
    {
        let bucket = format!("address:{address}");
        allowances.push((Limit::Address, Allowance::per_minute(bucket, per_address)));
    }
    let Some(grant) = grant else { return allowances };
    if let Some(rate) = grant.rate_per_minute {
        let bucket = format!("key:{}", grant.id);
        allowances.push((Limit::Key, Allowance::per_minute(bucket, rate.into())));
    }
    if let Some(quota) = grant.monthly_quota.filter(|_| makes_a_job) {
        let (month, ends) = month(Timestamp::now());
        let bucket = format!("month:{month}:{}", grant.id);
        allowances
            .push((Limit::Month, Allowance { bucket, capacity: quota, per_minute: 0, ends: Some(ends) }));
    }
    allowances
}

/// The calendar month in UTC, and when it ends.
fn month(now: Timestamp) -> (String, Timestamp) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let next = today.first_of_month().saturating_add(1.month());
    let ends = DateTime::from(next).to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |ends| ends.timestamp());
    (today.strftime("%Y-%m").to_string(), ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_when_the_next_begins_in_utc() {
        for (now, name, ends) in [
            ("2026-11-21T12:00:00Z", "2026-11", "2026-12-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2026-12", "2027-01-01T00:00:00Z"),
            ("2028-02-29T00:00:00Z", "2028-02", "2028-03-01T00:00:00Z"),
        ] {
            assert_eq!(month(now.parse().unwrap()), (name.to_owned(), ends.parse().unwrap()));
        }
    }
}
