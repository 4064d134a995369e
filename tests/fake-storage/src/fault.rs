use std::sync::atomic::{AtomicU8, Ordering};

/// How the fake misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// It does not.
    None = 0,
    /// Every call is answered with 503, or `UNAVAILABLE`.
    Unavailable = 1,
    /// Calls are taken and never answered; their bodies are not read.
    Stall = 2,
    /// Connections are closed without an answer.
    Cut = 3,
    /// Writes are carried out, but the connection is closed instead of an answer.
    LoseAnswers = 4,
}

#[derive(Default)]
pub(crate) struct Faults {
    current: AtomicU8,
}

impl Faults {
    pub(crate) fn set(&self, fault: Fault) {
        self.current.store(fault as u8, Ordering::SeqCst);
    }

    pub(crate) fn current(&self) -> Fault {
        match self.current.load(Ordering::SeqCst) {
            1 => Fault::Unavailable,
            2 => Fault::Stall,
            3 => Fault::Cut,
            4 => Fault::LoseAnswers,
            _ => Fault::None,
        }
    }
}

impl Fault {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "unavailable" => Self::Unavailable,
            "stall" => Self::Stall,
            "cut" => Self::Cut,
            "lose-answers" => Self::LoseAnswers,
            _ => return None,
        })
    }
}
