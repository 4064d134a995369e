use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use headshot_tests::{Collector, Manner, Span, TestApp, drawn_pet};

use super::{CALLER, TRACE, exporting, lines, post, recorded_trace, traceparent};

const SERVER: i32 = 2;
const CONSUMER: i32 = 5;

fn the<'a>(spans: &'a [Span], name: &str) -> Result<&'a Span> {
    spans.iter().find(|span| span.name == name).with_context(|| format!("no {name} in {spans:#?}"))
}

fn of_trace(spans: &[Span], trace_id: &str) -> Vec<Span> {
    spans.iter().filter(|span| span.trace_id == trace_id).cloned().collect()
}

fn is_complete(spans: &[Span]) -> bool {
    ["job", "POST /headshot-async"].iter().all(|name| spans.iter().any(|span| span.name == *name))
}

#[test]
fn one_trace_leads_from_the_client_through_both_programs() -> Result<()> {
    let collector = Collector::start(Manner::Takes)?;
    let options = exporting(&collector)
        .both("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        .both("OTEL_EXPORTER_OTLP_HEADERS", "x-team=cats%20and%20dogs");
    let app = TestApp::start_with(options)?;
    let id = post(&app, &drawn_pet(1600), &traceparent())?;
    app.wait_done(&id)?;
    let spans = of_trace(&collector.wait(|spans| is_complete(&of_trace(spans, TRACE)))?, TRACE);

    let request = the(&spans, "POST /headshot-async")?;
    assert_eq!((request.service.as_str(), request.kind), ("headshot-api", SERVER));
    assert_eq!(request.parent_id, CALLER, "the client's span is the parent");
    let attribute = |span: &Span, name: &str| span.attributes.get(name).cloned().unwrap_or_default();
    assert_eq!(attribute(request, "http.request.method"), "POST");
    assert_eq!(attribute(request, "http.route"), "/headshot-async");
    assert_eq!(attribute(request, "http.response.status_code"), "202");
    assert_eq!(attribute(request, "job_id"), id);

    let job = the(&spans, "job")?;
    assert_eq!((job.service.as_str(), job.kind), ("headshot-worker", CONSUMER));
    assert_eq!(job.parent_id, request.span_id, "the request is the parent of the job");
    assert_eq!((attribute(job, "job_id"), attribute(job, "outcome")), (id.clone(), "done".into()));
    assert_eq!(attribute(job, "attempt"), "1");

    let stages: Vec<&Span> = spans.iter().filter(|span| span.attributes.contains_key("stage")).collect();
    for stage in &stages {
        assert_eq!(
            (stage.service.as_str(), &stage.parent_id),
            ("headshot-worker", &job.span_id),
            "{stage:?}"
        );
        assert_eq!((attribute(stage, "job_id"), attribute(stage, "stage")), (id.clone(), stage.name.clone()));
        assert!(job.began <= stage.began && stage.ended <= job.ended, "{stage:?} is not within {job:?}");
    }
    let names: BTreeSet<&str> = stages.iter().map(|span| span.name.as_str()).collect();
    let all = ["compose", "decode", "encode", "fetch", "foreground", "look", "matting", "quality", "store"];
    assert_eq!(names, BTreeSet::from(all));
    assert_eq!(spans.len(), stages.len() + 2, "nothing else is in this trace: {spans:#?}");
    assert!(spans.iter().all(|span| !span.failed));
    for span in &spans {
        assert_eq!(span.resource.get("deployment.environment.name").map(String::as_str), Some("test"));
        assert!(span.resource.contains_key("service.version"));
    }
    assert!(collector.headers().iter().any(|header| header == "x-team: cats and dogs"));

    // The same trace in the record and in the logs, where the spans can be found by their ids.
    assert_eq!(recorded_trace(&app, &id)?, TRACE);
    for (process, span) in [(app.api()?, request), (app.worker(0)?, job)] {
        let lines = lines(process, &id);
        assert!(!lines.is_empty());
        for line in lines {
            assert_eq!(
                (line["trace_id"].as_str(), line["logging.googleapis.com/spanId"].as_str()),
                (Some(TRACE), Some(span.span_id.as_str())),
                "{line}"
            );
            assert_eq!(line["logging.googleapis.com/trace_sampled"], true);
        }
    }

    // What a client without a trace sends begins one; what is asked all the time by machines is not traced.
    let id = app.submit(&drawn_pet(800))?;
    app.wait_done(&id)?;
    let trace_id = recorded_trace(&app, &id)?;
    let spans = collector.wait(|spans| is_complete(&of_trace(spans, &trace_id)))?;
    assert_eq!(the(&of_trace(&spans, &trace_id), "POST /headshot-async")?.parent_id, "");
    assert!(spans.iter().all(|span| !span.name.contains("readyz")), "{spans:#?}");
    Ok(())
}

#[test]
fn what_the_sampler_leaves_out_is_left_out_by_both_programs() -> Result<()> {
    let collector = Collector::start(Manner::Takes)?;
    let options = exporting(&collector)
        .both("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
        .both("OTEL_TRACES_SAMPLER_ARG", "0");
    let app = TestApp::start_with(options)?;
    let left_out = app.submit(&drawn_pet(800))?;
    app.wait_done(&left_out)?;
    // The client's own decision counts for more.
    let id = post(&app, &drawn_pet(800), &traceparent())?;
    app.wait_done(&id)?;
    let spans = collector.wait(is_complete)?;
    assert!(spans.iter().all(|span| span.trace_id == TRACE), "{spans:#?}");
    let lines = lines(app.worker(0)?, &left_out);
    assert!(lines.iter().all(|line| line["logging.googleapis.com/trace_sampled"] == false), "{lines:#?}");
    Ok(())
}

#[test]
fn the_last_spans_are_sent_before_the_end() -> Result<()> {
    let collector = Collector::start(Manner::Takes)?;
    // The batches' own rhythm would be far too slow for this test.
    let mut app = TestApp::start_with(exporting(&collector).both("OTEL_BSP_SCHEDULE_DELAY", 600_000))?;
    let id = post(&app, &drawn_pet(800), &traceparent())?;
    app.wait_done(&id)?;
    assert_eq!(collector.spans().len(), 0);
    for process in [app.take_worker(0)?, app.take_api()?] {
        assert_eq!(process.terminate(Duration::from_secs(5))?.code(), Some(0));
    }
    let spans = of_trace(&collector.spans(), TRACE);
    assert!(is_complete(&spans), "{spans:#?}");
    Ok(())
}
