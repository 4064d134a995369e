use futures_util::future::BoxFuture;
use headshot_core::BlobKey;

use crate::error::Result;

/// Asks whether whoever writes still holds the claim on the job.
pub(crate) type StillMine<'a> = dyn Fn() -> BoxFuture<'a, Result<bool>> + Send + Sync + 'a;

/// What a signed link for putting a blob says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadTerms {
    /// Where the blob goes.
    pub key: BlobKey,
    /// Its type; the request must declare it.
    pub content_type: String,
    /// Its size, exactly.
    pub bytes: u64,
}

/// A link that takes one blob, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedUpload {
    /// Where to PUT the bytes. Never to be stored or logged.
    pub url: String,
    /// The headers that the request must have, in lower case.
    pub headers: Vec<(&'static str, String)>,
}

/// Why a download URL does not open anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadRefused {
    /// It was good once.
    Expired,
    /// It was never given out in this form.
    BadSignature,
}

impl std::fmt::Display for DownloadRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Expired => "the download link has expired",
            Self::BadSignature => "the download link is not valid",
        })
    }
}

impl std::error::Error for DownloadRefused {}
