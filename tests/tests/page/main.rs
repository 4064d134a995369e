//! The page at `/`, in a real browser over the real binaries: what a customer does, and what a customer then sees or is
//! told. Pictures of it for people to look at are left in `target/tmp/page`.

mod access;
mod browser;
mod flow;
mod gate;
mod trouble;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use headshot_tests::{Options, TestApp, drawn_pet};
use tempfile::TempDir;

use browser::{Browser, View};

/// The service, a browser that looks at its page, and a folder for photos.
struct Visit {
    browser: Browser,
    app: TestApp,
    photos: TempDir,
    /// Several browsers at once would only make each other slow.
    _alone: MutexGuard<'static, ()>,
}

impl Visit {
    /// `None`, said loudly: there is no browser here.
    fn begin(view: View) -> Result<Option<Self>> {
        Self::begin_with(Options::default(), view)
    }

    fn begin_with(options: Options, view: View) -> Result<Option<Self>> {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let app = TestApp::start_with(options)?;
        let Some(browser) = Browser::open(&app.url("/"), view)? else { return Ok(None) };
        Ok(Some(Self { browser, app, photos: TempDir::new()?, _alone: alone }))
    }

    /// A photo on disk, for the browser to take.
    fn photo(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.photos.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    /// The photo of a drawn dog.
    fn dog(&self) -> Result<PathBuf> {
        self.photo("dog.jpg", &drawn_pet(1600))
    }

    /// Chooses a photo as the file dialogue would.
    fn choose(&self, photo: &std::path::Path) -> Result<()> {
        self.browser.type_into("#file", &photo.display().to_string())
    }

    /// Fails if the browser had anything to complain about, such as a violation of the policy.
    fn assert_quiet(&self) -> Result<()> {
        assert_eq!(self.browser.console()?, Vec::<String>::new());
        Ok(())
    }
}
