//! Which rules around the networks there are, so that each can be judged by leaving it out.

/// A rule around the networks. The service leaves none out; `infra/judge-matte` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The network is asked for head and verdict again, about a mirrored, softer photo.
    Mirrored,
    /// Of several solid parts only the animal's are kept.
    OneAnimal,
    /// The network looks again at the head alone.
    SecondLook,
    /// That look is corrected by the first.
    Correction,
    /// What has the room's colours is voted out.
    ColourVote,
    /// In the band of doubt, alpha is read off the colours on its two sides.
    ColourModel,
    /// Only what hangs together with the animal is kept of the refined matte.
    Attached,
    /// A small network corrects the hairs.
    Refiner,
}

impl Rule {
    /// All of them, in the order in which they are applied.
    pub const ALL: [Self; 8] = [
        Self::Mirrored,
        Self::OneAnimal,
        Self::SecondLook,
        Self::Correction,
        Self::ColourVote,
        Self::ColourModel,
        Self::Attached,
        Self::Refiner,
    ];

    /// The rule of that name, or all of them for `each`; nothing where there is none.
    pub fn named(name: &str) -> Vec<Self> {
        Self::ALL.into_iter().filter(|rule| name == "each" || rule.name() == name).collect()
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mirrored => "mirrored",
            Self::OneAnimal => "one-animal",
            Self::SecondLook => "second-look",
            Self::Correction => "correction",
            Self::ColourVote => "colour-vote",
            Self::ColourModel => "colour-model",
            Self::Attached => "attached",
            Self::Refiner => "refiner",
        }
    }
}
