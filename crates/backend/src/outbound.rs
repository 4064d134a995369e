use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// A blocking HTTP client for the few calls that no vendor's client makes for us. Each has `limit` for everything, and
/// follows nobody elsewhere.
pub(crate) fn agent(limit: Duration) -> Agent {
    // The system's certificates, as SSL_CERT_FILE may name them, so that a company's own authority counts.
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(limit))
        .tls_config(tls)
        .build()
        .into()
}
