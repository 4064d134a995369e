//! A stand-in for Cloud Storage, as small as the official Rust client lets it be and as strict as the tests need.
//!
//! On one port it speaks the parts of the JSON API that move bytes (inserts by multipart and by resumable upload, reads
//! with ranges, metadata, lists, deletes), the gRPC control calls that the client makes (`GetObject`, `UpdateObject`,
//! `DeleteObject`), and downloads and uploads by V4 signed URLs. Generations and preconditions are honoured: a write that asks for
//! generation 0 succeeds once, also when eight ask at the same time. Objects live in a folder and survive a restart.
//!
//! Not Cloud Storage: no access control, no versions of overwritten objects, no encryption keys, no composed objects.
//! Signed URLs are signed with an HMAC under [`EMULATOR_KEY`] in the place of an RSA signature; everything that is signed
//! is what Cloud Storage would check.
//!
//! `PUT /_fake/fault/{none|unavailable|stall|cut}` makes it misbehave, and `GET /_fake/counts` says what was asked of it.

mod admin;
mod answer;
mod control;
mod fault;
mod insert;
mod multipart;
mod preconditions;
mod read;
mod resumable;
mod routes;
mod server;
mod signed;
mod store;

pub use fault::Fault;
pub use server::FakeStorage;
pub use signed::EMULATOR_KEY;
