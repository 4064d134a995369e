use anyhow::Context;
use bytes::Bytes;
use headshot_backend::Claimed;
use headshot_core::{ArtefactInfo, BlobKey, Stage};
use headshot_pipeline::Artefact;
use tokio::task::spawn_blocking;

use super::unavailable::Unavailable;
use crate::hash::sha256;
use crate::worker::Worker;

/// Stores the artefacts. `None`: the claim was lost on the way.
pub(super) async fn store(
    worker: &Worker,
    claim: &Claimed,
    artefacts: Vec<Artefact>,
) -> anyhow::Result<Option<Vec<ArtefactInfo>>> {
    let mut outputs = Vec::with_capacity(artefacts.len());
    for Artefact { rendition, width, height, png, .. } in artefacts {
        let key = BlobKey::Artefact(claim.id(), rendition);
        let png = Bytes::from(png);
        let hashed = png.clone();
        // A print master is some 5 MB: hashing it takes longer than a task may keep its thread.
        let sha256 = spawn_blocking(move || sha256(&hashed)).await.context("hashing an artefact")?;
        let bytes = png.len() as u64;
        let name = rendition.file_name();
        let stored = put(worker, claim, key, rendition.content_type(), png)
            .await
            .with_context(|| Unavailable::storage(format!("storing {name}")))?;
        if !stored {
            return Ok(None);
        }
        outputs.push(ArtefactInfo { rendition, key: key.path(), width, height, bytes, sha256 });
    }
    Ok(Some(outputs))
}

/// Stores what the network saw, for rendering the photo again. Where another job brought the photo, it did so before.
/// `false`: the claim was lost on the way.
pub(super) async fn store_matte(worker: &Worker, claim: &Claimed, matte: Vec<u8>) -> anyhow::Result<bool> {
    if claim.record().photo_of.is_some() {
        return Ok(true);
    }
    put(worker, claim, BlobKey::Matte(claim.id()), "image/png", matte.into())
        .await
        .context(Unavailable::storage("storing the matte"))
}

/// Stores one blob of a claimed job. `false`: the claim was lost, and nothing was written.
pub(super) async fn put(
    worker: &Worker,
    claim: &Claimed,
    key: BlobKey,
    content_type: &str,
    bytes: Bytes,
) -> anyhow::Result<bool> {
    let still_mine = || worker.backend.jobs.renew(claim, Stage::Store, worker.config.jobs.lease);
    Ok(worker.backend.blobs.put_while(key, content_type, bytes, still_mine).await?)
}
