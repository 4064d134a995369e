//! `GET /headshot/{id}?wait=…`, and what clients prefer of `POST /headshot`.

use std::time::{Duration, Instant};

use headshot_core::{JobId, Stage, Status};
use hyper::Method;

use crate::photos;
use crate::support::{Answer, TestApp};

/// Long enough that no test reaches it: an answer that comes has not waited for the end.
const WAIT: &str = "wait=60";
const SOON: Duration = Duration::from_secs(30);

async fn shown(app: &TestApp, id: JobId) -> Answer {
    app.get(&format!("/headshot/{id}")).await
}

#[tokio::test]
async fn the_answer_comes_when_the_job_moves_and_when_it_ends() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let began = Instant::now();
    let path = format!("/headshot/{id}?{WAIT}");
    let work = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.backend.jobs.claim(id, "w", Duration::from_millis(1)).await.unwrap()
    };
    let (answer, claim) = tokio::join!(app.get(&path), work);
    assert_eq!(answer.json()["status"], "processing", "{answer:?}");
    let headshot_backend::Claim::Claimed(claim) = claim else { panic!("{claim:?}") };

    let stage = app.backend.jobs.renew(&claim, Stage::Matting, Duration::from_millis(1));
    let (answer, renewed) = tokio::join!(app.get(&path), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stage.await.unwrap()
    });
    assert!(renewed);
    assert_eq!(answer.json()["stage"], "matting");

    let (answer, ()) = tokio::join!(app.get(&path), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.pretend_to_render(id).await;
    });
    // Between the claim and the end the pretender's own claim may have been seen.
    let answer = if answer.json()["status"] == "processing" { app.get(&path).await } else { answer };
    assert_eq!(answer.json()["status"], "done");
    assert!(answer.json()["preview_url"].is_string());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(app.get(&path).await.json()["status"], "done", "nobody waits for what has ended");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test]
async fn without_news_the_answer_is_what_it_was_at_the_end_of_the_wait() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let etag = shown(&app, id).await.header("etag").to_owned();
    let began = Instant::now();
    let answer = app.get(&format!("/headshot/{id}?wait=1")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &"queued".into()));
    assert!(began.elapsed() >= Duration::from_millis(950), "{:?}", began.elapsed());
    let known = app.get_with(&format!("/headshot/{id}?wait=1"), &[("if-none-match", &etag)]).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    assert_eq!(known.header("etag"), etag);
    assert_eq!(known.header("retry-after"), "1");
    assert!(began.elapsed() >= Duration::from_millis(1900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_knows_an_older_document_gets_the_new_one_at_once() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let etag = shown(&app, id).await.header("etag").to_owned();
    app.backend.jobs.claim(id, "w", Duration::from_secs(60)).await.unwrap();
    let began = Instant::now();
    let path = format!("/headshot/{id}?{WAIT}");
    let answer = app.get_with(&path, &[("if-none-match", &etag)]).await;
    assert_eq!(answer.json()["status"], "processing");
    // A change of the document that is none of status or stage is news to who names a tag.
    let tag = answer.header("etag").to_owned();
    let headers = [("if-none-match", tag.as_str())];
    let waiting = app.get_with(&path, &headers);
    let (answer, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let record = app.record(id).await;
        assert!(app.backend.jobs.mark_republished(&record).await.unwrap());
    });
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("etag"), tag);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_wait_that_is_none_is_refused_and_an_unknown_job_is_not_waited_for() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    for wait in ["61", "-1", "soon", "1.5", "", "+5", "99999999999999999999", "1&wait=2"] {
        app.get(&format!("/headshot/{id}?wait={wait}")).await.assert_problem(400, "invalid_wait");
    }
    assert_eq!(app.get(&format!("/headshot/{id}?wait=0&utm_source=x")).await.status, 200);
    let began = Instant::now();
    app.get(&format!("/headshot/{}?{WAIT}", JobId::new())).await.assert_problem(404, "not_found");
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn a_server_that_is_stopped_answers_those_who_wait() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let began = Instant::now();
    let (poll, events) = (format!("/headshot/{id}?{WAIT}"), format!("/headshot/{id}/events"));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.ask_to_stop();
    };
    let (polled, streamed, ()) = tokio::join!(app.get(&poll), app.get(&events), stop);
    assert_eq!((polled.status.as_u16(), &polled.json()["status"]), (200, &"queued".into()));
    assert_eq!(streamed.status, 200);
    assert!(String::from_utf8_lossy(&streamed.body).contains("\"status\":\"queued\""));
    app.ended().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(7), "within the grace period: {:?}", began.elapsed());
}

#[tokio::test]
async fn another_tenants_job_is_not_there() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let mut theirs = app.record(id).await;
    theirs.job_id = JobId::new();
    theirs.tenant = "acme".parse().unwrap();
    app.backend.jobs.create(&theirs).await.unwrap();
    for path in ["", "?wait=1", "/events"] {
        let path = format!("/headshot/{}{path}", theirs.job_id);
        app.get(&path).await.assert_problem(404, "not_found");
    }
}

async fn post(app: &TestApp, prefer: &str) -> Answer {
    app.send(Method::POST, "/headshot", &[("prefer", prefer)], photos::jpeg().into()).await
}

#[tokio::test]
async fn a_client_may_prefer_to_wait_for_another_time_or_not_at_all() {
    let app = TestApp::start().await;
    let began = Instant::now();
    let answer = post(&app, "respond-async").await;
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (202, "respond-async"));
    let answer = post(&app, "wait=0").await;
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (202, "wait=0"));
    assert!(began.elapsed() < Duration::from_secs(20), "SYNC_WAIT is 25 s: {:?}", began.elapsed());
    let answer = post(&app, "respond-async, wait=1").await;
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (202, "respond-async, wait=1"));

    // The first three are still in the queue.
    for _ in 0..3 {
        app.next_task().await.ack().await;
    }
    let worker = async {
        let delivery = app.next_task().await;
        app.pretend_to_render(delivery.task().unwrap().job_id).await;
        delivery.ack().await;
    };
    let (answer, ()) = tokio::join!(post(&app, "wait=50, respond-async"), worker);
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (200, "wait=50"));
    assert_eq!(answer.json()["status"], Status::Done.as_str());
}
