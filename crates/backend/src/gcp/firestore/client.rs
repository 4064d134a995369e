//! The database, and calls of it that are repeated for as long as there is time.

use std::sync::Arc;
use std::time::Duration;

use firestore::errors::FirestoreError;
use firestore::timestamp_utils::from_timestamp;
use firestore::{FirestoreDb, FirestoreDbOptions, FirestoreDocument, FirestoreWritePrecondition};
use futures_util::{FutureExt, StreamExt};
use google_cloud_auth::credentials::anonymous;

use super::retry::{Patience, is_unanswered};
use crate::gcp::emulator::emulator_url;
use crate::gcp::renewable::Renewable;
use crate::settings::GcpSettings;

/// How long one request may take. A call may consist of several.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// A client, made when it is first used and again after it has gone unanswered.
pub(super) struct Firestore {
    client: Renewable<FirestoreDb, FirestoreError>,
}

impl Firestore {
    pub(super) fn new(settings: &GcpSettings) -> Self {
        let options = FirestoreDbOptions::new(settings.project_id.clone())
            .with_database_id(settings.firestore_database.clone())
            .with_request_timeout(REQUEST_TIMEOUT)
            // The crate waits for seconds between its tries; ours fit into the time that a call has.
            .with_max_retries(0);
        let options = match &settings.firestore_emulator {
            Some(host) => options.with_firebase_api_url(emulator_url(host)),
            None => options,
        };
        let emulated = settings.firestore_emulator.is_some();
        Self { client: Renewable::new(move || connect(options.clone(), emulated).boxed()) }
    }

    /// The client, for one request.
    pub(super) async fn db(&self) -> Result<Arc<FirestoreDb>, FirestoreError> {
        self.client.get().await
    }

    /// Runs `request` until it is answered, or another try cannot help, or the time is up.
    pub(super) async fn call<T, F>(&self, request: impl Fn() -> F) -> Result<T, FirestoreError>
    where
        F: Future<Output = Result<T, FirestoreError>>,
    {
        let mut patience = Patience::new();
        loop {
            match patience.limit(request()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => self.again(&mut patience, error).await?,
            }
        }
    }

    /// Waits before the next try of a call that failed.
    ///
    /// # Errors
    /// The given error, if another try cannot help or if the time is up.
    pub(super) async fn again(
        &self,
        patience: &mut Patience,
        error: FirestoreError,
    ) -> Result<(), FirestoreError> {
        self.failed(&error);
        patience.after(error).await
    }

    /// A client whose request got no answer is not used again.
    pub(super) fn failed(&self, error: &FirestoreError) {
        if is_unanswered(error) {
            self.client.unanswered();
        }
    }

    /// Reads a document in the way that tells a missing document from a missing database: with the latter,
    /// every job would seem never to have existed.
    pub(super) async fn fetch(
        &self,
        collection: &str,
        id: String,
    ) -> Result<Option<FirestoreDocument>, FirestoreError> {
        let db = self.db().await?;
        let mut found = db.fluent().select().by_id_in(collection).batch_with_errors([id]).await?;
        match found.next().await {
            Some(answer) => Ok(answer?.1),
            None => Ok(None),
        }
    }
}

/// The condition that a document is still as it was read.
pub(super) fn unchanged(read: &FirestoreDocument) -> Result<FirestoreWritePrecondition, FirestoreError> {
    Ok(match read.update_time {
        Some(at) => FirestoreWritePrecondition::UpdateTime(from_timestamp(at)?),
        None => FirestoreWritePrecondition::Exists(true),
    })
}

async fn connect(options: FirestoreDbOptions, emulated: bool) -> Result<FirestoreDb, FirestoreError> {
    if emulated {
        // It asks for no credentials.
        FirestoreDb::with_options_auth(options, anonymous::Builder::new().build()).await
    } else {
        FirestoreDb::with_options(options).await
    }
}
