//! Telling the shop's server that a job has ended (Standard Webhooks): what is due is looked for in the records, claimed,
//! signed, sent and noted. A webhook is sent at least once; whoever gets it twice knows it by its id.

mod attempt;
mod deliver;
mod lanes;
mod payload;
mod schedule;
mod sender;
mod state;

pub use deliver::deliver;
pub use state::Webhooks;
