//! Originals and artefacts as objects of two buckets.
//!
//! Every write says which generation of the object it means to replace, and Cloud Storage refuses it (412) when another
//! one is there. An original is only ever written where there is none. How an artefact may replace another is said at
//! [`GcpBlobs::put_while`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use google_cloud_auth::credentials::anonymous;
use google_cloud_auth::signer::Signer;
use google_cloud_gax::backoff_policy::BackoffPolicyArg;
use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::exponential_backoff::ExponentialBackoffBuilder;
use google_cloud_gax::options::RequestOptionsBuilder;
use google_cloud_storage::builder::storage::WriteObject;
use google_cloud_storage::client::{Storage, StorageControl};
use google_cloud_storage::model::Object;
use google_cloud_storage::read_resume_policy::{ReadResumePolicyExt, Recommended};
use google_cloud_storage::streaming_source::Payload;
use google_cloud_wkt::FieldMask;
use headshot_core::{BlobKey, Bucket};

use super::calls::{retries, within};
use super::link_cache::Links;
use super::reader::GcpBlobReader;
use super::signing;
use super::upload::GcpBlobWriter;
use crate::contract::blobs::StillMine;
use crate::error::{BackendError, Context, Result, bail, ensure};
use crate::gcp::deadlines::{CALL_TIMEOUT, LOOK_TIMEOUT};
use crate::gcp::emulator::emulator_url;
use crate::gcp::renewable::Renewable;
use crate::settings::GcpSettings;

/// A body of known length has the time of a call, and the time that it takes at this rate, in bytes per second.
const SLOWEST_TRANSFER: u64 = 2_000_000;

/// Where signed URLs lead, as the crate that signs them has it.
const CLOUD_STORAGE: &str = "https://storage.googleapis.com";

/// How often a write starts over because somebody else wrote the same object meanwhile.
const ROUNDS: usize = 6;

/// An object name that nobody uses; asking for it says whether the bucket answers.
const NOBODY: &str = "healthz/nobody";

/// The two buckets.
#[derive(Clone)]
pub(crate) struct GcpBlobs {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    storage: Storage,
    /// Speaks gRPC. The other one speaks HTTP/1, over connections that are watched and not used again after a failure.
    control: Renewable<StorageControl, BackendError>,
    /// Without anything to sign with, everything but signing works: workers never sign.
    pub(super) signer: std::result::Result<Signer, String>,
    pub(super) links: Links,
    pub(super) emulator: Option<String>,
    originals: String,
    outputs: String,
}

/// What came of a write.
enum Written {
    Done,
    /// Another generation is there than the write was to replace.
    Refused,
}

impl GcpBlobs {
    pub(crate) async fn connect(settings: &GcpSettings) -> Result<Self> {
        let emulator = settings.storage_emulator.as_deref().map(emulator_url);
        let storage = storage(emulator.as_deref()).await?;
        let control = Renewable::new({
            let emulator = emulator.clone();
            move || control(emulator.clone()).boxed()
        });
        // What is wrong with the credentials is better heard now than at the first call.
        control.get().await?;
        let bucket = |name: &str| format!("projects/_/buckets/{name}");
        let shared = Shared {
            storage,
            control,
            signer: signing::signer(emulator.is_some()).map_err(|error| format!("{error:#}")),
            links: Links::default(),
            emulator,
            originals: bucket(&settings.bucket_original),
            outputs: bucket(&settings.bucket_output),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Begins a streaming write, which is refused at its end if there is such an object already.
    pub(crate) fn begin(&self, key: BlobKey, content_type: &str) -> GcpBlobWriter {
        GcpBlobWriter::start(|source| self.write(key, content_type, 0, source))
    }

    /// Writes a blob whole. What an artefact's key held before is replaced; an original is only written where there is
    /// none, or the same.
    pub(crate) fn put<'a>(
        &'a self,
        key: BlobKey,
        content_type: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let mut replaces = 0;
            for _ in 0..ROUNDS {
                if let Written::Done = self.insert(key, content_type, bytes.clone(), replaces).await? {
                    return Ok(());
                }
                let Some(there) = self.describe(key).await? else {
                    replaces = 0;
                    continue;
                };
                replaces = there.generation;
                // Most often it was this very write, whose answer was lost.
                let same = u64::try_from(there.size).ok() == Some(bytes.len() as u64)
                    && self.get(key, bytes.len() as u64).await?.as_ref() == Some(&bytes);
                if same && there.content_type == content_type {
                    return Ok(());
                }
                if same && self.correct_content_type(there, content_type).await? {
                    return Ok(());
                }
                ensure!(
                    same || key.bucket() == Bucket::Outputs,
                    Conflict,
                    "{} holds another photo already",
                    key.path()
                );
            }
            bail!(Conflict, "{} is written by others all the time", key.path())
        }
        .boxed()
    }

