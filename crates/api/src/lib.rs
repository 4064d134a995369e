//! The api binary's library.
