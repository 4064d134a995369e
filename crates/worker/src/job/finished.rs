use std::time::{Duration, Instant};

use headshot_core::Stage;
use tracing::info;

/// The one line at the end of a job: how long it took, altogether and stage by stage. A field each, so that a search can
/// ask for slow ones; a stage that was not reached has none.
pub fn finished(how: &str, code: Option<&str>, since: Instant, stages: &[(Stage, Duration)]) {
    let of =
        |wanted| stages.iter().find(|(stage, _)| *stage == wanted).map(|(_, took)| seconds(*took, 1000.0));
    info!(
        code,
        seconds = seconds(since.elapsed(), 100.0),
        fetch_seconds = of(Stage::Fetch),
        decode_seconds = of(Stage::Decode),
        matting_seconds = of(Stage::Matting),
        quality_seconds = of(Stage::Quality),
        compose_seconds = of(Stage::Compose),
        foreground_seconds = of(Stage::Foreground),
        look_seconds = of(Stage::Look),
        encode_seconds = of(Stage::Encode),
        store_seconds = of(Stage::Store),
        "finished: {how}"
    );
}

fn seconds(duration: Duration, parts: f64) -> f64 {
    (duration.as_secs_f64() * parts).round() / parts
}
