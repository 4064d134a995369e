use std::io::{self, ErrorKind};
use std::time::Duration;

use headshot_core::InvalidWebhookUrl;
use rustls::CertificateError;

/// Why no answer came. The sentences stand in the record: they say what support can act on, and nothing in them is the
/// endpoint's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum Trouble {
    #[error("Nothing was sent: the tenant has no webhook secret any more.")]
    NoSecret,
    #[error("Nothing was sent: {0}")]
    Url(InvalidWebhookUrl),
    #[error("Nothing was sent: the name of the endpoint could not be looked up.")]
    Unresolved,
    #[error(
        "Nothing was sent: the name of the endpoint stands for an address that is not on the public internet."
    )]
    Private,
    #[error("Nothing was sent: {0}.")]
    Unreachable(&'static str),
    #[error("Nothing was sent, for there was no secure connection: {0}.")]
    Tls(&'static str),
    #[error("The endpoint did not answer within {} s.", .0.as_secs_f32())]
    TooSlow(Duration),
    #[error("The connection broke before the endpoint had answered.")]
    Broken,
    #[error("The endpoint's answer was not HTTP, or its head was too large.")]
    NotHttp,
}

pub(super) fn connecting(error: &io::Error) -> Trouble {
    Trouble::Unreachable(match error.kind() {
        ErrorKind::ConnectionRefused => "the endpoint refuses connections",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "there is no way to the endpoint's address"
        }
        _ => "no connection to the endpoint could be made",
    })
}

pub(super) fn tls(error: &io::Error) -> Trouble {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    Trouble::Tls(match error {
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the endpoint's certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the endpoint's certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the endpoint's certificate is for another name"
            }
            CertificateError::UnknownIssuer => {
                "the endpoint's certificate is from an authority that is not trusted, or its chain is incomplete"
            }
            CertificateError::Revoked => "the endpoint's certificate was revoked",
            _ => "the endpoint's certificate cannot be trusted",
        },
        Some(_) => "the endpoint does not speak TLS 1.2 or 1.3 as we do",
        None => "the connection broke while it was being secured",
    })
}

pub(super) fn talking(error: &hyper::Error) -> Trouble {
    if error.is_parse() || error.is_parse_too_large() { Trouble::NotHttp } else { Trouble::Broken }
}
