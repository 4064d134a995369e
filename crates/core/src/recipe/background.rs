use std::fmt;

use serde::{Deserialize, Serialize};

/// What a print is laid onto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// Its colour.
    pub colour: Colour,
    /// How far the colour goes on beyond each side of the picture, in millimetres, for the paper's cut: 0 to
    /// [`Background::MOST_BLEED_MM`].
    #[serde(default)]
    pub bleed_mm: u8,
}

impl Background {
    /// The widest bleed, in millimetres; printers ask for 3 to 5.
    pub const MOST_BLEED_MM: u8 = 10;

    /// The bleed in pixels of a print at 300 dpi.
    pub fn bleed_pixels(self) -> u32 {
        // 25.4 mm are 300 pixels; rounded.
        (u32::from(self.bleed_mm) * 3000 + 127) / 254
    }
}

/// An 8-bit sRGB colour, written `white`, `black` or `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Colour {
    /// Paper white.
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255 };
    /// Black.
    pub const BLACK: Self = Self { red: 0, green: 0, blue: 0 };

    /// Whether the colour is a grey, white and black among them.
    pub fn is_grey(self) -> bool {
        self.red == self.green && self.green == self.blue
    }

    /// Reads a colour; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "white" => return Some(Self::WHITE),
            "black" => return Some(Self::BLACK),
            _ => {}
        }
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
        let digits: Vec<u8> = digits.as_bytes().iter().map(digit).collect::<Option<_>>()?;
        let [red, green, blue] = [0, 2, 4].map(|i| digits[i] * 16 + digits[i + 1]);
        Some(Self { red, green, blue })
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WHITE => f.write_str("white"),
            Self::BLACK => f.write_str("black"),
            Self { red, green, blue } => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}
