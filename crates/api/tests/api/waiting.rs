//! `POST /headshot`, which waits for the worker.

use std::time::{Duration, Instant};

use headshot_core::JobId;

use crate::photos;
use crate::support::{Answer, TestApp};

/// Posts a photo and waits while `work` is done on its job.
async fn post_while(app: &TestApp, work: impl AsyncFnOnce(JobId)) -> Answer {
    let worker = async {
        let delivery = app.next_task().await;
        let id = delivery.task().unwrap().job_id;
        work(id).await;
        delivery.ack().await;
    };
    tokio::join!(app.post("/headshot", photos::jpeg()), worker).0
}

#[tokio::test]
async fn the_finished_document_comes_back_when_the_worker_is_quick() {
    let app = TestApp::start().await;
    let answer = post_while(&app, async |id| app.pretend_to_render(id).await).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let document = answer.json();
    assert_eq!(document["status"], "done");
    assert_eq!(answer.header("location"), format!("/headshot/{}", answer.job_id()));
    assert!(document["preview_url"].is_string() && document["print_url"].is_string());
}

#[tokio::test]
async fn a_photo_the_worker_refuses_is_a_problem_of_the_customers() {
    let app = TestApp::start().await;
    let sentence = "We could not find a pet in this photo.";
    let answer = post_while(&app, async |id| app.pretend_to_fail(id, "no_pet_found", sentence).await).await;
    let problem = answer.assert_problem(422, "no_pet_found");
    assert_eq!((&problem["detail"], &problem["retryable"]), (&sentence.into(), &false.into()));
    let id = answer.job_id();
    assert_eq!(app.get(&format!("/headshot/{id}")).await.json()["status"], "failed");
}

#[tokio::test]
async fn a_job_that_failed_through_us_is_a_problem_of_ours() {
    let app = TestApp::start().await;
    let sentence = "Something went wrong on our side.";
    let answer = post_while(&app, async |id| app.pretend_to_fail(id, "internal", sentence).await).await;
    assert_eq!(answer.assert_problem(500, "internal")["retryable"], true);
}

#[tokio::test]
async fn without_a_worker_the_wait_ends_and_the_job_stays_accepted() {
    let app = TestApp::start_with(&["--sync-wait", "1"]).await;
    let began = Instant::now();
    let answer = app.post("/headshot", photos::jpeg()).await;
    assert!((900..3_000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("location"), format!("/headshot/{}", answer.job_id()));
    assert_eq!(app.next_task().await.task().unwrap().job_id, answer.job_id());
}

#[tokio::test]
async fn a_server_that_is_stopped_tells_those_who_wait_to_ask_later() {
    let app = TestApp::start().await;
    let began = Instant::now();
    let stop = async {
        let _task = app.next_task().await;
        app.ask_to_stop();
    };
    let (answer, ()) = tokio::join!(app.post("/headshot", photos::jpeg()), stop);
    assert_eq!(answer.status, 202);
    assert!(began.elapsed() < Duration::from_secs(5));
    app.ended().await.unwrap();
}
