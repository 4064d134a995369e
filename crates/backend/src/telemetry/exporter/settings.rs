//! The standard `OTEL_*` variables: which of them are followed, and what cannot be.

#[cfg(test)]
mod tests;
mod variables;

use std::time::Duration;

use anyhow::{Result, bail};
use ureq::http::{HeaderName, Uri};

use variables::{CERTIFICATES, COMPRESSION, ENDPOINT, HEADERS, NUMBERS, PROTOCOL, TIMEOUT, UNHEEDED};

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
    ) -> Result<Option<Self>> {
        let mut read = Reader { variable, wrong: Vec::new() };
        let off = read.disabled() | read.not_wanted();
        let endpoint = read.first(ENDPOINT);
        let otlp = match endpoint {
            Some((name, endpoint)) if !off => Some(read.otlp(name, &endpoint)),
            _ => None,
        };
        match read.wrong.as_slice() {
            [] => Ok(otlp),
            wrong => bail!("traces cannot be exported like this:\n  - {}", wrong.join("\n  - ")),
        }
    }

    /// The collector's address, for people.
    pub(in crate::telemetry) fn endpoint(&self) -> &str {
        &self.collector
    }
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// Of two names for one setting, the one for traces alone comes first.
    fn first(&self, names: [&'static str; 2]) -> Option<(&'static str, String)> {
        names.into_iter().find_map(|name| Some((name, self.get(name)?)))
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
        if let Some((name, protocol)) = self.first(PROTOCOL).filter(|(_, value)| value != "http/protobuf") {
            self.refuse(
                name,
                &protocol,
                "only http/protobuf is supported, which collectors take on port 4318",
            );
        }
        if let Some((name, method)) = self.first(COMPRESSION).filter(|(_, value)| value != "none") {
            self.refuse(name, &method, "traces are sent uncompressed; leave it out or set none");
        }
        for name in CERTIFICATES {
            if self.get(name).is_some() {
                self.wrong.push(format!(
                    "{name} is not supported; SSL_CERT_FILE names certificates to trust, and a collector beside \
                     this program can hold client certificates"
                ));
            }
        }
        for name in UNHEEDED {
            if self.get(name).is_some() {
                self.wrong.push(format!("{name} is not supported; leave it out"));
            }
        }
        for name in NUMBERS {
            if let Some(value) = self.get(name).filter(|value| !value.parse::<u32>().is_ok_and(|n| n > 0)) {
                self.refuse(name, &value, "it must be a whole number above 0");
            }
        }
        self.headers();
        self.sampler();
        self.propagators();
        let timeout = Duration::from_millis(self.timeout());
        let names_service = self.get("OTEL_SERVICE_NAME").is_some()
            || self.get("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|attributes| {
                attributes
                    .split(',')
                    .any(|pair| pair.split_once('=').is_some_and(|(name, _)| name.trim() == "service.name"))
            });
        self.resource();
        Otlp { timeout, names_service, collector }
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

    fn timeout(&mut self) -> u64 {
        let Some((name, value)) = self.first(TIMEOUT) else { return TIMEOUT_MS };
        match value.parse() {
            Ok(milliseconds @ 1..=600_000) => milliseconds,
            _ => {
                self.refuse(name, &value, "it must be milliseconds from 1 to 600000");
                TIMEOUT_MS
            }
        }
    }

    /// Their values are secrets as a rule, so they are not repeated.
    fn headers(&mut self) {
        let Some((name, headers)) = self.first(HEADERS) else { return };
        let fits = |pair: &str| {
            pair.split_once('=').is_some_and(|(key, value)| {
                key.trim().parse::<HeaderName>().is_ok()
                    && !value.trim().is_empty()
                    && value.bytes().all(|b| (b' '..=b'~').contains(&b))
            })
        };
        if !headers.split_terminator(',').all(fits) {
            self.wrong.push(format!("{name} must read like name=value,other-name=value"));
        }
    }

    fn sampler(&mut self) {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
        let sampler = self.get(NAME).unwrap_or_default();
        match sampler.strip_prefix("parentbased_").unwrap_or(&sampler) {
            "" | "always_on" | "always_off" => {}
            "traceidratio" => {
                let share = self.get(ARGUMENT).unwrap_or_default();
                if !share.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)) {
                    self.refuse(ARGUMENT, &share, &format!("for {sampler} it must be a number from 0 to 1"));
                }
            }
            _ => self.refuse(
                NAME,
                &sampler,
                "it must be always_on, always_off, traceidratio, or one of them after parentbased_",
            ),
        }
    }

    fn propagators(&mut self) {
        const NAME: &str = "OTEL_PROPAGATORS";
        let Some(propagators) = self.get(NAME) else { return };
        let mut names = propagators.split(',').map(str::trim);
        if !names.clone().any(|name| name == "tracecontext")
            || names.any(|name| !matches!(name, "tracecontext" | "baggage"))
        {
            self.refuse(NAME, &propagators, "only tracecontext (W3C) is followed");
        }
    }

    fn resource(&mut self) {
        const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let Some(attributes) = self.get(NAME) else { return };
        let fits = |pair: &str| pair.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
        if !attributes.split_terminator(',').all(fits) {
            self.refuse(NAME, &attributes, "it must read like name=value,other.name=value");
        }
    }
}
