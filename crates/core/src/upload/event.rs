//! What the walkers of the formats tell the inspector.

use super::file_kind::FileKind;

/// What a walker found on its way through a chunk.
#[derive(Debug)]
pub(super) enum Event {
    /// The chunk is used up.
    More,
    /// The header was reached. Reported before anything behind it is looked at.
    Size { width: u32, height: u32 },
    /// The picture's last byte is behind.
    Complete,
    /// Where the picture's data should be there are zeros.
    Lost,
    /// It is something else than it began as.
    Other(FileKind),
}
