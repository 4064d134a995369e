use super::{FileKind, Format};

/// Why an upload is not taken. `Display` is the sentence the customer reads, [`Refusal::code`] what programs match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a single byte came.
    #[error("The upload is empty. Please choose a photo and send it again.")]
    Empty,
    /// More bytes than allowed.
    #[error(
        "The file is larger than {} MB. Please send a smaller photo; of a camera raw file, the JPEG it can be exported as.",
        limit_bytes / 1_000_000
    )]
    TooLarge {
        /// The limit that was passed.
        limit_bytes: u64,
    },
    /// The first bytes are not those of a photo format we take.
    #[error("{}", what_came(*found))]
    UnsupportedType {
        /// What the file seems to be, where its bytes tell.
        found: Option<FileKind>,
    },
    /// The header claims more pixels than allowed.
    #[error(
        "The photo has {width} × {height} pixels, more than the {} megapixels we can take. Please send a smaller version.",
        limit / 1_000_000
    )]
    TooManyPixels {
        /// Claimed width.
        width: u32,
        /// Claimed height.
        height: u32,
        /// Pixels allowed.
        limit: u64,
    },
    /// Far too narrow, too small or too long to be a photo of a pet.
    #[error(
        "A picture of {width} × {height} pixels cannot become a headshot: each side must have at least {min_short_edge} \
         and at most {long_edge} pixels."
    )]
    BadShape {
        /// Claimed width.
        width: u32,
        /// Claimed height.
        height: u32,
        /// The longest side allowed.
        long_edge: u32,
        /// The least a side must have.
        min_short_edge: u32,
    },
    /// The file stops before its end.
    #[error("The {} file is incomplete: part of it did not arrive. Please send it again.", format.name())]
    Truncated {
        /// The sniffed format.
        format: Format,
    },
    /// It begins like the format but its structure makes no sense.
    #[error("The {} file is damaged and cannot be read. Please send another copy of the photo.", format.name())]
    Unreadable {
        /// The sniffed format.
        format: Format,
    },
}

impl Refusal {
    /// A stable name in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_upload",
            Self::TooLarge { .. } => "upload_too_large",
            Self::UnsupportedType { .. } => "unsupported_type",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::BadShape { .. } => "bad_shape",
            Self::Truncated { .. } => "truncated_image",
            Self::Unreadable { .. } => "undecodable_image",
        }
    }
}

fn what_came(found: Option<FileKind>) -> String {
    match found {
        Some(kind) => format!("The file is {}, which we cannot use. {}", kind.name(), kind.advice()),
        None => {
            "The file is not a photo that we recognise. Please send a JPEG, PNG, WebP, HEIC or AVIF photo."
                .to_owned()
        }
    }
}
