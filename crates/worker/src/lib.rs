//! The worker binary's library.
