//! A matting model from Cloud Storage: fetched once, believed only if its checksum is the one that was asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tracing::info;

use super::blobs::storage;
use super::calls::within;
use crate::error::{Context, Result, ensure};
use crate::gcp::deadlines::CALL_TIMEOUT;
use crate::gcp::emulator::emulator_url;

/// No network that fits this service comes near.
const LARGEST: u64 = 4_000_000_000;

/// How long a download may take altogether: Cloud Run waits a few minutes for a container to start.
const FETCH_TIMEOUT: Duration = Duration::from_secs(180);

/// An object of Cloud Storage that holds a model, and what its bytes must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelObject {
    bucket: String,
    name: String,
    sha256: String,
}

impl ModelObject {
    /// Reads `gs://bucket/path`, with the checksum behind `#sha256=` or by itself.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(url: &str, sha256: &str) -> std::result::Result<Self, String> {
        let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
        let (bucket, name) = place
            .strip_prefix("gs://")
            .and_then(|place| place.split_once('/'))
            .filter(|(bucket, name)| !bucket.is_empty() && !name.is_empty() && !name.ends_with('/'))
            .ok_or_else(|| format!("MATTING_MODEL_GCS must be gs://bucket/path; it is {url:?}"))?;
        let inline = match fragment {
            "" => "",
            fragment => fragment
                .strip_prefix("sha256=")
                .ok_or_else(|| format!("MATTING_MODEL_GCS may end in #sha256=…; it is {url:?}"))?,
        };
        let sha256 = match (inline.to_lowercase(), sha256.trim().to_lowercase()) {
            (inline, other) if inline.is_empty() || inline == other => other,
            (inline, other) if other.is_empty() => inline,
            _ => return Err("MATTING_MODEL_GCS and MATTING_MODEL_SHA256 name two different checksums".into()),
        };
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!(
                "MATTING_MODEL_GCS needs the model's SHA-256 in 64 hex digits, behind #sha256= or in \
                 MATTING_MODEL_SHA256; it is {sha256:?}"
            ));
        }
        Ok(Self { bucket: bucket.into(), name: name.into(), sha256 })
    }

    /// Where the model lies in `cache`, fetched if it is not there yet or is not what it should be.
    ///
    /// `emulator` is `host:port` of something that speaks Cloud Storage's protocols, to be asked without credentials.
    ///
    /// # Errors
    /// The model cannot be fetched or kept, or its bytes are not those that the checksum promises.
    pub async fn fetch(&self, cache: &Path, emulator: Option<&str>) -> Result<PathBuf> {
        let path = cache.join(&self.sha256).join(self.file_name());
        if hash_of(&path).await.is_ok_and(|hash| hash == self.sha256) {
            info!(model = self.file_name(), "the model is in the cache");
            return Ok(path);
        }
        let fetched = timeout(FETCH_TIMEOUT, self.download(&path, emulator)).await;
        fetched
            .with_context(|| format!("it took more than {} s", FETCH_TIMEOUT.as_secs()))
            .and_then(|fetched| fetched)
            .with_context(|| format!("fetching the model gs://{}/{}", self.bucket, self.name))?;
        info!(model = self.file_name(), "the model was fetched");
        Ok(path)
    }

    async fn download(&self, path: &Path, emulator: Option<&str>) -> Result<()> {
        let storage = storage(emulator.map(emulator_url).as_deref()).await?;
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).await.with_context(|| format!("creating {}", folder.display()))?;
        // Workers that start together on one machine each write a file of their own, and the last one stays.
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        let written = async {
            let read = storage.read_object(format!("projects/_/buckets/{}", self.bucket), &self.name).send();
            let mut response = within(CALL_TIMEOUT, read).await??;
            let mut file =
                File::create(&draft).await.with_context(|| format!("creating {}", draft.display()))?;
            let (mut hash, mut length) = (Sha256::new(), 0);
            while let Some(chunk) = within(CALL_TIMEOUT, response.next()).await? {
                let chunk = chunk?;
                length += chunk.len() as u64;
                ensure!(length <= LARGEST, Damaged, "it is larger than any model that this service can use");
                hash.update(&chunk);
                file.write_all(&chunk).await.context("writing the model")?;
            }
            file.sync_all().await.context("writing the model")?;
            let found = hex(&hash.finalize());
            ensure!(
                found == self.sha256,
                Damaged,
                "its SHA-256 is {found}, and {} was asked for",
                self.sha256
            );
            fs::rename(&draft, path).await.context("keeping the model")
        };
        let written = written.await;
        if written.is_err() {
            let _ = fs::remove_file(&draft).await;
        }
        written
    }

    /// The last part of the object's name, which becomes the model's name if it has none of its own.
    fn file_name(&self) -> &str {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.chars().all(plain) && !name.starts_with('.') { name } else { "model.onnx" }
    }
}

async fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path).await?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        match file.read(&mut buffer).await? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_with_its_checksum() {
        let sha256 = "9F".repeat(32);
        let inline =
            ModelObject::parse(&format!("gs://models/pets/matte-2.onnx#sha256={sha256}"), "").unwrap();
        assert_eq!(ModelObject::parse("gs://models/pets/matte-2.onnx", &sha256).unwrap(), inline);
        assert_eq!(inline.file_name(), "matte-2.onnx");
        for (url, sha256) in [
            ("gs://models/m.onnx", ""),
            ("gs://models/m.onnx#sha256=abc", ""),
            ("gs://models/m.onnx#md5=abc", sha256.as_str()),
            ("gs://models/", sha256.as_str()),
            ("https://models/m.onnx", sha256.as_str()),
            (&format!("gs://models/m.onnx#sha256={}", "0".repeat(64)), sha256.as_str()),
        ] {
            ModelObject::parse(url, sha256).unwrap_err();
        }
    }
}
