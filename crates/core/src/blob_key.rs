use crate::{JobId, Rendition};

/// Which of the two buckets (or local folders) a blob lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// What customers sent, as they sent it. The API writes, the worker reads.
    Originals,
    /// What the worker made. The worker writes, the API signs downloads.
    Outputs,
}

/// The name of one stored blob. It owns path, content type and cache policy, and derives from the job id alone:
/// a second upload of the same artefact lands on the same path, and nothing a customer typed ever becomes a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlobKey {
    /// The photo as uploaded.
    Original(JobId),
    /// One rendition of the finished headshot.
    Artefact(JobId, Rendition),
    /// What the network saw in the photo, for rendering it again. The worker writes and reads it.
    Matte(JobId),
}

impl BlobKey {
    /// The bucket that holds the blob.
    pub fn bucket(&self) -> Bucket {
        match self {
            Self::Original(_) => Bucket::Originals,
            Self::Artefact(..) | Self::Matte(_) => Bucket::Outputs,
        }
    }

    /// The object name inside its bucket, with `/` between parts and no leading slash.
    pub fn path(&self) -> String {
        match self {
            Self::Original(job) => format!("{job}/original"),
            Self::Artefact(job, rendition) => format!("{job}/outputs/{}", rendition.file_name()),
            Self::Matte(job) => format!("{job}/matte.png"),
        }
    }

    /// The inverse of [`BlobKey::path`] inside `bucket`; `None` for any other text.
    pub fn parse(bucket: Bucket, path: &str) -> Option<Self> {
        let (job, rest) = path.split_once('/')?;
        let job = job.parse().ok()?;
        match (bucket, rest) {
            (Bucket::Originals, "original") => Some(Self::Original(job)),
            (Bucket::Outputs, "matte.png") => Some(Self::Matte(job)),
            (Bucket::Outputs, rest) => {
                let file = rest.strip_prefix("outputs/")?;
                Rendition::ALL.into_iter().find(|r| r.file_name() == file).map(|r| Self::Artefact(job, r))
            }
            _ => None,
        }
    }

    /// Every blob that a job may have.
    pub fn all_of(job: JobId) -> impl Iterator<Item = Self> {
        let artefacts = Rendition::ALL.into_iter().map(move |rendition| Self::Artefact(job, rendition));
        artefacts.chain([Self::Matte(job), Self::Original(job)])
    }

    /// The job the blob belongs to.
    pub fn job_id(&self) -> JobId {
        match self {
            Self::Original(job) | Self::Artefact(job, _) | Self::Matte(job) => *job,
        }
    }

    /// What `Cache-Control` a download of the blob carries. An artefact never changes once written, but it shows
    /// a customer's pet: browsers may keep it, shared caches may not.
    pub fn cache_control(&self) -> &'static str {
        match self {
            Self::Original(_) | Self::Matte(_) => "private, no-store",
            Self::Artefact(..) => "private, max-age=3600, immutable",
        }
    }

    /// What `Content-Disposition` a download of the blob carries. A preview is shown where it is opened. Everything else
    /// is saved: a link on a page of another origin cannot ask for that itself.
    pub fn content_disposition(&self) -> String {
        match self {
            Self::Original(job) => format!("attachment; filename=\"{job}-original\""),
            Self::Matte(job) => format!("attachment; filename=\"{job}-matte.png\""),
            Self::Artefact(job, rendition) => {
                let manner = if *rendition == Rendition::Preview { "inline" } else { "attachment" };
                format!("{manner}; filename=\"{job}-{}\"", rendition.file_name())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_from_its_path() {
        let job = JobId::new();
        let artefacts = Rendition::ALL.map(|r| BlobKey::Artefact(job, r));
        for key in artefacts.into_iter().chain([BlobKey::Original(job), BlobKey::Matte(job)]) {
            assert_eq!(BlobKey::parse(key.bucket(), &key.path()), Some(key));
        }
    }

    #[test]
    fn a_path_that_is_not_a_key_is_refused() {
        let job = JobId::new();
        for path in
            ["", "/", "../original", "x/original", &format!("{job}/outputs/../original"), &format!("{job}/")]
        {
            assert_eq!(BlobKey::parse(Bucket::Outputs, path), None, "{path:?}");
            assert_eq!(BlobKey::parse(Bucket::Originals, path), None, "{path:?}");
        }
    }
}
