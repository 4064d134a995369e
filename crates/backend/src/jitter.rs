//! A random number from 0 to 1, for waits that must not coincide.

/// The number. Where the system has no randomness it is 0.5: such waits are merely not spread.
pub(crate) fn jitter() -> f64 {
    let mut random = [0; 1];
    getrandom::fill(&mut random).map_or(0.5, |()| f64::from(random[0]) / 255.0)
}
