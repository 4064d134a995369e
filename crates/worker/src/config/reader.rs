use std::fmt;
use std::time::Duration;

use super::ConfigErrors;

/// Reads one text after the other and keeps what is wrong for the end.
#[derive(Default)]
pub(super) struct Reader {
    pub errors: Vec<String>,
}

impl Reader {
    pub fn parsed<T: std::str::FromStr>(&mut self, name: &str, text: &str, expected: &str) -> Option<T> {
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.errors.push(format!("{name} is {text:?}; it must be {expected}"));
        }
        value
    }

    /// A whole number in a range; on error, the smallest allowed one, which nobody will use.
    pub fn whole<T>(&mut self, name: &str, text: &str, least: T, most: T) -> T
    where
        T: std::str::FromStr + PartialOrd + fmt::Display + Copy,
    {
        let value = text.trim().parse::<T>().ok().filter(|n| (least..=most).contains(n));
        if value.is_none() {
            self.errors.push(format!("{name} is {text:?}; it must be a whole number from {least} to {most}"));
        }
        value.unwrap_or(least)
    }

    pub fn seconds(&mut self, name: &str, text: &str, least: u64) -> Duration {
        const A_DAY: u64 = 24 * 60 * 60;
        Duration::from_secs(self.whole(name, text, least, A_DAY))
    }

    pub fn count_or(&mut self, name: &str, text: &str, default: usize) -> usize {
        if text.trim().is_empty() { default } else { self.whole(name, text, 1, 256) }
    }

    pub fn finish<T>(self, value: T) -> Result<T, ConfigErrors> {
        if self.errors.is_empty() { Ok(value) } else { Err(ConfigErrors(self.errors)) }
    }
}
