//! Who somebody else's token speaks for.

mod id_token;
mod signing_keys;
mod token;

pub use id_token::{IdTokens, TokenRefused};
