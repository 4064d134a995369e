//! Places in a picture. Each belongs to one picture: what was measured in one cannot be looked up in another.

use std::fmt::Debug;
use std::marker::PhantomData;

use headshot_core::Head;

/// A picture in whose pixels places are measured.
pub trait Space: Copy + Debug + PartialEq {}

/// The upright photo as it was decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Original;

/// The photo that the print is made of: turned around a tilted head, or the original where none was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levelled;

impl Space for Original {}
impl Space for Levelled {}

/// A part of a picture in pixels of it; edges may lie between pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region<S = Original> {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    of: PhantomData<S>,
}

/// A point of a picture, in pixels from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point<S> {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    of: PhantomData<S>,
}

/// The head with its ears in a crop, as shares of the crop's height from its top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadSpan {
    /// Where the ears begin.
    pub top: f64,
    /// From there to the chin.
    pub height: f64,
}

impl<S: Space> Region<S> {
    /// The part with that corner and that size.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x, y, width, height, of: PhantomData }
    }

    /// All of a picture of that size.
    pub fn whole((width, height): (f64, f64)) -> Self {
        Self::new(0.0, 0.0, width, height)
    }

    /// A head's box.
    pub fn of_head(head: &Head) -> Self {
        let [x, y, width, height] = [head.x, head.y, head.width, head.height].map(f64::from);
        Self::new(x, y, width, height)
    }

    /// Its middle.
    pub fn centre(&self) -> Point<S> {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// What of it lies inside a picture of that size, at least one pixel large.
    pub fn inside(&self, (width, height): (f64, f64)) -> Self {
        let x0 = self.x.clamp(0.0, width - 1.0);
        let y0 = self.y.clamp(0.0, height - 1.0);
        let x1 = (self.x + self.width).clamp(x0 + 1.0, width);
        let y1 = (self.y + self.height).clamp(y0 + 1.0, height);
        Self::new(x0, y0, x1 - x0, y1 - y0)
    }

    /// The same with margins on all sides: left and right, above and below.
    pub fn grown(&self, across: f64, down: f64) -> Self {
        Self::new(self.x - across, self.y - down, self.width + 2.0 * across, self.height + 2.0 * down)
    }

    /// Whether a point lies inside; the right and lower edges do not.
    pub fn contains(&self, point: Point<S>) -> bool {
        (self.x..self.x + self.width).contains(&point.x) && (self.y..self.y + self.height).contains(&point.y)
    }

    /// Where the middle of a sample lies that belongs to a plane of this size, spread over the region.
    pub fn at_sample(&self, (width, height): (usize, usize), x: usize, y: usize) -> Point<S> {
        let across = self.x + (x as f64 + 0.5) / width as f64 * self.width;
        Point::new(across, self.y + (y as f64 + 0.5) / height as f64 * self.height)
    }

    /// Intersection over union with another: 1 for the same region, 0 for one that it does not touch.
    pub fn iou(&self, other: &Self) -> f64 {
        let along = |a: f64, a_length: f64, b: f64, b_length: f64| {
            ((a + a_length).min(b + b_length) - a.max(b)).max(0.0)
        };
        let shared = along(self.x, self.width, other.x, other.width)
            * along(self.y, self.height, other.y, other.height);
        shared / (self.width * self.height + other.width * other.height - shared)
    }

    /// The region that lies this share of the way to another, edge by edge.
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + share * (b - a);
        Self::new(
            mix(self.x, other.x),
            mix(self.y, other.y),
            mix(self.width, other.width),
            mix(self.height, other.height),
        )
    }
}

impl Region<Original> {
    /// The same in a levelled photo that is the original, because nothing was to be turned.
    pub fn unturned(self) -> Region<Levelled> {
        Region::new(self.x, self.y, self.width, self.height)
    }
}

impl<S: Space> Point<S> {
    /// The point at these distances.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y, of: PhantomData }
    }

    /// The middle of a head's box.
    pub fn of_head(head: &Head) -> Self {
        Self::new(f64::from(head.x + head.width / 2.0), f64::from(head.y + head.height / 2.0))
    }
}
