use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headshot_core::Stage;

/// Follows one photo through its stages. It is shared between the thread that renders, which says what begins, and
/// whoever wants to know where the photo stands.
#[derive(Default)]
pub struct StageClock {
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    current: Option<(Stage, Instant)>,
    past: Vec<(Stage, Duration)>,
}

impl StageClock {
    /// A stage begins, and with it the one before ends.
    pub fn enter(&self, stage: Stage) {
        let mut progress = self.lock();
        progress.end_current();
        progress.current = Some((stage, Instant::now()));
    }

    /// Where the photo stands.
    pub fn current(&self) -> Stage {
        self.lock().current.map_or(Stage::Fetch, |(stage, _)| stage)
    }

    /// The last stage ends. Returns how long each took, in the order in which they first began; a stage that comes twice
    /// (the matte is made in two looks) is listed once with its sum.
    pub fn finish(&self) -> Vec<(Stage, Duration)> {
        let mut progress = self.lock();
        progress.end_current();
        progress.past.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nothing that holds this lock can leave it half-written, so a poisoned one is as good as any.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn end_current(&mut self) {
        let Some((stage, since)) = self.current.take() else { return };
        match self.past.iter_mut().find(|(past, _)| *past == stage) {
            Some((_, sum)) => *sum += since.elapsed(),
            None => self.past.push((stage, since.elapsed())),
        }
    }
}

/// Rounded to a tenth, for logs and reports.
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_comes_twice_is_listed_once() {
        let clock = StageClock::default();
        assert_eq!(clock.current(), Stage::Fetch);
        for stage in [Stage::Decode, Stage::Matting, Stage::Compose, Stage::Matting] {
            clock.enter(stage);
        }
        assert_eq!(clock.current(), Stage::Matting);
        let stages: Vec<Stage> = clock.finish().into_iter().map(|(stage, _)| stage).collect();
        assert_eq!(stages, [Stage::Decode, Stage::Matting, Stage::Compose]);
    }
}
