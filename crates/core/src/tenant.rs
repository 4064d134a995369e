use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Who a job belongs to: one shop. Nobody else ever learns that the job exists.
///
/// 1 to 40 lower-case letters, digits and hyphens, beginning with a letter; so it can stand in logs, document ids and file
/// names as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tenant(String);

/// The text is not a tenant's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tenant is 1 to 40 lower-case letters, digits and hyphens, beginning with a letter")]
pub struct InvalidTenant;

impl Tenant {
    const LONGEST: usize = 40;

    /// Whoever calls a service that asks for no key.
    pub fn anonymous() -> Self {
        Self("anonymous".into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self::anonymous()
    }
}

impl FromStr for Tenant {
    type Err = InvalidTenant;

    fn from_str(text: &str) -> Result<Self, InvalidTenant> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let valid = text.len() <= Self::LONGEST
            && text.bytes().all(plain)
            && text.starts_with(|first: char| first.is_ascii_lowercase());
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidTenant) }
    }
}

impl TryFrom<String> for Tenant {
    type Error = InvalidTenant;

    fn try_from(text: String) -> Result<Self, InvalidTenant> {
        text.parse()
    }
}

impl From<Tenant> for String {
    fn from(tenant: Tenant) -> Self {
        tenant.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_or_none() {
        for name in ["a", "acme", "acme-pets-2", &"x".repeat(40), "anonymous"] {
            assert_eq!(name.parse::<Tenant>().map(String::from), Ok(name.to_owned()));
        }
        for text in ["", "-acme", "2acme", "Acme", "a b", "a/b", "a\nb", "ä", "..", &"x".repeat(41)] {
            assert_eq!(text.parse::<Tenant>(), Err(InvalidTenant), "{text:?}");
        }
    }
}
