use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the liveness probe is answered from: does the pull loop come round, and do renders end?
pub struct Liveness {
    /// Longest that a render may take before it counts as stuck for good.
    render_patience: Duration,
    observed: Mutex<Observed>,
}

struct Observed {
    last_pull: Instant,
    next_render: u64,
    renders: Vec<(u64, Instant)>,
}

/// One running render; dropping it says that it has ended, whichever way.
pub struct RunningRender<'a> {
    liveness: &'a Liveness,
    number: u64,
}

/// The pull loop comes round every few seconds even when there is nothing to do and when the backend is away.
const LOOP_PATIENCE: Duration = Duration::from_secs(60);

impl Liveness {
    /// All is well. A job's time limit ends the job, but not the thread that renders it: one that goes on for twice as
    /// long never comes back, and only a restart frees its core.
    pub fn new(job_timeout: Duration) -> Self {
        let observed = Observed { last_pull: Instant::now(), next_render: 0, renders: Vec::new() };
        Self { render_patience: job_timeout.saturating_mul(2), observed: Mutex::new(observed) }
    }

    /// The pull loop has come round.
    pub fn pulled(&self) {
        self.lock().last_pull = Instant::now();
    }

    /// A render begins on this thread.
    pub fn render(&self) -> RunningRender<'_> {
        let mut observed = self.lock();
        let number = observed.next_render;
        observed.next_render += 1;
        observed.renders.push((number, Instant::now()));
        RunningRender { liveness: self, number }
    }

    /// Whether the process is alive.
    ///
    /// # Errors
    /// What is wrong and would be mended by a restart, as a sentence for whoever reads the probe's answer.
    pub fn check(&self) -> Result<(), String> {
        let observed = self.lock();
        let quiet = observed.last_pull.elapsed();
        if quiet > LOOP_PATIENCE {
            return Err(format!("the pull loop has not come round for {} s", quiet.as_secs()));
        }
        match observed.renders.iter().filter(|(_, since)| since.elapsed() > self.render_patience).count() {
            0 => Ok(()),
            stuck => Err(format!("{stuck} renders do not come to an end")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RunningRender<'_> {
    fn drop(&mut self) {
        self.liveness.lock().renders.retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_render_that_never_ends_is_told_apart_from_one_that_does() {
        let liveness = Liveness::new(Duration::ZERO);
        assert_eq!(liveness.check(), Ok(()));
        let render = liveness.render();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(liveness.check(), Err("1 renders do not come to an end".into()));
        drop(render);
        assert_eq!(liveness.check(), Ok(()));
    }
}
