//! The tokens that Google signs, and whose are taken.

use super::reader::Reader;
use super::setting::{Setting, parsed};
use crate::IdTokens;

/// Whose pushed messages are taken. Both names are what the push subscription was created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSettings {
    /// The audience of the tokens.
    pub audience: String,
    /// The e-mail address of the service account that the tokens speak for.
    pub service_account: String,
    /// Where the keys are published that tokens are signed with.
    pub keys_url: String,
}

/// A place where the keys of tokens are published, in the place of Google's.
pub const fn keys_url() -> Setting<String> {
    parsed("must begin with https:// or with http://127.0.0.1", |url| {
        IdTokens::is_trustworthy(url).then(|| url.to_owned())
    })
}

/// That place, or Google's own.
pub fn keys_published_at(read: &mut Reader, setting: &Setting<String>) -> String {
    if read.is_set(setting) && read.on_cloud_run().is_some() {
        let name = setting.about.name;
        read.wrong(format!("{name} is set, but this is Cloud Run, where only Google's keys count"));
        return IdTokens::GOOGLE_KEYS.into();
    }
    read.optional(setting).unwrap_or_else(|| IdTokens::GOOGLE_KEYS.into())
}
