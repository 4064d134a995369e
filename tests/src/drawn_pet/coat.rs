//! Colours and markings of the fur.

use super::frame::Point;
use super::noise::{blend, hill, noise, step};
use super::{Coat, Species};

/// Which part of the animal a colour is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Face and skull.
    Head,
    /// Outside of the ears.
    Ear,
    /// Neck, chest and shoulders.
    Body,
}

type Colour = [f32; 3];

/// The colour of the fur at a point, in even light.
pub fn colour(coat: Coat, species: Species, region: Region, point: Point) -> Colour {
    let [x, y] = point;
    let patches = 1.0 + 0.06 * noise(x * 3.0 + 5.0, y * 3.0);
    let plain = match (coat, species) {
        (Coat::Black, _) => black(region, point),
        (Coat::White, _) => white(region, point),
        (Coat::TwoColour, _) => two_colours(species, region, point),
        (Coat::Tabby, Species::Cat) => stripes(region, point, BROWN_TABBY),
        (Coat::Tan, Species::Cat) => stripes(region, point, GINGER),
        (Coat::Tabby, Species::Dog) => pepper_and_salt(region, point),
        (Coat::Tan, Species::Dog) => golden(region, point),
    };
    plain.map(|c| c * patches)
}

fn black(region: Region, [x, y]: Point) -> Colour {
    let sheen = 0.5 + 0.5 * noise(x * 2.2, y * 2.6 + 4.0);
    let coat = blend([0.165, 0.152, 0.150], [0.27, 0.27, 0.29], sheen);
    let face = if region == Region::Head { hill(x, y - 0.4, 0.45) } else { 0.0 };
    blend(coat, [0.25, 0.235, 0.23], 0.5 * face)
}

fn white(region: Region, [x, y]: Point) -> Colour {
    let cream = if region == Region::Ear { 0.8 } else { 0.3 + 0.3 * noise(x * 2.0, y * 2.0) };
    blend([0.93, 0.925, 0.92], [0.93, 0.88, 0.79], cream.max(0.0))
}

fn two_colours(species: Species, region: Region, point: Point) -> Colour {
    let [x, y] = point;
    let ragged = 0.07 * noise(x * 6.0, y * 6.0);
    let side = x.abs() + ragged;
    let blaze = match (region, species) {
        (Region::Ear, _) => 0.0,
        (Region::Head, Species::Cat) => {
            step(0.02, -0.02, side - 0.05 - 0.62 * step(-0.35, 0.75, y)) * step(-0.62, -0.45, y)
        }
        (Region::Head, Species::Dog) => step(0.03, -0.03, side - 0.10 - 0.55 * step(-0.1, 0.55, y)),
        (Region::Body, _) => step(0.06, -0.06, (side / 0.62).hypot((y - 0.9) / 1.0) - 1.0),
    };
    blend(black(region, point), white(Region::Head, point), blaze)
}

/// Ground, stripe and the pale places around mouth and eyes.
struct Tabby {
    ground: Colour,
    stripe: Colour,
    pale: Colour,
    strength: f32,
}

const BROWN_TABBY: Tabby = Tabby {
    ground: [0.62, 0.54, 0.44],
    stripe: [0.20, 0.165, 0.13],
    pale: [0.88, 0.84, 0.77],
    strength: 0.86,
};
const GINGER: Tabby =
    Tabby { ground: [0.87, 0.62, 0.37], stripe: [0.70, 0.38, 0.15], pale: [0.95, 0.88, 0.77], strength: 0.8 };

fn stripes(region: Region, [x, y]: Point, tabby: Tabby) -> Colour {
    let side = x.abs();
    let wobble = 0.10 * noise(x * 3.1 + 8.0, y * 3.1);
    let band = |phase: f32| step(0.05, 0.75, phase.cos());
    let dark = match region {
        Region::Ear => 0.35,
        Region::Body => 0.75 * band((y + 0.30 * side + 1.4 * wobble) * 8.5) * step(0.25, 0.7, side),
        Region::Head => {
            // The M on the forehead and its lines to the crown; then lines from the eyes over the cheeks.
            let fan = x.atan2(0.55 - y);
            let crown = band(fan * 21.0 + 6.0 * wobble) * step(-0.26, -0.46, y) * step(0.62, 0.48, fan.abs());
            let cheek =
                band((y - 0.30 * side + wobble) * 15.0 - 1.0) * step(0.56, 0.72, side) * step(-0.3, -0.1, y);
            let mascara = hill((y - 0.02 - 0.22 * (side - 0.5)) * 3.0, 0.0, 0.14) * step(0.52, 0.62, side);
            crown.max(cheek * 0.8).max(mascara)
        }
    };
    let coat = blend(tabby.ground, tabby.stripe, dark * tabby.strength);
    let pale = match region {
        Region::Ear => 0.0,
        Region::Body => 0.55 * step(0.5, 0.1, side + wobble) * step(0.4, 0.8, y),
        Region::Head => {
            let muzzle = step(0.42, 0.22, (side * 0.9).hypot((y - 0.52) * 1.1));
            let over_eyes = hill(side - 0.36, (y + 0.30) * 1.6, 0.13) * 0.7;
            let under_eyes = hill(side - 0.40, (y - 0.16) * 1.6, 0.15) * 0.6;
            muzzle.max(over_eyes).max(under_eyes)
        }
    };
    let coat = blend(coat, tabby.pale, pale * 0.9);
    // A warm bridge of the nose.
    let bridge = if region == Region::Head { hill(x * 2.2, (y - 0.10) * 0.8, 0.24) } else { 0.0 };
    blend(coat, blend(tabby.ground, [0.72, 0.45, 0.28], 0.5), 0.7 * bridge)
}

fn pepper_and_salt(region: Region, [x, y]: Point) -> Colour {
    let side = x.abs();
    let pepper = 0.5 + 0.5 * noise(x * 24.0, y * 24.0);
    let coat = blend([0.30, 0.30, 0.31], [0.56, 0.55, 0.54], pepper);
    match region {
        Region::Ear => coat.map(|c| c * 0.62),
        Region::Body => blend(coat, [0.78, 0.77, 0.75], 0.6 * step(0.7, 0.2, side)),
        Region::Head => {
            let beard = step(0.62, 0.40, side.hypot((y - 0.62) * 0.9));
            let brows = hill(side - 0.34, (y + 0.40) * 1.5, 0.16);
            blend(coat, [0.84, 0.83, 0.80], 0.85 * beard.max(brows))
        }
    }
}

fn golden(region: Region, [x, y]: Point) -> Colour {
    let side = x.abs();
    let coat = [0.80, 0.58, 0.34];
    match region {
        Region::Ear => [0.66, 0.42, 0.21],
        Region::Body => blend(coat, [0.92, 0.79, 0.60], 0.8 * step(0.9, 0.2, side)),
        Region::Head => {
            let pale = step(0.60, 0.25, side.hypot((y - 0.58) * 0.9));
            let brows = 0.5 * hill(side - 0.33, (y + 0.36) * 1.5, 0.15);
            blend(coat, [0.93, 0.81, 0.64], 0.75 * pale.max(brows))
        }
    }
}
