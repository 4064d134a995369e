//! Limits that several processes count together in one document of Firestore, which many writers at a time get in each
//! other's way at.

use std::time::{Duration, Instant};

use headshot_backend::{Allowance, Backend, Limits};
use headshot_core::JobId;

use super::aborting::Aborting;
use super::emulators;
use super::support::TestBackend;

/// So many processes, as a service under load has instances.
const PROCESSES: usize = 4;

async fn crowd(test: &TestBackend) -> (Aborting, Vec<Backend>) {
    let (_, firestore) = emulators::hosts().expect("the backend is there");
    let proxy = Aborting::start(firestore).await;
    let mut processes = Vec::new();
    for _ in 0..PROCESSES {
        processes.push(test.another_process_by_way_of(&proxy.address.to_string()).await);
    }
    (proxy, processes)
}

/// Calls from everywhere, eight at a time in each process, for so long. How many were let in, and how many not.
async fn storm(processes: &[Backend], allowance: &Allowance, during: Duration) -> (u64, u64) {
    let until = Instant::now() + during;
    let one = |limits: Limits, allowance: Allowance| async move {
        let (mut granted, mut refused) = (0, 0);
        while Instant::now() < until {
            if limits.take(&allowance).await.granted {
                granted += 1;
            } else {
                refused += 1;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        (granted, refused)
    };
    let callers = processes.iter().flat_map(|process| std::iter::repeat_n(&process.limits, 8));
    let calls: Vec<_> = callers.map(|limits| tokio::spawn(one(limits.clone(), allowance.clone()))).collect();
    let mut sum = (0, 0);
    for call in calls {
        let (granted, refused) = call.await.expect("no call panics");
        sum = (sum.0 + granted, sum.1 + refused);
    }
    sum
}

fn a_minute(calls: u64) -> Allowance {
    Allowance::per_minute(format!("key:k_{}", JobId::new()), calls)
}

pub async fn a_limit_holds_although_firestore_aborts_some_draws(test: &TestBackend) {
    let (proxy, processes) = crowd(test).await;
    let allowance = a_minute(600);
    proxy.refuse_one_of(20, "");
    let began = Instant::now();
    let (granted, refused) = storm(&processes, &allowance, Duration::from_secs(20)).await;
    let most = 600 + u64::try_from(began.elapsed().as_millis()).unwrap() * 600 / 60_000 + 1;
    let (writes, reads) = proxy.counts();
    println!("{granted} granted of {most} at most, {refused} refused; {writes} writes, {reads} reads");
    assert!(granted <= most, "{granted} of {most}");
    assert!(granted >= most * 8 / 10, "{granted} of {most}: others get what one does not use");
}

pub async fn a_crowded_document_is_written_about_once_a_second(test: &TestBackend) {
    let (proxy, processes) = crowd(test).await;
    // More than they can use, so that each goes on drawing.
    let (seconds, allowance) = (8, a_minute(1_000_000));
    let mut written = Vec::new();
    for _ in 0..2 {
        let before = proxy.written();
        let (granted, refused) = storm(&processes, &allowance, Duration::from_secs(seconds)).await;
        written.push(proxy.written() - before);
        println!("{granted} granted, {refused} refused, written {written:?} times in {seconds} s");
        assert_eq!(refused, 0);
    }
    // At first each has two draws more than one a second, and learns by the next of the others. On a busy
    // machine it is three; without learning they were 41.
    let process = PROCESSES as u64;
    assert!(written[0] <= seconds + 4 * process, "written {written:?} times by {PROCESSES} processes");
    assert!(written[1] <= seconds * 3 / 2, "written {written:?} times by {PROCESSES} processes");

    let (before, empty) = (proxy.counts(), a_minute(1));
    storm(&processes, &empty, Duration::from_secs(seconds)).await;
    let after = proxy.counts();
    let (writes, reads) = (after.0 - before.0, after.1 - before.1);
    println!("of an empty bucket: {writes} writes, {reads} reads in {seconds} s");
    assert!(writes <= 2 * process && reads <= process * (seconds + 3), "{writes} writes, {reads} reads");
}

pub async fn one_crowded_bucket_does_not_open_the_others(test: &TestBackend) {
    let (proxy, processes) = crowd(test).await;
    let [crowded, quiet] = [a_minute(40), a_minute(40)];
    // Nobody ever gets at this one.
    proxy.refuse_one_of(1, &crowded.bucket);
    let limits = &processes[0].limits;
    let refused = limits.take(&crowded).await;
    assert!(!refused.granted && refused.retry_after > Duration::ZERO, "{refused:?}");
    for process in &processes {
        process.limits.take(&quiet).await;
    }
    let other = processes[1].limits.take(&quiet).await;
    assert!(other.granted && other.left <= 36, "counted together: {other:?}");
    proxy.refuse_one_of(0, "");
    tokio::time::sleep(refused.retry_after).await;
    assert!(limits.take(&crowded).await.granted, "it can be had again");
}