    /// Writes an artefact for somebody who may have lost the right to it, as a worker whose claim has lapsed has. False:
    /// `still_mine` said so, and nothing was written.
    ///
    /// The first attempt asks that there be no such object. If there is one, its generation is read *before* the claim
    /// is looked at, and the second attempt replaces that generation only. So a worker that lost its claim cannot damage
    /// what its successor stored: if the claim held when the late worker looked, the successor wrote after that, and the
    /// generation is no longer the one that the late worker read. The successor's write is refused if the late one came
    /// in between, and then starts over. This is also why it never leaves alone what it finds, though it be the same.
    pub(crate) fn put_while<'a>(
        &'a self,
        key: BlobKey,
        content_type: &'a str,
        bytes: Bytes,
        still_mine: &'a StillMine<'a>,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let mut replaces = 0;
            for _ in 0..ROUNDS {
                if let Written::Done = self.insert(key, content_type, bytes.clone(), replaces).await? {
                    return Ok(true);
                }
                replaces = self.describe(key).await?.map_or(0, |there| there.generation);
                if !still_mine().await? {
                    return Ok(false);
                }
            }
            bail!(Conflict, "{} is written by others all the time", key.path())
        }
        .boxed()
    }

    pub(crate) fn get(&self, key: BlobKey, limit: u64) -> BoxFuture<'_, Result<Option<Bytes>>> {
        async move {
            let path = key.path();
            let read = self.shared.storage.read_object(self.bucket(key), &path).send();
            let mut response = match within(CALL_TIMEOUT, read).await? {
                Ok(response) => response,
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(error).context(format!("reading {path}")),
            };
            let size = u64::try_from(response.object().size).unwrap_or(u64::MAX);
            let fits = |length: u64| {
                ensure!(
                    length <= limit,
                    Damaged,
                    "{path} is {length} bytes long, and {limit} are the most that are read"
                );
                Ok(())
            };
            fits(size)?;
            let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            while let Some(chunk) = within(CALL_TIMEOUT, response.next()).await? {
                bytes.extend_from_slice(&chunk.with_context(|| format!("reading {path}"))?);
                fits(bytes.len() as u64)?;
            }
            Ok(Some(bytes.into()))
        }
        .boxed()
    }

    pub(crate) fn exists(&self, key: BlobKey) -> BoxFuture<'_, Result<bool>> {
        async move { Ok(self.describe(key).await?.is_some()) }.boxed()
    }

    pub(crate) fn delete(&self, key: BlobKey) -> BoxFuture<'_, Result<()>> {
        async move {
            let control = self.shared.control.get().await?;
            let call = control.delete_object().set_bucket(self.bucket(key)).set_object(key.path());
            // To delete what is gone is no error, so it may be repeated.
            match self.answer(CALL_TIMEOUT, call.with_idempotency(true).send()).await? {
                Err(error) if !is_missing(&error) => Err(error).context(format!("deleting {}", key.path())),
                _ => Ok(()),
            }
        }
        .boxed()
    }

    pub(crate) fn open(&self, key: BlobKey) -> BoxFuture<'_, Result<Option<GcpBlobReader>>> {
        async move {
            let path = key.path();
            let read = self.shared.storage.read_object(self.bucket(key), &path).send();
            match within(CALL_TIMEOUT, read).await? {
                Ok(response) => Ok(Some(GcpBlobReader::new(response, path))),
                Err(error) if is_missing(&error) => Ok(None),
                Err(error) => Err(error).context(format!("reading {path}")),
            }
        }
        .boxed()
    }

    pub(crate) fn links_begin_with(&self) -> String {
        let endpoint = self.shared.emulator.as_deref().unwrap_or(CLOUD_STORAGE);
        let bucket = self.shared.outputs.trim_start_matches("projects/_/buckets/");
        format!("{}/{bucket}/", endpoint.trim_end_matches('/'))
    }

    /// Whether the bucket of outputs answers: both programs may read it, whereas the API may not read the originals.
    pub(crate) async fn check(&self) -> Result<()> {
        let control = self.shared.control.get().await?;
        let call = control.get_object().set_bucket(&self.shared.outputs).set_object(NOBODY);
        match self.answer(LOOK_TIMEOUT, call.send()).await? {
            Err(error) if !is_missing(&error) => {
                Err(error).context("asking for an object of GCS_BUCKET_OUTPUT")
            }
            _ => Ok(()),
        }
    }

    async fn insert(&self, key: BlobKey, content_type: &str, bytes: Bytes, replaces: i64) -> Result<Written> {
        let deadline = CALL_TIMEOUT + Duration::from_secs(bytes.len() as u64 / SLOWEST_TRANSFER);
        let write = self.write(key, content_type, replaces, bytes);
        match within(deadline, write.send_unbuffered()).await? {
            Ok(_) => Ok(Written::Done),
            Err(error) if error.http_status_code() == Some(412) => Ok(Written::Refused),
            Err(error) => Err(error).context(format!("writing {}", key.path())),
        }
    }

    fn write<T, P>(&self, key: BlobKey, content_type: &str, replaces: i64, payload: T) -> WriteObject<P>
    where
        T: Into<Payload<P>>,
    {
        self.shared
            .storage
            .write_object(self.bucket(key), key.path(), payload)
            .set_content_type(content_type)
            .set_cache_control(key.cache_control())
            .set_content_disposition(key.content_disposition())
            .set_if_generation_match(replaces)
    }

    /// What is there now.
    async fn describe(&self, key: BlobKey) -> Result<Option<Object>> {
        let control = self.shared.control.get().await?;
        let call = control.get_object().set_bucket(self.bucket(key)).set_object(key.path());
        match self.answer(CALL_TIMEOUT, call.send()).await? {
            Ok(object) => Ok(Some(object)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error).context(format!("looking at {}", key.path())),
        }
    }

    /// False: the object changed meanwhile.
    async fn correct_content_type(&self, there: Object, content_type: &str) -> Result<bool> {
        let (generation, metageneration) = (there.generation, there.metageneration);
        let control = self.shared.control.get().await?;
        let call = control
            .update_object()
            .set_object(there.set_content_type(content_type))
            .set_if_generation_match(generation)
            .set_if_metageneration_match(metageneration)
            .set_update_mask(FieldMask::default().set_paths(["content_type"]));
        match self.answer(CALL_TIMEOUT, call.send()).await? {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(Code::FailedPrecondition) => Ok(false),
            Err(error) => Err(error).context("correcting a content type"),
        }
    }

    /// The answer to a call of the control client, or that there is none.
    async fn answer<T>(
        &self,
        deadline: Duration,
        call: impl Future<Output = google_cloud_storage::Result<T>>,
    ) -> Result<google_cloud_storage::Result<T>> {
        let answer = within(deadline, call).await;
        let answered = match &answer {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => is_missing(error) || code(error) == Some(Code::FailedPrecondition),
            Err(_) => false,
        };
        if !answered {
            self.shared.control.unanswered();
        }
        answer
    }

    pub(super) fn bucket(&self, key: BlobKey) -> &str {
        match key.bucket() {
            Bucket::Originals => &self.shared.originals,
            Bucket::Outputs => &self.shared.outputs,
        }
    }
}

