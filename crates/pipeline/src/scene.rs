//! What the stages between the first look and the print go by.

use headshot_core::{Head, Shot};

use crate::base::geometry::{Levelled, Original, Region, Space};
use crate::base::plane::Plane;
use crate::decode::Photo;
use crate::framing::{Framing, frame_head};

/// A photo and the animal in it. All places are in its own pixels.
#[derive(Clone, Debug)]
pub struct Scene<S> {
    /// The photo, upright.
    pub photo: Photo,
    /// The animal's cleaned coarse matte over all of it.
    pub animal: Plane,
    /// The animal's head.
    pub head: Head,
    /// The frame around the head.
    pub framing: Framing<S>,
}

impl<S: Space> Scene<S> {
    /// Frames the head.
    pub fn framed(photo: Photo, animal: Plane, head: Head, shot: Shot) -> Self {
        let framing = frame_head(&head, &animal, photo.size(), shot);
        Self { photo, animal, head, framing }
    }

    /// All of the photo.
    pub fn whole(&self) -> Region<S> {
        Region::whole(self.photo.size())
    }
}

impl Scene<Original> {
    /// The scene that goes on where nothing was to be turned.
    pub fn unturned(self) -> Scene<Levelled> {
        let Self { photo, animal, head, framing: Framing { frame, visible, head: with_ears } } = self;
        let framing =
            Framing { frame: frame.unturned(), visible: visible.unturned(), head: with_ears.unturned() };
        Scene { photo, animal, head, framing }
    }
}
