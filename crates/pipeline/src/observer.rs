//! What the pipeline tells an observer.

use headshot_core::Head;

use crate::base::geometry::{Levelled, Region};
use crate::base::plane::Plane;
use crate::crop::{Crop, Matte};
use crate::decode::Photo;
use crate::framing::Framing;
use crate::second_look::SecondLook;

/// Hears what the pipeline makes on its way, for people who want to look and for the figures of the matte.
pub trait Observer {
    /// The upright photo, the animal's cleaned matte spread over it, and the head if there is an animal.
    fn first_look(&mut self, _photo: &Photo, _animal: &Plane, _head: Option<&Head>) {}

    /// What the print is made of; nothing is said of a photo that is refused.
    fn close_up(&mut self, _close_up: &CloseUp<'_>) {}

    /// Whether a tilted head is put upright.
    ///
    /// Who compares with a true matte of the photo says no: then the print's regions are those of the photo.
    fn levels(&self) -> bool {
        true
    }
}

/// No observer.
impl Observer for () {}

/// The part of the photo that the print shows, stage by stage.
#[derive(Clone, Copy, Debug)]
pub struct CloseUp<'a> {
    /// The 4:5 frame, which may reach beyond the photo.
    pub frame: Region<Levelled>,
    /// Which part of the photo it shows.
    pub region: Region<Levelled>,
    /// The animal's outline from both looks, spread over that part.
    pub outline: &'a Plane,
    /// The same refined to the size it has in the print.
    pub matte: &'a Matte,
    /// The colours at that size, the room's taken out of the boundary.
    pub colours: &'a Crop,
    /// The matte with the fades.
    pub faded: &'a Matte,
}

impl<'a> CloseUp<'a> {
    pub(crate) fn new(
        framing: &Framing<Levelled>,
        second: &'a SecondLook,
        colours: &'a Crop,
        faded: &'a Matte,
    ) -> Self {
        let SecondLook { outline, matte, .. } = second;
        Self { frame: framing.frame, region: framing.visible, outline, matte, colours, faded }
    }
}
