//! Errors of Google's clients by kind.

use firestore::errors::FirestoreError;
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;
use google_cloud_pubsub::error::PublishError;

use crate::error::{BackendError, Cause, always};

always!(
    Unavailable: google_cloud_gax::client_builder::Error, google_cloud_auth::build_errors::Error,
    google_cloud_gax::exponential_backoff::Error, google_cloud_storage::error::SigningError, ureq::Error,
);

impl From<Error> for BackendError {
    fn from(error: Error) -> Self {
        kind(&error)(error.into())
    }
}

impl From<PublishError> for BackendError {
    fn from(error: PublishError) -> Self {
        match &error {
            PublishError::Rpc(rpc) => kind(rpc)(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

impl From<FirestoreError> for BackendError {
    fn from(error: FirestoreError) -> Self {
        let kind = match &error {
            FirestoreError::DataConflictError(_) => Self::Conflict,
            FirestoreError::DataNotFoundError(_) => Self::NotFound,
            FirestoreError::DeserializeError(_) => Self::Damaged,
            FirestoreError::DatabaseError(error) => match error.public.code.as_str() {
                "PermissionDenied" | "Unauthenticated" => Self::Denied,
                "NotFound" => Self::NotFound,
                "AlreadyExists" | "FailedPrecondition" | "Aborted" => Self::Conflict,
                _ => Self::Unavailable,
            },
            _ => Self::Unavailable,
        };
        kind(error.into())
    }
}

fn kind(error: &Error) -> fn(Cause) -> BackendError {
    match (error.http_status_code(), error.status().map(|status| status.code)) {
        (Some(401 | 403), _) | (_, Some(Code::Unauthenticated | Code::PermissionDenied)) => {
            BackendError::Denied
        }
        (Some(404), _) | (_, Some(Code::NotFound)) => BackendError::NotFound,
        (Some(409 | 412), _) | (_, Some(Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted)) => {
            BackendError::Conflict
        }
        _ => BackendError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use firestore::errors::{FirestoreDatabaseError, FirestoreErrorPublicGenericDetails as Details};
    use google_cloud_gax::error::rpc::Status;

    use super::*;

    #[test]
    fn google_says_what_it_is() {
        let of = |code| BackendError::from(Error::service(Status::default().set_code(code)));
        assert!(matches!(of(Code::PermissionDenied), BackendError::Denied(_)));
        assert!(matches!(of(Code::NotFound), BackendError::NotFound(_)));
        assert!(matches!(of(Code::FailedPrecondition), BackendError::Conflict(_)));
        assert!(matches!(of(Code::Unavailable), BackendError::Unavailable(_)));
    }

    #[test]
    fn firestore_says_what_it_is() {
        let of = |code: &str| {
            let details = Details::new(code.into());
            let error = FirestoreDatabaseError::new(details, "an example".into(), false);
            BackendError::from(FirestoreError::DatabaseError(error))
        };
        assert!(matches!(of("PermissionDenied"), BackendError::Denied(_)));
        assert!(matches!(of("NotFound"), BackendError::NotFound(_)));
        assert!(matches!(of("FailedPrecondition"), BackendError::Conflict(_)));
        assert!(matches!(of("DeadlineExceeded"), BackendError::Unavailable(_)));
    }
}
