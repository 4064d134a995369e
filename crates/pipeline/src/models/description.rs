//! What a matting model expects and returns.

use serde::{Deserialize, Serialize};

/// How to feed a matting network and how to read its answer.
///
/// As JSON it is an object with any of these fields. Those left out are as in [`ModelDescription::plain`], or, where
/// `"profile": "u2net"` or another name of [`crate::PROFILES`] stands beside them, as in that profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelDescription {
    /// The model's name, for records and logs; empty for the name of its file.
    pub name: String,
    /// The model's version, in its maker's words.
    pub version: String,
    /// The licence of its weights.
    pub licence: String,
    /// The long side of the network's input in pixels.
    pub long_side: u32,
    /// The long side of a second, mirrored input, of which head and probability are read too; see
    /// [`crate::coarse_matte`]. Where it is absent, one answer has to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirrored_side: Option<u32>,
    /// Input sides are rounded up to a multiple of this.
    pub multiple: u32,
    /// True when the network takes one square size only: the input is padded to `long_side × long_side`.
    pub square: bool,
    /// The order of the axes of input and matte.
    pub layout: Layout,
    /// What 8-bit values are divided by before mean and std.
    pub divide_by: Divisor,
    /// Per-channel mean, subtracted from values in 0..1, in R, G, B order.
    pub mean: [f32; 3],
    /// Per-channel standard deviation, divided by after the mean, in R, G, B order.
    pub std: [f32; 3],
    /// Order of the input's three channels.
    pub channels: ChannelOrder,
    /// The 8-bit colour that fills what the letterboxed photo leaves free, in R, G, B order.
    pub fill: [u8; 3],
    /// Name of the output that holds the matte; empty for the first output. It may have another resolution than the input.
    pub alpha_output: String,
    /// What turns the output into alpha.
    pub activation: Activation,
    /// For a network that tells classes apart: alpha is the sum over these channels of the output. Empty where the
    /// output has one channel, the matte.
    pub classes: Vec<usize>,
    /// Name of an output `1 × 5` with the head's centre x, centre y, width, height (0..1 of the input) and score.
    pub head_output: Option<String>,
    /// Name of an output `1 × 1` with the probability that there is a pet at all.
    pub pet_output: Option<String>,
}

/// The order of a tensor's axes: batch, channels, height, width, by their first letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Channels first, as PyTorch has it.
    Nchw,
    /// Channels last, as TensorFlow has it.
    Nhwc,
}

/// What 8-bit values are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Divisor {
    /// 255, so that white is 1.
    White,
    /// The largest value in the photo, so that its brightest channel is 1: the U²-Net family was trained on that.
    Brightest,
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
    /// The output holds a logit for each class.
    Softmax,
}

impl ModelDescription {
    /// The plain contract: RGB in 0..1, long side 512, one alpha out.
    pub fn plain() -> Self {
        Self {
            name: String::new(),
            version: String::new(),
            licence: String::new(),
            long_side: 512,
            mirrored_side: None,
            multiple: 32,
            square: false,
            layout: Layout::Nchw,
            divide_by: Divisor::White,
            mean: [0.0; 3],
            std: [1.0; 3],
            channels: ChannelOrder::Rgb,
            fill: [0, 0, 0],
            alpha_output: String::new(),
            activation: Activation::None,
            classes: Vec::new(),
            head_output: None,
            pet_output: None,
        }
    }

    /// The same for a processor that plans each shape of input anew, and slowly: every photo gets the full square.
    pub(crate) fn with_one_input_shape(self) -> Self {
        Self { square: true, ..self }
    }

    /// That a network can be fed and read so.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        let sides = [("long_side", Some(self.long_side)), ("mirrored_side", self.mirrored_side)];
        for (name, side) in sides.into_iter().filter_map(|(name, side)| Some((name, side?))) {
            if !(32..=4096).contains(&side) {
                return Err(format!("{name} must be 32 to 4096, it is {side}"));
            }
            if !self.square && (self.multiple == 0 || !side.is_multiple_of(self.multiple)) {
                return Err(format!(
                    "{name} must be a multiple of `multiple`, it is {side} with {}",
                    self.multiple
                ));
            }
        }
        if self.square && self.mirrored_side.is_some_and(|side| side != self.long_side) {
            return Err("mirrored_side must be long_side where a network takes one size only".into());
        }
        if self.std.iter().any(|&s| !s.is_finite() || s <= 0.0) {
            return Err("every std must be a positive number".into());
        }
        if self.mean.iter().any(|m| !m.is_finite()) {
            return Err("every mean must be a number".into());
        }
        if self.activation == Activation::Softmax && self.classes.is_empty() {
            return Err(
                "activation \"softmax\" needs `classes`, the channels that are summed to alpha".into()
            );
        }
        let twice = |(i, class): (usize, &usize)| self.classes.iter().take(i).any(|c| c == class);
        if self.classes.iter().enumerate().any(twice) {
            return Err(format!("classes names one channel twice: {:?}", self.classes));
        }
        Ok(())
    }
}

impl Default for ModelDescription {
    fn default() -> Self {
        Self::plain()
    }
}
