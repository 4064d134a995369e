//! Which problems a call may answer with. Status, sentence and headers of each come from where the server itself has them, so they
//! cannot say anything else here.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use anyhow::anyhow;
use headshot_backend::DownloadRefused;
use headshot_backend::api_keys::Scope;
use headshot_core::upload::{FileKind, Format, Limits, Refusal};
use headshot_core::{Failure, InvalidWebhookUrl, JobId, Status};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::examples;
use super::headers::header;
use crate::error::problem::{self, Problem};
use crate::health::readiness::NotReady;
use crate::http::body::BodyError;
use crate::http::json::MalformedJson;
use crate::http::query::MalformedQuery;
use crate::jobs::error::JobError;
use crate::jobs::idempotency::error::KeyError;
use crate::jobs::submit::error::SubmitError;
use crate::middleware::admission::error::{AdmissionError, Limit};
use crate::middleware::auth::error::AuthError;
use crate::middleware::auth::gate::Refused;
use crate::uploads::error::UploadError;

const A_WHILE: Duration = Duration::from_secs(30);

/// Under this name a problem's codes stand beside it, for programs.
const CODES: &str = "x-problem-codes";

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $($group:expr),+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                responses([$(Vec::from($group)),+].into_iter().flatten())
            }
        }
    )+};
}

problems! {
    /// Sending a photo.
    Submitting: admission(Scope::Submit), limits(), job_limits(), photo(), body(), form(), fields(), json(), keys(), upload(), [Problem::busy(),
        JobError::Unpublished(id()).into(), MalformedQuery.into(), storage()], always();
    /// The same, and waiting for what becomes of it.
    Waiting: admission(Scope::Submit), limits(), job_limits(), photo(), body(), form(), fields(), json(), keys(), upload(), [Problem::busy(),
        JobError::Unpublished(id()).into(), MalformedQuery.into(), storage(), links(),
        failed("no_pet_found", "We could not find a dog or a cat in this photo. Please choose another one."),
        failed("internal", "Something went wrong on our side. Please send the photo again.")], always();
    /// Asking for a headshot.
    Showing: admission(Scope::Read), [Problem::no_such_headshot(), MalformedQuery.into(), JobError::InvalidWait.into(), links()],
        always();
    /// Listening to one.
    Listening: admission(Scope::Read), [Problem::no_such_headshot(), JobError::TooManyStreams.into()], always();
    /// Rendering one again.
    Rerendering: admission(Scope::Submit), limits(), job_limits(), json(), keys(), body(), [Problem::no_such_headshot(), unknown_recipe(), SubmitError::NoWebhookSecret.into(),
        invalid_webhook_url(), JobError::NotDone(id(), Status::Queued).into(), JobError::Approved(id()).into(),
        JobError::NothingToChange.into(), JobError::RecipeAndParts.into(), JobError::PhotoExpired(id()).into(), JobError::Unpublished(id()).into(),
        storage()], always();
    /// Approving one.
    Approving: admission(Scope::Submit), limits(), [Problem::no_such_headshot(), JobError::NotDone(id(), Status::Queued).into(),
        JobError::Approved(id()).into(), links()], always();
    /// Erasing one.
    Erasing: admission(Scope::Admin), [Problem::no_such_headshot(), JobError::UnderWay(id()).into(), storage()], always();
    /// Announcing a photo.
    Announcing: admission(Scope::Submit), limits(), json(), body(), [UploadError::UnsupportedType.into(), Refusal::Empty.into(),
        too_large(), links()], always();
    /// Listing jobs.
    Listing: admission(Scope::Admin), [MalformedQuery.into(), JobError::InvalidSearch("limit must be a number from 1 to 200.").into()],
        always();
    /// Trying a job again.
    Retrying: admission(Scope::Admin), limits(), [Problem::no_such_headshot(), JobError::NothingToRetry(id(), Status::Done).into(),
        SubmitError::NoWebhookSecret.into(), invalid_webhook_url(), JobError::PhotoExpired(id()).into(), JobError::Unpublished(id()).into(), storage()],
        always();
    /// Sending a webhook again.
    Resending: admission(Scope::Admin), limits(), [Problem::no_such_headshot(), JobError::NoWebhook(id()).into()], always();
    /// Following a link to a file.
    Downloading: [Problem::no_such_route(), Problem::no_such_headshot(), DownloadRefused::Expired.into(), DownloadRefused::BadSignature.into(), storage(), internal()];
    /// Following a link that takes a photo.
    Putting: [Problem::no_such_route(), DownloadRefused::Expired.into(), DownloadRefused::BadSignature.into(), UploadError::Exists.into(),
        UploadError::Mismatch("The content-type of this upload must be image/heic.".into()).into(), Problem::busy(),
        storage()], body(), always();
    /// Asking whether the service is ready.
    BeingReady: [NotReady("Not ready; down: queue.".into()).into(), internal()];
    /// Asking for something of the service's own.
    Missing: [Problem::no_such_route(), internal()];
    /// What hardly fails.
    Internal: [internal()];
}

fn admission(scope: Scope) -> Vec<Problem> {
    let refused = [
        Refused::NoCredentials,
        Refused::InvalidKey,
        Refused::Malformed,
        Refused::InvalidToken("an example"),
        Refused::TokensUnavailable("an example".into()),
    ];
    let more = [AuthError::Forbidden(scope), AuthError::LockedOut(A_WHILE)];
    refused.into_iter().map(AuthError::NotAdmitted).chain(more).map(Problem::from).collect()
}

