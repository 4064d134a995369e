use serde::{Deserialize, Serialize};

/// One of the files a finished job consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rendition {
    /// The picture for the screen, 1280 × 1600 by default.
    Preview,
    /// The print master, 2400 × 3000 at 300 dpi by default.
    Print,
    /// The print master as 8-bit grey and alpha: the same picture for software that takes no colour.
    GreyAlpha,
    /// The print master laid onto a plain colour, with bleed.
    Flattened,
}

impl Rendition {
    /// Every rendition that there is, in the order in which they are listed to customers. Which of them a job makes its
    /// recipe says: [`crate::Recipe::renditions`].
    pub const ALL: [Self; 4] = [Self::Preview, Self::Print, Self::GreyAlpha, Self::Flattened];

    /// The file name inside the job's output folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Preview => "preview.png",
            Self::Print => "print.png",
            Self::GreyAlpha => "print-grey-alpha.png",
            Self::Flattened => "flattened.png",
        }
    }

    /// The media type of the file.
    pub fn content_type(self) -> &'static str {
        "image/png"
    }
}

/// What the record says of one stored artefact. The key is a path inside the outputs bucket, never a URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArtefactInfo {
    /// Which rendition it is.
    pub rendition: Rendition,
    /// Object name inside the outputs bucket.
    pub key: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}

/// Where the head was found in the upright photo, in pixels of that photo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Head {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// How sure the source is, 0 to 1.
    pub confidence: f32,
    /// What found it.
    pub source: HeadSource,
}

/// What a [`Head`] rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HeadSource {
    /// The matting model's own head output.
    Model,
    /// No confident head: estimated from the outline of the matte.
    Matte,
}

/// Which network made a matte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelInfo {
    /// The model's name, such as `pet-matte-2`.
    pub name: String,
    /// SHA-256 of the ONNX file, lower-case hex.
    pub sha256: String,
    /// The ONNX Runtime execution provider in use: `cpu` or `cuda`.
    pub provider: String,
}
