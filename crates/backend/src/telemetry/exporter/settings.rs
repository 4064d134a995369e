//! The standard `OTEL_*` variables: which of them are followed, and what cannot be.

#[cfg(test)]
mod tests;
mod variables;

use std::time::Duration;

use ureq::http::Uri;

use crate::settings::{InvalidSettings, Wrong};
use variables::{
    ATTRIBUTES, ENDPOINT, HEADERS, RULES, SAMPLER, SAMPLER_ARGUMENT, TIMEOUT, UNSUPPORTED, are_headers,
    sampler,
};

/// What the variables say about exporting traces. Those that are not here are read by the SDK itself.
#[derive(Debug)]
pub(in crate::telemetry) struct Otlp {
    /// The time limit of one try to deliver a batch.
    pub timeout: Duration,
    /// Whether the service's name is set by the variables.
    pub names_service: bool,
    collector: String,
}

/// What the OTLP specification has as default.
const TIMEOUT_MS: u64 = 10_000;

impl Otlp {
    /// Reads the variables; `None` when traces are not to be exported. An empty variable counts as not set.
    ///
    /// # Errors
    /// Everything asked for that is not supported or makes no sense, one sentence each.
    pub(in crate::telemetry) fn from_variables(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, InvalidSettings> {
        let mut read = Reader { variable, wrong: Wrong::default() };
        let off = read.disabled() | read.not_wanted();
        let endpoint = read.first(ENDPOINT).filter(|_| !off);
        let otlp = endpoint.map(|(name, endpoint)| read.otlp(name, &endpoint));
        read.wrong.finish("traces cannot be exported like this", otlp)
    }

    /// The collector's address, for people.
    pub(in crate::telemetry) fn endpoint(&self) -> &str {
        &self.collector
    }
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    wrong: Wrong,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// Of two names for one setting, the one for traces alone comes first.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    fn refuse(&mut self, name: &str, value: &str, expected: &str) {
        self.wrong.push(format!("{name} is {value:?}; {expected}"));
    }

    fn disabled(&mut self) -> bool {
        const NAME: &str = "OTEL_SDK_DISABLED";
        match self.get(NAME).unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" => true,
            "" | "false" => false,
            other => {
                self.refuse(NAME, other, "it must be true or false");
                true
            }
        }
    }

    fn not_wanted(&mut self) -> bool {
        const NAME: &str = "OTEL_TRACES_EXPORTER";
        match self.get(NAME).unwrap_or_default().as_str() {
            "none" => true,
            "" => false,
            "otlp" => {
                if self.first(ENDPOINT).is_none() {
                    self.refuse(NAME, "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT must say where the collector is");
                }
                false
            }
            other => {
                self.refuse(NAME, other, "only otlp and none are supported");
                true
            }
        }
    }

    fn otlp(&mut self, endpoint_name: &str, endpoint: &str) -> Otlp {
        let collector = self.collector(endpoint_name, endpoint);
        for (names, expected, fits) in RULES {
            if let Some((name, value)) = self.first(names).filter(|(_, value)| !fits(value)) {
                self.refuse(name, &value, expected);
            }
        }
        for (names, instead) in UNSUPPORTED {
            for name in names.iter().filter(|name| self.get(name).is_some()).collect::<Vec<_>>() {
                self.wrong.push(format!("{name} is not supported; {instead}"));
            }
        }
        // Their values are secrets as a rule, so they are not repeated.
        if let Some((name, _)) = self.first(HEADERS).filter(|(_, headers)| !are_headers(headers)) {
            self.wrong.push(format!("{name} must read like name=value,other-name=value"));
        }
        if let Some(ratio) = self.get(SAMPLER).filter(|name| sampler(name) == "traceidratio") {
            let share = self.get(SAMPLER_ARGUMENT).unwrap_or_default();
            if !share.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)) {
                let expected = format!("for {ratio} it must be a number from 0 to 1");
                self.refuse(SAMPLER_ARGUMENT, &share, &expected);
            }
        }
        let timeout = self.first(TIMEOUT).and_then(|(_, value)| value.parse().ok()).unwrap_or(TIMEOUT_MS);
        let attributes = self.get(ATTRIBUTES).unwrap_or_default();
        let mut names = attributes.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.trim()));
        let names_service =
            self.get("OTEL_SERVICE_NAME").is_some() || names.any(|name| name == "service.name");
        Otlp { timeout: Duration::from_millis(timeout), names_service, collector }
    }

    fn collector(&mut self, name: &str, endpoint: &str) -> String {
        let uri = endpoint.parse::<Uri>().ok();
        let scheme =
            uri.as_ref().and_then(Uri::scheme_str).filter(|scheme| matches!(*scheme, "http" | "https"));
        // Only host and port: a user's name and password have no business in a log.
        match (scheme, uri.as_ref().and_then(Uri::authority)) {
            (Some(scheme), Some(authority)) => {
                let port = authority.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{scheme}://{}{port}", authority.host())
            }
            _ => {
                self.refuse(name, endpoint, "it must be a URL such as http://127.0.0.1:4318");
                String::new()
            }
        }
    }
}
