use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use headshot_core::Reach;
use tokio::time::sleep;
use tracing::{info, warn};

use super::TenantWebhooks;
use crate::local::blocking;

/// How often the file is looked at. On Cloud Run each look fetches the secret that is mounted there.
const EVERY: Duration = Duration::from_secs(10);

/// No file of tenants is as large; a device or a mistake may be.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The tenants' settings as the file has them now: it is read again when it changes, for as long as this lives.
#[derive(Clone, Debug, Default)]
pub struct TenantsFile {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    webhooks: RwLock<Arc<TenantWebhooks>>,
}

impl TenantsFile {
    /// Reads the file, and goes on to. Without a file no tenant has any settings.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong. Once it was right, what is wrong with a later version of it
    /// is logged, and the settings stay as they are.
    pub async fn open(path: Option<&Path>, reach: Reach) -> Result<Self> {
        Self::open_and_look(path, reach, EVERY).await
    }

    async fn open_and_look(path: Option<&Path>, reach: Reach, every: Duration) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = read(path.to_owned()).await?;
        let webhooks = parse(path, &text, reach)?;
        let shared = Arc::new(Shared { webhooks: RwLock::new(Arc::new(webhooks)) });
        tokio::spawn(follow(Arc::downgrade(&shared), path.to_owned(), text, reach, every));
        Ok(Self { shared })
    }

    /// The webhook settings as they are now.
    pub fn webhooks(&self) -> Arc<TenantWebhooks> {
        self.shared.webhooks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn follow(shared: Weak<Shared>, path: PathBuf, mut text: String, reach: Reach, every: Duration) {
    let mut failing = false;
    loop {
        sleep(every).await;
        let found = read(path.clone()).await;
        let Some(shared) = shared.upgrade() else { return };
        let changed = match found {
            Ok(same) if same == text => {
                failing = false;
                continue;
            }
            Ok(new) => {
                let parsed = parse(&path, &new, reach);
                // What is wrong with it is said once, not every ten seconds.
                text = new;
                failing = false;
                parsed
            }
            Err(_) if failing => continue,
            Err(error) => {
                failing = true;
                Err(error)
            }
        };
        match changed {
            Ok(webhooks) => {
                *shared.webhooks.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(webhooks);
                info!(file = %path.display(), "the tenants' settings have changed and are in force");
            }
            Err(error) => warn!(
                error = format!("{error:#}"),
                "the tenants' settings cannot be read again; they stay as they were"
            ),
        }
    }
}

async fn read(path: PathBuf) -> Result<String> {
    blocking(move || {
        let describe = || format!("cannot read the file of keys and tenants {}", path.display());
        let file = std::fs::File::open(&path).with_context(describe)?;
        let mut text = String::new();
        file.take(LARGEST + 1).read_to_string(&mut text).with_context(describe)?;
        ensure!(text.len() as u64 <= LARGEST, "{} is larger than 64 MiB", path.display());
        Ok(text)
    })
    .await
}

fn parse(path: &Path, text: &str, reach: Reach) -> Result<TenantWebhooks> {
    TenantWebhooks::parse(text, reach)
        .with_context(|| format!("the file of keys and tenants {} is not right", path.display()))
}

#[cfg(test)]
mod tests {
    use headshot_core::Tenant;

    use super::*;

    fn settings(host: &str) -> String {
        format!(
            r#"{{"tenants": {{"anonymous": {{"webhook": {{"url": "https://{host}/",
                "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}}}}}}}}"#
        )
    }

    fn host(file: &TenantsFile) -> String {
        let webhooks = file.webhooks();
        webhooks.of(&Tenant::anonymous()).unwrap().url.as_ref().unwrap().host()
    }

    async fn becomes(file: &TenantsFile, expected: &str) {
        while host(file) != expected {
            sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn the_file_is_read_again_when_it_changes_and_not_when_it_is_broken() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("keys.json");
        assert!(TenantsFile::open(Some(&path), Reach::Public).await.is_err());
        std::fs::write(&path, settings("one.example")).unwrap();
        let every = Duration::from_millis(10);
        let file = TenantsFile::open_and_look(Some(&path), Reach::Public, every).await.unwrap();
        assert_eq!(host(&file), "one.example");
        std::fs::write(&path, settings("two.example")).unwrap();
        becomes(&file, "two.example").await;
        std::fs::write(&path, "{").unwrap();
        sleep(10 * every).await;
        assert_eq!(host(&file), "two.example");
        std::fs::write(&path, settings("three.example")).unwrap();
        becomes(&file, "three.example").await;
        std::fs::remove_file(&path).unwrap();
        sleep(10 * every).await;
        assert_eq!(host(&file), "three.example");
    }

    #[tokio::test]
    async fn without_a_file_nobody_has_settings() {
        let file = TenantsFile::open(None, Reach::Public).await.unwrap();
        assert!(file.webhooks().of(&Tenant::anonymous()).is_none());
    }
}
