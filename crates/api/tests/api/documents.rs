//! `GET /headshot/{id}`: what a shop page learns of a job.

use bytes::Bytes;
use headshot_core::{JobId, JobRecord, Status};
use hyper::Method;

use crate::photos;
use crate::support::TestApp;

#[tokio::test]
async fn a_queued_job_shows_its_state_and_when_to_ask_again() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let answer = app.get(&format!("/headshot/{id}")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    let document = answer.json();
    let keys: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
    let mut expected = vec![
        "job_id",
        "status",
        "stage",
        "attempt",
        "quality",
        "head",
        "recipe",
        "outputs",
        "cached",
        "error",
        "created_at",
        "updated_at",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected, "nothing that is only ours is shown");
    assert_eq!((&document["status"], &document["attempt"]), (&"queued".into(), &0.into()));
}

/// Firestore takes up to a day to delete it, and storage is quicker with the pictures.
#[tokio::test]
async fn a_record_that_has_expired_is_not_there_any_more() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let record = app.record(id).await;
    let now = jiff::Timestamp::now();
    let expired = JobRecord { job_id: JobId::new(), expire_at: now, ..record.clone() };
    let kept =
        JobRecord { job_id: JobId::new(), expire_at: now + jiff::SignedDuration::from_secs(60), ..record };
    for record in [&expired, &kept] {
        app.backend.jobs.create(record).await.unwrap();
    }
    app.get(&format!("/headshot/{}", expired.job_id)).await.assert_problem(404, "not_found");
    assert_eq!(app.get(&format!("/headshot/{}", kept.job_id)).await.status, 200);
    let listed = app.get("/admin/jobs").await.json().to_string();
    assert!(
        listed.contains(&kept.job_id.to_string()) && !listed.contains(&expired.job_id.to_string()),
        "{listed}"
    );
    // What is not deleted yet can be erased all the same.
    let ended = JobRecord { job_id: JobId::new(), status: Status::Done, ..expired };
    app.backend.jobs.create(&ended).await.unwrap();
    let path = format!("/headshot/{}", ended.job_id);
    assert_eq!(app.send(Method::DELETE, &path, &[], Bytes::new()).await.status, 200);
    assert_eq!(app.backend.jobs.get(ended.job_id).await.unwrap(), None);
}

#[tokio::test]
async fn a_client_that_has_the_document_is_told_so_until_it_changes() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let path = format!("/headshot/{id}");
    let queued = app.get(&path).await.header("etag").to_owned();
    assert!(!queued.is_empty());

    let unchanged = app.get_with(&path, &[("if-none-match", &queued)]).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), queued);
    assert!(!unchanged.header("retry-after").is_empty());

    app.pretend_to_render(id).await;
    let done = app.get_with(&path, &[("if-none-match", &queued)]).await;
    assert_eq!((done.status.as_u16(), &done.json()["status"]), (200, &"done".into()));
    assert_ne!(done.header("etag"), queued);
    assert_eq!(done.header("retry-after"), "", "a job that has ended need not be asked for again");
    assert_eq!(done.json()["outputs"][0]["width"], 4);
    assert_eq!(done.json()["outputs"][0].get("key"), None);
}

#[tokio::test]
async fn a_tag_never_outlives_the_links_it_came_with() {
    let app = TestApp::start_with(&["--download-url-ttl", "2"]).await;
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_render(id).await;
    let path = format!("/headshot/{id}");
    let etag = app.get(&path).await.header("etag").to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let later = app.get_with(&path, &[("if-none-match", &etag)]).await;
    assert_eq!(later.status, 200, "fresh links come well before the old ones die");
}

#[tokio::test]
async fn there_is_a_link_for_each_file_that_the_recipe_makes() {
    let app = TestApp::start().await;
    let links = async |recipe: &str| {
        let answer = app.post(&format!("/headshot-async?recipe={recipe}"), photos::jpeg()).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let id = answer.job_id();
        app.pretend_to_render(id).await;
        let document = app.get(&format!("/headshot/{id}")).await.json();
        let links = document.as_object().unwrap().iter().filter(|(key, _)| key.ends_with("_url"));
        links.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(links("headshot").await, ["preview_url", "print_url"]);
    assert_eq!(links("headshot,grey-alpha").await, ["grey_alpha_url", "preview_url", "print_url"]);
    assert_eq!(links("headshot,background=black").await, ["flattened_url", "preview_url", "print_url"]);
}

#[tokio::test]
async fn a_refused_photo_says_why() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_fail(id, "no_pet_found", "We could not find a pet in this photo.").await;
    let document = app.get(&format!("/headshot/{id}")).await.json();
    assert_eq!(document["status"], "failed");
    assert_eq!(document["error"]["code"], "no_pet_found");
    assert_eq!(document.get("preview_url"), None);
}

#[tokio::test]
async fn an_id_that_is_unknown_or_none_is_not_found() {
    let app = TestApp::start().await;
    let unknown = JobId::new().to_string();
    let bare = unknown.replace('-', "");
    for id in [&unknown, "not-an-id", &unknown.to_uppercase(), &bare, "..%2F..%2Fetc", "%ff%fe", "%00", "'--"]
    {
        app.get(&format!("/headshot/{id}")).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn an_id_in_capitals_as_swift_prints_it_is_the_same_job() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let capitals = id.to_string().to_uppercase();
    let document = app.get(&format!("/headshot/{capitals}")).await.json();
    assert_eq!(document["job_id"], id.to_string());
    app.pretend_to_render(id).await;
    let again = app.send(Method::POST, &format!("/headshot/{capitals}/approve"), &[], Bytes::new()).await;
    assert_eq!((again.status.as_u16(), &again.json()["job_id"]), (200, &id.to_string().into()));
    let erased = app.send(Method::DELETE, &format!("/headshot/{capitals}"), &[], Bytes::new()).await;
    assert!(erased.status.is_success(), "{erased:?}");
    app.get(&format!("/headshot/{id}")).await.assert_problem(404, "not_found");
}
