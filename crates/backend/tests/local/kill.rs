//! `kill -9` at any instant: what was accepted is there, whole, and is finished once.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use headshot_backend::{Backend, BackendSettings, Claim, Finish, LocalSettings};
use headshot_core::{BlobKey, Failure, JobId, Status};
use tempfile::TempDir;
use tokio::time::timeout;

use super::support::{child, connect, files, folder_from_parent, record, task};

const PHOTO_BYTES: usize = 700_000;
const LEASE: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_processes_lose_nothing_and_finish_nothing_twice() {
    let data = TempDir::new().unwrap();
    let (mut accepted, mut finished) = (Vec::new(), Vec::new());
    for round in 0..6_u64 {
        let api = child("local::kill::accepts_until_killed", data.path()).spawn().unwrap();
        let worker = child("local::kill::works_until_killed", data.path()).spawn().unwrap();
        thread::sleep(Duration::from_millis(350 + round * 37));
        accepted.extend(killed(api));
        finished.extend(killed(worker));
    }
    assert!(accepted.len() > 6, "the children hardly accepted anything: {accepted:?}");
    assert!(!finished.is_empty(), "the children finished nothing");

    let backend = connect(data.path()).await;
    for id in &accepted {
        let original =
            backend.blobs.get(BlobKey::Original(*id), u64::MAX).await.unwrap().expect("the photo is there");
        assert!(original == photo(*id), "the photo of {id} is not whole");
        assert!(backend.jobs.get(*id).await.unwrap().is_some(), "the record of {id} is lost");
    }
    // Whatever lies among the blobs is whole, also where the child was killed before it could say so.
    for path in files(&data.path().join("blobs")) {
        assert_eq!(path.metadata().unwrap().len(), PHOTO_BYTES as u64, "{}", path.display());
    }

    finished.extend(drain(data.path()).await);
    let mut times = HashMap::<JobId, usize>::new();
    for id in &finished {
        *times.entry(*id).or_default() += 1;
    }
    assert!(times.values().all(|n| *n == 1), "a job was finished twice");
    for id in accepted {
        assert_eq!(
            backend.jobs.get(id).await.unwrap().unwrap().status,
            Status::Failed,
            "{id} was not finished"
        );
    }
    let depth = backend.tasks.depth().await.unwrap();
    assert_eq!((depth.ready, depth.leased, depth.delayed), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of the test above"]
async fn accepts_until_killed() {
    let Some(data) = folder_from_parent() else { return };
    let backend = connect(&data).await;
    loop {
        let id = JobId::new();
        let mut writer = backend.blobs.begin(BlobKey::Original(id), "image/jpeg").await.unwrap();
        for chunk in photo(id).chunks(16 * 1024) {
            writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
        }
        writer.commit().await.unwrap();
        backend.jobs.create(&record(id)).await.unwrap();
        backend.tasks.publish(&task(id), None).await.unwrap();
        println!("{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of the test above"]
async fn works_until_killed() {
    let Some(data) = folder_from_parent() else { return };
    let backend = worker(&data).await;
    let mut subscription = backend.tasks.subscribe(2).await.unwrap();
    loop {
        let delivery = subscription.next().await.unwrap();
        if let Some(id) = work(&backend, delivery).await {
            println!("{id}");
        }
    }
}

/// What a worker does with a delivery; the job, if it was this call that finished it.
async fn work(backend: &Backend, delivery: headshot_backend::Delivery) -> Option<JobId> {
    let id = delivery.task().unwrap().job_id;
    match backend.jobs.claim(id, &format!("process {}", std::process::id()), LEASE).await.unwrap() {
        Claim::Claimed(claim) => {
            tokio::time::sleep(Duration::from_millis(15)).await;
            let failure = Failure { code: "test".into(), message: "Only a test.".into() };
            let outcome = Finish::Failed {
                failure,
                quality: None,
                head: None,
                model: None,
                message_for_support: "Only a test.".into(),
                dead_letter: None,
            };
            let finished = backend.jobs.finish(&claim, outcome).await.unwrap();
            delivery.ack().await;
            finished.then_some(id)
        }
        Claim::Finished(_) | Claim::Missing => {
            delivery.ack().await;
            None
        }
        Claim::Suspect | Claim::DeadLetterOwed(_) => {
            unreachable!("nobody is in company, and no letter is owed")
        }
        Claim::Held { .. } => {
            delivery.nack("held").await;
            None
        }
    }
}

/// Works until nothing has come for longer than any lease or back-off.
async fn drain(data: &Path) -> HashSet<JobId> {
    let backend = worker(data).await;
    let mut subscription = backend.tasks.subscribe(2).await.unwrap();
    let mut finished = HashSet::new();
    while let Ok(delivery) = timeout(Duration::from_secs(4), subscription.next()).await {
        finished.extend(work(&backend, delivery.unwrap()).await);
    }
    finished
}

async fn worker(data: &Path) -> Backend {
    let settings = LocalSettings {
        task_lease: LEASE,
        retry_min: Duration::from_millis(300),
        retry_max: Duration::from_secs(1),
        ..LocalSettings::new(data, "")
    };
    Backend::connect(&BackendSettings::Local(settings)).await.unwrap()
}

/// Kills a child as `kill -9` does, and returns the ids that it had printed.
fn killed(mut child: Child) -> Vec<JobId> {
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| line.rsplit(' ').next().and_then(|word| word.parse().ok())).collect()
}

fn photo(id: JobId) -> Bytes {
    id.to_string().bytes().cycle().take(PHOTO_BYTES).collect()
}
