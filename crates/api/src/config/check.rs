//! Checking settings one by one while collecting everything that is wrong. A check that fails returns some value, so that the
//! next one can be made; [`Checks::finish`] keeps such values from being used.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use headshot_backend::{BackendSettings, GcpArgs, GcpSettings, GcpUse, LocalSettings};
use headshot_core::Reach;

use super::{InvalidSettings, origin};

#[derive(Default)]
pub(super) struct Checks {
    wrong: Vec<String>,
}

/// The value, or the default if the variable is there but empty.
pub(super) fn or_default<'a>(value: &'a str, default: &'a str) -> &'a str {
    if value.trim().is_empty() { default } else { value.trim() }
}

impl Checks {
    /// All that was wrong, if anything was.
    pub(super) fn finish(self) -> Result<(), InvalidSettings> {
        if self.wrong.is_empty() { Ok(()) } else { Err(InvalidSettings(self.wrong)) }
    }

    pub(super) fn number(
        &mut self,
        name: &str,
        value: &str,
        default: &str,
        range: RangeInclusive<u64>,
    ) -> u64 {
        match or_default(value, default).parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (least, most) = (range.start(), range.end());
                self.note(name, value, format!("must be a whole number from {least} to {most}"));
                *least
            }
        }
    }

    pub(super) fn seconds(
        &mut self,
        name: &str,
        value: &str,
        default: &str,
        range: RangeInclusive<u64>,
    ) -> Duration {
        self.seconds_of(name, value, default, range, 1)
    }

    pub(super) fn seconds_of(
        &mut self,
        name: &str,
        value: &str,
        default: &str,
        range: RangeInclusive<u64>,
        unit: u64,
    ) -> Duration {
        Duration::from_secs(self.number(name, value, default, range).saturating_mul(unit))
    }

    /// `None` where nothing is set.
    pub(super) fn optional_switch(&mut self, name: &str, value: Option<&str>) -> Option<bool> {
        match value.map(str::trim).unwrap_or_default() {
            "" => None,
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            value => {
                self.note(name, value, "must be true or false");
                None
            }
        }
    }

    /// Notes a whole sentence.
    pub(super) fn wrong(&mut self, sentence: impl Into<String>) {
        self.wrong.push(sentence.into());
    }

    pub(super) fn host(&mut self, value: Option<&str>, on_cloud_run: bool) -> IpAddr {
        let default = if on_cloud_run { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        match value.map(str::trim).unwrap_or_default() {
            "" => default.into(),
            "localhost" => Ipv4Addr::LOCALHOST.into(),
            value => value.parse().unwrap_or_else(|_| {
                self.note("HOST", value, "must be an IP address or localhost");
                default.into()
            }),
        }
    }

    /// Empty when it is not set: only once the server listens is it known where.
    pub(super) fn public_url(&mut self, value: Option<&str>) -> String {
        let value = value.map(|value| value.trim().trim_end_matches('/')).unwrap_or_default();
        let uri = value.parse::<Uri>().ok().filter(|uri| is_web(uri) && uri.query().is_none());
        if uri.is_none() && !value.is_empty() {
            self.note("PUBLIC_URL", value, "must be an http or https URL without a query");
        }
        value.to_owned()
    }

    pub(super) fn backend(
        &mut self,
        value: &str,
        on_cloud_run: Option<&str>,
        local: LocalSettings,
        gcp: &GcpArgs,
    ) -> BackendSettings {
        match or_default(value, "local") {
            "gcp" => {
                // Tasks are only published here, never pulled.
                let asked = GcpUse { subscribes: false, on_cloud_run: on_cloud_run.is_some() };
                let checked = gcp.check(asked).map_err(|wrong| self.wrong.extend(wrong));
                return BackendSettings::Gcp(checked.unwrap_or_else(|()| GcpSettings::default()));
            }
            "local" => {
                if let Some(variable) = on_cloud_run {
                    self.wrong.push(format!(
                        "BACKEND is local, but {variable} says that this is Cloud Run, where local files are lost with \
                         each instance; it must be gcp there"
                    ));
                }
            }
            other => self.note("BACKEND", other, "must be local or gcp"),
        }
        BackendSettings::Local(local)
    }

    /// Where webhooks may go.
    pub(super) fn webhook_reach(&mut self, value: &str, backend: &str) -> Reach {
        match or_default(value, "false") {
            "0" | "false" => Reach::Public,
            "1" | "true" => {
                if or_default(backend, "local") != "local" {
                    self.wrong.push(
                        "WEBHOOK_ALLOW_PRIVATE is true, but BACKEND is not local: tenants could have any machine of \
                         the network called"
                            .into(),
                    );
                }
                Reach::Anywhere
            }
            other => {
                self.note("WEBHOOK_ALLOW_PRIVATE", other, "must be true or false");
                Reach::Public
            }
        }
    }

    /// Origins whose pages may call, in the spelling that browsers send.
    pub(super) fn origins(&mut self, value: &str) -> Vec<HeaderValue> {
        let listed = value.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let checked = listed.filter_map(|listed| match origin::as_browsers_send_it(listed) {
            Ok(origin) => HeaderValue::from_str(&origin).ok(),
            Err(rule) => {
                self.note("ALLOWED_ORIGINS", listed, rule);
                None
            }
        });
        checked.collect()
    }

    fn note(&mut self, name: &str, value: &str, rule: impl Display) {
        self.wrong.push(format!("{name} {rule}; it is {value:?}"));
    }
}

fn is_web(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
}
