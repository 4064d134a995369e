use serde::{Deserialize, Serialize};

/// How much of the animal the frame shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Shot {
    /// The head with some of the shoulders.
    #[default]
    Head,
    /// Hardly more than the face.
    CloseUp,
    /// Head, shoulders and chest.
    Bust,
}

impl Shot {
    /// Every shot, the default first.
    pub const ALL: [Self; 3] = [Self::Head, Self::CloseUp, Self::Bust];

    /// The shot's name, as recipes write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::CloseUp => "close-up",
            Self::Bust => "bust",
        }
    }
}
