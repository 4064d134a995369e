use std::time::Duration;

use anyhow::Result;
use headshot_tests::{Collector, Manner, TestApp, drawn_pet};

use super::{TRACE, database, exporting, post, traceparent};

#[test]
fn a_job_that_the_sweep_finds_goes_on_in_its_trace() -> Result<()> {
    let collector = Collector::start(Manner::Takes)?;
    let mut app = TestApp::start_with(exporting(&collector))?;
    app.take_worker(0)?.terminate(Duration::from_secs(10))?;
    let id = post(&app, &drawn_pet(800), &traceparent())?;
    // As if the API had died between the record and the queue.
    assert_eq!(database(&app)?.execute("DELETE FROM tasks WHERE job_id = ?1", [&id])?, 1);
    app.start_worker(0)?;
    app.wait_done(&id)?;

    let spans = collector.wait(|spans| spans.iter().any(|span| span.name == "job"))?;
    let named = |name| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let (republishes, jobs) = (named("republish"), named("job"));
    let (&[republish], &[job]) = (republishes.as_slice(), jobs.as_slice()) else { panic!("{spans:#?}") };
    assert_eq!([&republish.trace_id, &job.trace_id], [TRACE; 2]);
    assert_eq!(
        (job.parent_id.as_str(), job.attributes["job_id"].as_str()),
        (republish.span_id.as_str(), &*id)
    );
    assert_eq!(republish.attributes["job_id"], id);
    Ok(())
}
