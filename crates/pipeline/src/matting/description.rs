//! What a matting model expects and returns.

use serde::{Deserialize, Serialize};

/// How to feed a matting network and how to read its answer.
///
/// It comes from a sidecar file (`MODEL.json` beside `MODEL.onnx`), else from the ONNX metadata entry
/// `headshot.model`, else it is [`ModelDescription::plain`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelDescription {
    /// The model's name, for records and logs.
    pub name: String,
    /// The long side of the network's input in pixels.
    pub long_side: u32,
    /// Input sides are rounded up to a multiple of this.
    pub multiple: u32,
    /// True when the network takes one square size only: the input is padded to `long_side × long_side`.
    pub square: bool,
    /// Per-channel mean, subtracted from values in 0..1, in R, G, B order.
    pub mean: [f32; 3],
    /// Per-channel standard deviation, divided by after the mean, in R, G, B order.
    pub std: [f32; 3],
    /// Order of the input's three channels.
    pub channels: ChannelOrder,
    /// The 8-bit colour that fills what the letterboxed photo leaves free, in R, G, B order.
    pub fill: [u8; 3],
    /// Name of the output that holds the matte; empty for the first output.
    pub alpha_output: String,
    /// What turns the output into alpha.
    pub activation: Activation,
    /// Name of an output `1 × 5` with the head's centre x, centre y, width, height (0..1 of the input) and score.
    pub head_output: Option<String>,
}

/// Order of colour channels in the input tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelOrder {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// What is still to be done to the network's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Nothing: the output is alpha, 0 to 1.
    None,
    /// The output holds logits.
    Sigmoid,
}

impl ModelDescription {
    /// The plain contract: RGB in 0..1, long side 512, one alpha out.
    pub fn plain() -> Self {
        Self {
            name: "unnamed".into(),
            long_side: 512,
            multiple: 32,
            square: false,
            mean: [0.0; 3],
            std: [1.0; 3],
            channels: ChannelOrder::Rgb,
            fill: [0, 0, 0],
            alpha_output: String::new(),
            activation: Activation::None,
            head_output: None,
        }
    }

    /// Reads a description from JSON; fields left out are those of [`ModelDescription::plain`].
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let description: Self = serde_json::from_str(json).map_err(|e| e.to_string())?;
        if !(32..=4096).contains(&description.long_side) {
            return Err(format!("long_side must be 32 to 4096, it is {}", description.long_side));
        }
        if !(1..=description.long_side).contains(&description.multiple) {
            return Err(format!("multiple must be 1 to long_side, it is {}", description.multiple));
        }
        if description.std.iter().any(|&s| !s.is_finite() || s <= 0.0) {
            return Err("every std must be a positive number".into());
        }
        if description.mean.iter().any(|m| !m.is_finite()) {
            return Err("every mean must be a number".into());
        }
        Ok(description)
    }
}

impl Default for ModelDescription {
    fn default() -> Self {
        Self::plain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_the_plain_contract_and_nonsense_is_refused() {
        assert_eq!(ModelDescription::from_json("{}"), Ok(ModelDescription::plain()));
        let nonsense =
            [r#"{"long_side":0}"#, r#"{"std":[0,1,1]}"#, r#"{"multiple":0}"#, r#"{"typo":1}"#, "x"];
        for json in nonsense {
            assert!(ModelDescription::from_json(json).is_err(), "{json}");
        }
    }
}
