//! What a job's recipe decides.

use std::sync::Arc;

use anyhow::Result;
use headshot_core::{BlobKey, ModelInfo, Rendition, Status};

use crate::bench::{Bench, ByRecipe};

fn by_recipe() -> Arc<ByRecipe> {
    Arc::new(ByRecipe(ModelInfo { name: "fake".into(), sha256: String::new(), provider: "cpu".into() }))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_that_a_recipe_asks_for_is_stored_and_listed() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.config.rendering.print_long_edge = 1500;
    let recipe = "headshot,look=dramatic,background=#ffeedd,bleed=10mm,grey-alpha";
    let id = bench.accept_with_recipe(b"photo", recipe).await?;
    let worker = bench.start(by_recipe()).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!(record.status, Status::Done, "{record:#?}");
    let listed: Vec<_> = record.outputs.iter().map(|o| (o.rendition, o.width, o.height)).collect();
    let expected = [
        (Rendition::Preview, 1280, 1600),
        (Rendition::Print, 1200, 1500),
        (Rendition::GreyAlpha, 1200, 1500),
        // 10 mm at 300 dpi are 118 pixels, on each side.
        (Rendition::Flattened, 1436, 1736),
    ];
    assert_eq!(listed, expected);
    for output in &record.outputs {
        let key = BlobKey::Artefact(id, output.rendition);
        assert_eq!(output.key, key.path());
        assert!(bench.backend.blobs.get(key, 100).await?.is_some(), "{}", output.key);
    }
    worker.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_that_this_worker_does_not_know_ends_the_job_with_a_sentence() -> Result<()> {
    let bench = Bench::new().await?;
    let id = bench.accept_with_recipe(b"photo", "headshot,frame=gold").await?;
    let worker = bench.start(by_recipe()).await?;
    let record = bench.until_ended(id).await?;
    assert_eq!(record.status, Status::Failed);
    assert_eq!(record.error.expect("a reason").code, "unknown_recipe");
    worker.stop().await
}
