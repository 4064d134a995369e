//! One parameter set behind the three looks.

use headshot_core::Look;

/// Everything in which one look differs from another. Lightness is CIE 1976 L* in 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LookParameters {
    /// A dark coat's shadows (10th percentile) come to lie here: deep, with detail.
    pub black_coat_low: f32,
    /// A light coat's highlights (95th percentile) come to lie here: bright, short of paper white.
    pub white_coat_high: f32,
    /// The range between the two is stretched by at most this; more turns noise into texture.
    pub most_stretch: f32,
    /// Shadows are lifted by at most this factor, so that noise stays where it is.
    pub most_lift: f32,
    /// And deepened to at least this share of what they were, so that they do not close up.
    pub least_shadow: f32,
    /// How much relief is raised over the smooth tone around it; 1 leaves it alone.
    pub relief: f32,
    /// Catch-lights are raised by so many stops.
    pub catch_light_stops: f32,
}

impl LookParameters {
    /// The set of a look.
    ///
    /// `house` was chosen by eye on the photos that the project looks at, within what a gallery print asks for: black fur at L* 12
    /// to 20 and white fur at 88 to 95. The other two leave that in opposite directions.
    pub fn of(look: Look) -> Self {
        match look {
            Look::House => Self {
                black_coat_low: 0.15,
                white_coat_high: 0.915,
                most_stretch: 1.5,
                most_lift: 4.0,
                least_shadow: 0.5,
                relief: 1.5,
                catch_light_stops: 0.3,
            },
            Look::Soft => Self {
                black_coat_low: 0.20,
                white_coat_high: 0.925,
                most_stretch: 1.15,
                most_lift: 5.0,
                least_shadow: 0.75,
                relief: 1.15,
                catch_light_stops: 0.2,
            },
            Look::Dramatic => Self {
                black_coat_low: 0.08,
                white_coat_high: 0.93,
                most_stretch: 1.9,
                most_lift: 2.2,
                least_shadow: 0.3,
                relief: 1.8,
                catch_light_stops: 0.3,
            },
        }
    }
}
