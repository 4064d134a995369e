//! Google Cloud as a test has it: Google's own emulators of Pub/Sub and Firestore, the fake of Cloud Storage, and a line to
//! each of them that the test can cut.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use headshot_core::JobId;
use headshot_emulators::{Emulator, Queue, QueueNames, Sdk, firestore};
use headshot_fake_storage::FakeStorage;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::app::Options;
use crate::proxy::{Line, Proxy};

const ORIGINALS: &str = "shop-originals";
const OUTPUTS: &str = "shop-outputs";
const COLLECTION: &str = "headshots";

/// A project of its own. Only one test of a process has one at a time: they are heavy, and stop what they share.
pub struct Cloud {
    names: QueueNames,
    storage: Proxy,
    records: Proxy,
    queue: Proxy,
    policy: Queue,
    fake: Option<FakeStorage>,
    fake_at: SocketAddr,
    runtime: Runtime,
    folder: TempDir,
    emulators: MutexGuard<'static, Emulators>,
}

/// What the service depends on, by the names that readiness uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// Cloud Storage.
    Storage,
    /// Firestore.
    Records,
    /// Pub/Sub.
    Queue,
}

struct Emulators {
    pubsub: Emulator,
    firestore: Emulator,
}

static EMULATORS: OnceLock<Option<Mutex<Emulators>>> = OnceLock::new();

impl Dependency {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Storage, Self::Records, Self::Queue];

    /// What readiness calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Records => "records",
            Self::Queue => "queue",
        }
    }
}

impl Cloud {
    /// Waits for its turn and makes a project. `None`: the emulators are not installed, which was said loudly.
    ///
    /// # Errors
    /// Something does not start.
    pub fn start(test: &str) -> Result<Option<Self>> {
        let queue = Queue {
            retry_min: Duration::from_millis(500),
            retry_max: Duration::from_secs(5),
            max_delivery_attempts: Some(30),
        };
        Self::start_with(test, queue)
    }

    /// The same with another way to treat what is not acknowledged.
    ///
    /// # Errors
    /// As [`Cloud::start`].
    pub fn start_with(test: &str, policy: Queue) -> Result<Option<Self>> {
        let emulators = EMULATORS.get_or_init(|| {
            let sdk = Sdk::find_or_skip(test)?;
            let pubsub = Emulator::pubsub(&sdk).expect("the Pub/Sub emulator starts");
            let firestore = Emulator::firestore(&sdk).expect("the Firestore emulator starts");
            Some(Mutex::new(Emulators { pubsub, firestore }))
        });
        let Some(emulators) = emulators else { return Ok(None) };
        // A test that failed has left nothing behind that matters here.
        let emulators = emulators.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let folder = TempDir::new().context("a temporary folder")?;
        let names = QueueNames::of(&format!("test-{}", JobId::new()));
        let hosts = (emulators.firestore.host(), emulators.pubsub.host());
        let lines = async {
            let fake = FakeStorage::start_anywhere(folder.path(), &[ORIGINALS, OUTPUTS]).await?;
            let storage = Proxy::start(fake.address().to_string()).await?;
            anyhow::Ok((fake, storage, Proxy::start(hosts.0).await?, Proxy::start(hosts.1).await?))
        };
        let (fake, storage, records, queue) = runtime.block_on(lines)?;
        let fake_at = fake.address();
        let cloud = Self {
            names,
            storage,
            records,
            queue,
            policy,
            fake: Some(fake),
            fake_at,
            runtime,
            folder,
            emulators,
        };
        cloud.create_queue()?;
        Ok(Some(cloud))
    }