/// The client for bytes.
pub(super) async fn storage(emulator: Option<&str>) -> Result<Storage> {
    let mut storage = Storage::builder()
        .with_retry_policy(retries())
        .with_backoff_policy(backoff()?)
        .with_read_resume_policy(Recommended.with_attempt_limit(3))
        // One request for each upload. A resumable one could only be resumed by who still has the bytes.
        .with_resumable_upload_threshold(usize::MAX)
        // This client's share of gRPC is not used.
        .with_grpc_subchannel_count(1);
    if let Some(endpoint) = emulator {
        storage = storage.with_endpoint(endpoint).with_credentials(anonymous::Builder::new().build());
    }
    storage.build().await.context("setting up the client of Cloud Storage")
}

/// The client for everything else.
async fn control(emulator: Option<String>) -> Result<StorageControl> {
    let mut control = StorageControl::builder().with_retry_policy(retries()).with_backoff_policy(backoff()?);
    if let Some(endpoint) = emulator {
        control = control.with_endpoint(endpoint).with_credentials(anonymous::Builder::new().build());
    }
    control.build().await.context("setting up the control client of Cloud Storage")
}

fn backoff() -> Result<BackoffPolicyArg> {
    let backoff = ExponentialBackoffBuilder::new()
        .with_initial_delay(Duration::from_millis(100))
        .with_maximum_delay(Duration::from_secs(1))
        .build();
    Ok(backoff.context("the waits between attempts")?.into())
}

/// Whether the object is missing. A missing bucket is an error in the settings, and never the same.
pub(super) fn is_missing(error: &google_cloud_storage::Error) -> bool {
    let missing = error.http_status_code() == Some(404) || code(error) == Some(Code::NotFound);
    missing && !format!("{error:?}").contains("bucket does not exist")
}

fn code(error: &google_cloud_storage::Error) -> Option<Code> {
    error.status().map(|status| status.code)
}
