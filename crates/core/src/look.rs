use serde::{Deserialize, Serialize};

/// How the black and white is graded. One parameter set in the pipeline stands behind each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// The house look: full range, tooth in the fur, calm transitions.
    #[default]
    House,
    /// Gentle: open shadows, little relief; flatters puppies and white coats.
    Soft,
    /// Deep shadows and strong relief.
    Dramatic,
}

impl Look {
    /// Every look, the default first.
    pub const ALL: [Self; 3] = [Self::House, Self::Soft, Self::Dramatic];

    /// The look's name, as recipes write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::House => "house",
            Self::Soft => "soft",
            Self::Dramatic => "dramatic",
        }
    }
}