    /// Settings with which an app lives in this project. Its pictures are small, because no test with it is about pixels.
    pub fn options(&self) -> Options {
        let QueueNames { project, topic, subscription, dead_letters } = &self.names;
        Options::default()
            .both("BACKEND", "gcp")
            .both("PROJECT_ID", project)
            .both("GCS_BUCKET_ORIGINAL", ORIGINALS)
            .both("GCS_BUCKET_OUTPUT", OUTPUTS)
            .both("PUBSUB_TOPIC", topic)
            .both("FIRESTORE_COLLECTION", COLLECTION)
            .both("STORAGE_EMULATOR_HOST", self.storage.address())
            .both("FIRESTORE_EMULATOR_HOST", self.records.address())
            .both("PUBSUB_EMULATOR_HOST", self.queue.address())
            .worker("PUBSUB_SUBSCRIPTION", subscription)
            .worker("PUBSUB_DEAD_LETTER_TOPIC", dead_letters)
            .worker("PREVIEW_LONG_EDGE", 400)
            .worker("PRINT_LONG_EDGE", 800)
    }

    /// The line to a dependency is like this from now on.
    ///
    /// # Errors
    /// It does not become so.
    pub fn line(&self, to: Dependency, line: Line) -> Result<()> {
        match to {
            Dependency::Storage => self.storage.set(line),
            Dependency::Records => self.records.set(line),
            Dependency::Queue => self.queue.set(line),
        }
    }

    /// The connections to a dependency die without a word; new ones work.
    pub fn lose_connections(&self, to: Dependency) {
        match to {
            Dependency::Storage => self.storage.lose_connections(),
            Dependency::Records => self.records.lose_connections(),
            Dependency::Queue => self.queue.lose_connections(),
        }
    }

    /// The process behind a dependency ends in the middle of whatever it does.
    ///
    /// # Errors
    /// Firestore's cannot be stopped: it would take all records along, as no outage does. It is frozen instead.
    pub fn stop(&mut self, what: Dependency) -> Result<()> {
        match what {
            Dependency::Storage => self.fake = None,
            Dependency::Records => self.emulators.firestore.stall()?,
            Dependency::Queue => self.emulators.pubsub.stop(),
        }
        Ok(())
    }

    /// The process behind a dependency comes back. Pub/Sub's has forgotten every task.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&mut self, what: Dependency) -> Result<()> {
        match what {
            Dependency::Storage => {
                let start = FakeStorage::start(self.fake_at, self.folder.path(), &[ORIGINALS, OUTPUTS]);
                self.fake = Some(self.runtime.block_on(start)?);
            }
            Dependency::Records => self.emulators.firestore.resume()?,
            Dependency::Queue => {
                self.emulators.pubsub.restart()?;
                self.create_queue()?;
            }
        }
        Ok(())
    }

    /// Publishes a message past the API.
    ///
    /// # Errors
    /// The emulator refuses.
    pub fn publish(&self, body: &[u8]) -> Result<()> {
        Queue::publish(&self.emulators.pubsub.host(), &self.names, body)
    }

    /// Takes what is among the dead letters, with base64 bodies and attributes as Pub/Sub writes them.
    ///
    /// # Errors
    /// The emulator refuses.
    pub fn dead_letters(&self) -> Result<Vec<Value>> {
        Queue::dead_letters(&self.emulators.pubsub.host(), &self.names)
    }

    /// Every record there is, as a Firestore document.
    ///
    /// # Errors
    /// The emulator refuses.
    pub fn records(&self) -> Result<Vec<Value>> {
        firestore::documents(&self.emulators.firestore.host(), &self.names.project, COLLECTION)
    }

    /// The original of a job's photo has expired.
    ///
    /// # Errors
    /// There is none, or storage is stopped.
    pub fn expire_original(&self, job_id: &str) -> Result<()> {
        let fake = self.fake.as_ref().context("storage is stopped")?;
        ensure!(fake.expire(ORIGINALS, &format!("{job_id}/original")), "{job_id} has no original");
        Ok(())
    }

    /// The names of all finished pictures.
    pub fn pictures(&self) -> Vec<String> {
        self.fake.as_ref().map(|fake| fake.objects(OUTPUTS)).unwrap_or_default()
    }

    fn create_queue(&self) -> Result<()> {
        self.policy.create(&self.emulators.pubsub.host(), &self.names)
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // The next test shall find them well, however this one ended.
        let _ = self.emulators.firestore.resume();
        let _ = self.emulators.pubsub.resume().or_else(|_| self.emulators.pubsub.restart());
    }
}
