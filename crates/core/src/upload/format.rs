/// The photo formats the service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, any colour model.
    Jpeg,
    /// PNG, any bit depth; of an animated one the first frame.
    Png,
    /// WebP, lossy or lossless; of an animated one the first frame.
    WebP,
    /// HEIC/HEIF, as iPhones write it.
    Heif,
    /// AVIF.
    Avif,
    /// A camera raw file (DNG, NEF, ARW, CR2, CR3, RAF, …), of which the preview is taken that the camera
    /// stored in it.
    Raw,
}

impl Format {
    /// The media type, for the stored original's `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Heif => "image/heic",
            Self::Avif => "image/avif",
            // No maker's own type says it of all of them; this one is what desktops use.
            Self::Raw => "image/x-dcraw",
        }
    }

    /// The name a customer knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Heif => "HEIC",
            Self::Avif => "AVIF",
            Self::Raw => "camera raw",
        }
    }
}
