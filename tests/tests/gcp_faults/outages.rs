use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use headshot_tests::{Answer, Client, Cloud, Dependency, Line, TestApp};

use super::{all_done_once, photo, until};

/// No answer may take longer, whatever is away.
const PROMISED: Duration = Duration::from_secs(10);

/// An outage lasts at least this long, so that every kind of call runs into it.
const OUTAGE: Duration = Duration::from_secs(6);

/// Between the end of an outage and the first new job's end.
const RECOVERY: Duration = Duration::from_secs(30);

fn timed<T>(call: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let asked = Instant::now();
    let answer = call()?;
    Ok((answer, asked.elapsed()))
}

/// It was refused as it should be, in time.
fn is_refusal((answer, took): &(Answer, Duration)) -> Result<()> {
    ensure!(answer.status == 503, "{answer:?}");
    ensure!(answer.retry_after.is_some_and(|seconds| seconds > 0), "no Retry-After: {answer:?}");
    ensure!(*took < PROMISED, "it took {took:?}: {answer:?}");
    Ok(())
}

fn names_only(answer: &Answer, down: Dependency) -> Result<()> {
    ensure!(answer.status == 503, "{answer:?}");
    // The API says it in a sentence, the worker in a map of what is wrong with each.
    let said: Vec<&str> = match answer.body.get("checks") {
        Some(checks) => {
            let wrong = Dependency::ALL.into_iter().map(Dependency::name);
            wrong.filter(|name| checks[*name] != "ok").collect()
        }
        None => {
            let sentence = answer.body["detail"].as_str().context("a sentence")?;
            Dependency::ALL.into_iter().map(Dependency::name).filter(|name| sentence.contains(name)).collect()
        }
    };
    ensure!(said == [down.name()], "{said:?} instead of {}: {answer:?}", down.name());
    Ok(())
}

/// Uploads, asks and probes all at once while something is away. Returns the id of an upload that is safe nevertheless.
fn ask_meanwhile(app: &TestApp, known: &str, down: Dependency) -> Result<Option<String>> {
    let client = app.client();
    let ask = |path: String| {
        let client: Client = client.clone();
        move || timed(|| client.get(&path))
    };
    let (post, get, ready, worker) = thread::scope(|scope| {
        let post = scope.spawn(|| timed(|| client.post(photo())));
        let get = scope.spawn(ask(format!("/headshot/{known}")));
        let ready = scope.spawn(ask("/readyz".into()));
        let worker = timed(|| app.worker_readiness(0));
        (post.join(), get.join(), ready.join(), worker)
    });
    let panicked = |_| anyhow::anyhow!("a client panicked");
    let (post, get) = (post.map_err(panicked)??, get.map_err(panicked)??);
    let (ready, worker) = (ready.map_err(panicked)??, worker?);
    println!("  upload {} in {:?}, document {} in {:?}", post.0.status, post.1, get.0.status, get.1);
    println!("  readiness: API in {:?}, worker in {:?}", ready.1, worker.1);
    is_refusal(&ready)?;
    names_only(&ready.0, down)?;
    names_only(&worker.0, down)?;
    ensure!(worker.1 < PROMISED, "the worker's readiness took {:?}", worker.1);
    ensure!(get.1 < PROMISED && post.1 < PROMISED, "{get:?} {post:?}");
    match down {
        Dependency::Records => {
            is_refusal(&get)?;
            is_refusal(&post)?;
            Ok(None)
        }
        Dependency::Storage => {
            ensure!(get.0.status == 200, "{get:?}");
            is_refusal(&post)?;
            Ok(None)
        }
        // Photo and record are safe, so the job is, as the answer says; the sweep publishes it.
        Dependency::Queue => {
            ensure!(get.0.status == 200, "{get:?}");
            is_refusal(&post)?;
            post.0.job_id().map(Some)
        }
    }
}

