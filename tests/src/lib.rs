//! What the whole-system tests share: the two real binaries as processes, a client, photos drawn in code, and the rules
//! that every finished headshot keeps.

mod app;
mod client;
mod cloud;
mod collector;
pub mod drawn_pet;
mod models;
mod observed;
mod photos;
mod pictures;
mod process;
mod proxy;
pub mod spoil;

pub use app::{Options, TestApp};
pub use client::{Answer, Client};
pub use cloud::{Cloud, Dependency};
pub use collector::{Collector, Manner, Span};
pub use models::models;
pub use observed::{Observed, ObservedPrint, observe};
pub use photos::{drawn_pet, drawn_pets, shared, shared_files};
pub use pictures::{check_pictures, check_png};
pub use process::{Process, binary, runtime_library, workspace};
pub use proxy::{Line, Proxy};