fn limits() -> [Problem; 2] {
    [Limit::Key, Limit::Address].map(|limit| AdmissionError::Limited(limit, A_WHILE).into())
}

fn job_limits() -> [Problem; 2] {
    [AdmissionError::Limited(Limit::Month, A_WHILE), AdmissionError::Backlog(A_WHILE)].map(Problem::from)
}

fn photo() -> Vec<Problem> {
    let format = Format::Jpeg;
    let limits = Limits::default();
    let refusals = [
        Refusal::Empty,
        Refusal::TooLarge { limit_bytes: limits.bytes },
        Refusal::UnsupportedType { found: Some(FileKind::Video) },
        Refusal::Truncated { format },
        Refusal::Unreadable { format },
        Refusal::TooManyPixels { width: 20_000, height: 15_000, limit: limits.pixels },
        Refusal::BadShape {
            width: 20,
            height: 30,
            long_edge: limits.long_edge,
            min_short_edge: limits.min_short_edge,
        },
    ];
    refusals.into_iter().map(Problem::from).collect()
}

fn body() -> [Problem; 3] {
    [BodyError::TooLarge, BodyError::Idle, BodyError::Interrupted].map(Problem::from)
}

fn form() -> [Problem; 4] {
    [SubmitError::MalformedForm, SubmitError::FormTooLarge, SubmitError::MissingFile, SubmitError::SecondFile]
        .map(Problem::from)
}

fn fields() -> [Problem; 6] {
    [
        SubmitError::DuplicateField("order_id").into(),
        SubmitError::InvalidOrderId.into(),
        SubmitError::InvalidCache.into(),
        unknown_recipe(),
        invalid_webhook_url(),
        SubmitError::NoWebhookSecret.into(),
    ]
}

fn json() -> [Problem; 1] {
    let sentence = "The JSON is not as it should be: missing field `upload_id` at line 1 column 2.";
    [MalformedJson(sentence.into()).into()]
}

fn keys() -> [Problem; 4] {
    [KeyError::Invalid, KeyError::InUse, KeyError::Reused, KeyError::Erased].map(Problem::from)
}

fn upload() -> [Problem; 3] {
    [SubmitError::UploadNotFound, SubmitError::UploadMissing, SubmitError::UploadUsed(id())]
        .map(Problem::from)
}

fn always() -> [Problem; 2] {
    [Problem::records(anyhow!("an example")), internal()]
}

fn internal() -> Problem {
    Problem::internal(anyhow!("an example"))
}

fn storage() -> Problem {
    Problem::storage(anyhow!("an example"))
}

fn links() -> Problem {
    let sentence =
        "The headshot is ready, but its download links could not be made just now. Please try again.";
    Problem::unavailable("links_unavailable", sentence, anyhow!("an example"))
}

fn too_large() -> Problem {
    Refusal::TooLarge { limit_bytes: Limits::default().bytes }.into()
}

fn unknown_recipe() -> Problem {
    SubmitError::UnknownRecipe("This recipe cannot be followed: there is no such recipe.".into()).into()
}

fn invalid_webhook_url() -> Problem {
    SubmitError::InvalidWebhookUrl(InvalidWebhookUrl::NotHttps).into()
}

fn failed(code: &str, message: &str) -> Problem {
    JobError::Failed(id(), Failure { code: code.into(), message: message.into() }).into()
}

fn id() -> JobId {
    examples::id().unwrap_or_else(JobId::new)
}

/// One response for each status, which says every code that it may have.
fn responses(errors: impl Iterator<Item = Problem>) -> BTreeMap<String, RefOr<Response>> {
    let mut of_status: BTreeMap<u16, Vec<Problem>> = BTreeMap::new();
    for problem in errors {
        let known = of_status.entry(problem.status.as_u16()).or_default();
        if !known.iter().any(|other| other.code == problem.code) {
            known.push(problem);
        }
    }
    of_status
        .into_iter()
        .map(|(status, problems)| (status.to_string(), RefOr::T(response(&problems))))
        .collect()
}

fn response(problems: &[Problem]) -> Response {
    let mut description = String::new();
    for Problem { code, detail, .. } in problems {
        // Writing to a string cannot fail.
        let _ = writeln!(description, "- `{code}`: {detail}");
    }
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_ref()).collect();
    let example = problems
        .first()
        .and_then(|problem| problem::document(problem, "a3a4cf5e-b1e0-4c8e-8a8c-3d2ac0b0a001").ok());
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(problem::Document::name())))
        .example(example.and_then(|example| serde_json::from_slice(&example).ok()));
    let mut response = ResponseBuilder::new()
        .description(description.trim_end())
        .content("application/problem+json", content.build())
        .extensions(Some([(CODES, codes)].into_iter().collect()));
    for (name, is_sent) in [
        ("Retry-After", problems.iter().any(|problem| problem.retry_after.is_some())),
        ("Location", problems.iter().any(|problem| problem.job_id.is_some())),
        ("WWW-Authenticate", problems.iter().any(|problem| problem.challenge.is_some())),
    ] {
        if is_sent {
            response = response.header(name, header(name));
        }
    }
    response.build()
}
