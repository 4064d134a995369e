/// What [`crate::Backend::check`] found: per dependency nothing to say, or a sentence about what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Blobs can be written.
    pub storage: Result<(), String>,
    /// Job records can be read.
    pub records: Result<(), String>,
    /// The task queue answers.
    pub queue: Result<(), String>,
}

impl Health {
    /// Whether every dependency answers.
    pub fn is_ok(&self) -> bool {
        self.parts().iter().all(|(_, state)| state.is_ok())
    }

    /// The dependencies by name.
    pub fn parts(&self) -> [(&'static str, &Result<(), String>); 3] {
        [("storage", &self.storage), ("records", &self.records), ("queue", &self.queue)]
    }
}