fn outage(cloud: &Cloud, app: &mut TestApp, down: Dependency, line: Line) -> Result<Vec<String>> {
    // On their way, or about to be, when it happens.
    let mut ids: Vec<String> = (0..4).map(|_| app.submit(photo())).collect::<Result<_>>()?;
    println!("{} is {line:?}", down.name());
    cloud.line(down, line)?;
    let began = Instant::now();
    // What the API found just before is still its word for a second.
    thread::sleep(Duration::from_millis(1100));
    let known = ids.first().context("four jobs")?.clone();
    ids.extend(ask_meanwhile(app, &known, down)?);
    thread::sleep(OUTAGE.saturating_sub(began.elapsed()));
    app.check_alive()?;

    cloud.line(down, Line::Open)?;
    let back = Instant::now();
    let accepted = loop {
        let answer = app.post(photo())?;
        if answer.status == 202 {
            break answer.job_id()?;
        }
        ensure!(back.elapsed() < RECOVERY, "uploads are not accepted again: {answer:?}");
        thread::sleep(Duration::from_millis(100));
    };
    let accepted_after = back.elapsed();
    app.wait_done(&accepted)?;
    println!("  back: accepted after {accepted_after:?}, rendered after {:?}", back.elapsed());
    ensure!(back.elapsed() < RECOVERY, "rendered only {:?} after the outage", back.elapsed());
    ids.push(accepted);
    app.check_alive()?;
    Ok(ids)
}

#[test]
fn each_dependency_is_refused_and_stalled_while_jobs_flow_and_all_end_done() -> Result<()> {
    let Some(cloud) = Cloud::start("outages of each dependency")? else { return Ok(()) };
    let options = cloud.options().workers(2).worker("WORKER_CONCURRENCY", 1);
    let mut app = TestApp::start_with(options)?;
    let mut ids = Vec::new();
    for down in Dependency::ALL {
        for line in [Line::Refused, Line::Stalled] {
            let of = outage(&cloud, &mut app, down, line);
            ids.extend(of.with_context(|| format!("{} was {line:?}", down.name()))?);
        }
    }
    ensure!(ids.len() >= 30, "{} jobs", ids.len());
    let began = Instant::now();
    let jobs = all_done_once(&cloud, &app, &ids)?;
    let again = jobs.iter().filter(|job| job["attempt"] != 1).count();
    println!(
        "{} jobs done, {again} of them not at their first attempt; last {:?}",
        jobs.len(),
        began.elapsed()
    );
    app.check_alive()
}

/// A worker gives a silent stream up only after half a minute, since an empty queue is silent, too. The emulator never
/// does: for ever it sends some of the tasks to the streams that died, from where each comes back when its lease of 20 s is
/// over; one that meets a live worker is put off once for each of the worker's own dead connections.
const NOTICED: Duration = Duration::from_secs(180);

#[test]
fn connections_that_die_without_a_word_are_given_up_for_new_ones() -> Result<()> {
    let Some(cloud) = Cloud::start("connections that die silently")? else { return Ok(()) };
    let mut app = TestApp::start_with(cloud.options())?;
    let mut ids = vec![app.submit(photo())?];
    app.wait_done(&ids[0])?;
    for lost in [&Dependency::ALL[..1], &Dependency::ALL[1..2], &Dependency::ALL[2..], &Dependency::ALL] {
        // In use, so that there is something to lose. The first look finds what died and has not been used since.
        until("both are ready", RECOVERY, || {
            Ok(app.client().get("/readyz")?.status == 200 && app.worker_readiness(0)?.status == 200)
        })?;
        println!("lost: {lost:?}");
        lost.iter().for_each(|to| cloud.lose_connections(*to));
        let began = Instant::now();
        let id = loop {
            let (answer, took) = timed(|| app.post(photo()))?;
            ensure!(took < PROMISED, "it took {took:?}: {answer:?}");
            // Also of a job that is safe although the queue could not be told.
            if answer.body.get("job_id").is_some() {
                break answer.job_id()?;
            }
            ensure!(began.elapsed() < RECOVERY, "uploads are not accepted again: {answer:?}");
        };
        let accepted = began.elapsed();
        app.wait_done(&id)?;
        println!("  safe after {accepted:?}, rendered after {:?}", began.elapsed());
        ensure!(began.elapsed() < NOTICED, "rendered only after {:?}", began.elapsed());
        ids.push(id);
        app.check_alive()?;
    }
    all_done_once(&cloud, &app, &ids)?;
    Ok(())
}
