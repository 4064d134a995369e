use headshot_core::ModelInfo;

use crate::base::error::PipelineError;
use crate::base::geometry::{Levelled, Region};
use crate::decode::Photo;
use crate::matting::{CoarseMatte, coarse_matte, find_animal};
use crate::models::Models;
use crate::scene::Scene;
use crate::stored_matte::{StoredMatte, stepped};

/// Who says where the animal is: the network, or what it said about the same photo before.
#[derive(Clone, Copy)]
pub enum Sight<'a> {
    /// The network is asked.
    Network(&'a Models),
    /// Its earlier answers are.
    Stored(&'a StoredMatte),
}

impl Sight<'_> {
    /// The first look, at the whole photo.
    pub fn first(self, photo: &Photo) -> Result<CoarseMatte, PipelineError> {
        match self {
            Self::Network(models) => coarse_matte(photo, models).map(stepped),
            Self::Stored(stored) => Ok(stored.first()),
        }
    }

    /// The second look, at what is around the head: `region`, or what was looked at before.
    pub fn second(
        self,
        scene: &Scene<Levelled>,
        region: Region<Levelled>,
    ) -> Result<CoarseMatte<Levelled>, PipelineError> {
        match self {
            Self::Network(models) => find_animal(&scene.photo, region, models).map(stepped),
            Self::Stored(stored) => Ok(stored.second(&scene.head)),
        }
    }

    /// Whose answers they are.
    pub fn model(self) -> ModelInfo {
        match self {
            Self::Network(models) => models.info().clone(),
            Self::Stored(stored) => stored.model.clone(),
        }
    }
}
