mod allowance;
mod bucket;

pub use allowance::{Allowance, Taken};
pub(crate) use bucket::{Drawing, Drawn, Level};
