//! `GET /headshot/{id}/events`.

use std::time::{Duration, Instant};

use headshot_backend::Claim;
use headshot_core::{JobId, Stage};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::photos;
use crate::support::{Answer, TestApp};

#[derive(Debug)]
struct Event {
    id: String,
    document: Value,
}

/// The events of a stream that has ended.
fn events(answer: &Answer) -> Vec<Event> {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-store");
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.starts_with("retry: 2000\n\n") && text.ends_with("\n\n"), "{text}");
    let mut events = Vec::new();
    for block in text.split("\n\n").filter(|block| block.starts_with("event:")) {
        let lines: Vec<(&str, &str)> = block.lines().map(|line| line.split_once(": ").unwrap()).collect();
        let [("event", "status"), ("id", id), ("data", data)] = lines[..] else { panic!("{block}") };
        events.push(Event { id: id.to_owned(), document: serde_json::from_str(data).unwrap() });
    }
    events
}

fn path(id: JobId) -> String {
    format!("/headshot/{id}/events")
}

#[tokio::test]
async fn a_job_is_followed_from_the_queue_to_its_end() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let pause = || tokio::time::sleep(Duration::from_millis(1500));
    let work = async {
        pause().await;
        let Claim::Claimed(claim) = app.backend.jobs.claim(id, "w", Duration::from_millis(1)).await.unwrap()
        else {
            panic!("nobody else wants it")
        };
        pause().await;
        assert!(app.backend.jobs.renew(&claim, Stage::Look, Duration::from_millis(1)).await.unwrap());
        pause().await;
        app.pretend_to_render(id).await;
    };
    let (path, other) = (path(id), path(id));
    let (one, two, ()) = tokio::join!(app.get(&path), app.get(&other), work);
    for answer in [&one, &two] {
        let events = events(answer);
        let seen: Vec<_> = events.iter().map(|e| e.document["status"].as_str().unwrap()).collect();
        assert_eq!((seen[0], seen[seen.len() - 1]), ("queued", "done"), "{seen:?}");
        assert!(events.iter().any(|e| e.document["stage"] == "look"), "{events:?}");
        let last = &events[events.len() - 1].document;
        assert_eq!(last["job_id"], id.to_string());
        assert!(last["preview_url"].is_string() && last["print_url"].is_string());
        assert!(events[..events.len() - 1].iter().all(|e| e.document.get("preview_url").is_none()));
        let mut ids: Vec<_> = events.iter().map(|e| &e.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), events.len());
    }
}

#[tokio::test]
async fn a_failed_job_says_why() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let sentence = "We could not find\na pet in this photo.";
    app.pretend_to_fail(id, "no_pet_found", sentence).await;
    let events = events(&app.get(&path(id)).await);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].document["error"]["message"], sentence, "a line break is no end of an event");
}

/// `EventSource` asks again whenever a stream ends.
#[tokio::test]
async fn who_has_seen_the_end_is_told_to_stop_asking() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    app.pretend_to_render(id).await;
    let last = &events(&app.get(&path(id)).await)[0];
    let answer = app.get_with(&path(id), &[("last-event-id", &last.id)]).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    for other in ["queued-1", "", "../x"] {
        let again = events(&app.get_with(&path(id), &[("last-event-id", other)]).await);
        assert_eq!(again[0].id, last.id, "who has seen something else sees the end");
    }
}

#[tokio::test]
async fn who_comes_back_to_a_job_that_has_not_moved_hears_when_it_does() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    // The first stream is left after its first event.
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(format!("GET {} HTTP/1.1\r\nhost: test\r\n\r\n", path(id)).as_bytes()).await.unwrap();
    let mut text = String::new();
    while !text.contains("data: ") {
        let mut bytes = [0; 4096];
        let length = stream.read(&mut bytes).await.unwrap();
        text += std::str::from_utf8(&bytes[..length]).unwrap();
    }
    let queued = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    drop(stream);

    let (target, headers) = (path(id), [("last-event-id", queued.as_str())]);
    let (answer, ()) = tokio::join!(app.get_with(&target, &headers), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.pretend_to_render(id).await;
    });
    let events = events(&answer);
    assert_ne!(events[0].id, queued);
    assert_eq!(events[events.len() - 1].document["status"], "done");
}

#[tokio::test]
async fn an_unknown_job_has_no_events() {
    let app = TestApp::start().await;
    for id in [JobId::new().to_string(), "x".into(), "..%2f..".into()] {
        app.get(&format!("/headshot/{id}/events")).await.assert_problem(404, "not_found");
    }
}

/// Clients that come and never read. There is room for so many; one more is told to poll, and when they are gone there is
/// room again.
#[tokio::test]
async fn there_is_room_for_so_many_and_it_is_given_back() {
    let app = TestApp::start().await;
    let id = app.submit(photos::jpeg()).await;
    let request = format!("GET {} HTTP/1.1\r\nhost: test\r\n\r\n", path(id));
    let mut streams = Vec::new();
    for _ in 0..600 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    for stream in &mut streams {
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    let refused = app.get(&path(id)).await;
    assert_eq!(refused.assert_problem(503, "too_many_streams")["retryable"], true);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    let text = String::from_utf8(app.get("/metrics").await.body.to_vec()).unwrap();
    assert!(text.contains("headshot_event_streams 600"), "{text}");
    assert_eq!(app.get(&format!("/headshot/{id}")).await.status, 200, "polling goes on");

    drop(streams);
    let began = Instant::now();
    loop {
        let text = String::from_utf8(app.get("/metrics").await.body.to_vec()).unwrap();
        if text.contains("headshot_event_streams 0") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
