//! Downloads and uploads by V4 signed URLs. Everything that Cloud Storage checks is checked; only the signature itself is an HMAC, as
//! nobody has a service account here.

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Method, Request};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Problem, full};
use crate::preconditions::Preconditions;
use crate::read;
use crate::routes::{decoded, query};
use crate::server::Shared;
use crate::store::Described;

/// What signed URLs are signed with where there is an emulator in the place of Cloud Storage. It guards nothing: it is
/// there so that an expired, a changed and a made-up URL are refused in tests as they will be in earnest.
pub const EMULATOR_KEY: &[u8] = b"headshot storage emulator";

const SEVEN_DAYS: i64 = 7 * 24 * 60 * 60;

pub(crate) async fn download(shared: &Shared, request: &Request<Incoming>) -> Result<Answer, Problem> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::no_such_thing());
    }
    let (bucket, name) =
        request.uri().path().trim_start_matches('/').split_once('/').ok_or_else(Problem::no_such_thing)?;
    check(request)?;
    let object = shared.store.get(&decoded(bucket)?, &decoded(name)?, Preconditions::default())?;
    read::bytes(shared, &object, request.headers())
}

/// Stores what is put, if it keeps to the headers that were signed. A header of Cloud Storage's own that was not signed is
/// refused, as there: otherwise a sender could say more than the signer allowed.
pub(crate) async fn upload(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Problem> {
    let (bucket, name) =
        request.uri().path().trim_start_matches('/').split_once('/').ok_or_else(Problem::no_such_thing)?;
    let (bucket, name) = (decoded(bucket)?, decoded(name)?);
    check(&request)?;
    let values = query(request.uri().query().unwrap_or_default())?;
    let signed: Vec<&str> =
        values.get("X-Goog-SignedHeaders").map(|names| names.split(';').collect()).unwrap_or_default();
    let ours = request.headers().keys().filter(|name| name.as_str().starts_with("x-goog-"));
    for name in ours {
        if !signed.contains(&name.as_str()) {
            return Err(Problem::forbidden(format!("MalformedSecurityHeader: {name} was not signed.")));
        }
    }
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let number = |text: &str| text.trim().parse::<u64>().map_err(|e| Problem::bad_request(e.to_string()));
    let range = match header("x-goog-content-length-range") {
        None => 0..=u64::MAX,
        Some(range) => {
            let (least, most) =
                range.split_once(',').ok_or_else(|| Problem::bad_request("x-goog-content-length-range"))?;
            number(least)?..=number(most)?
        }
    };
    let generation = match header("x-goog-if-generation-match") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::bad_request("x-goog-if-generation-match"))?),
    };
    let preconditions = Preconditions { if_generation_match: generation, ..Preconditions::default() };
    let described =
        Described { content_type: header("content-type").unwrap_or_default(), ..Described::default() };

    let mut draft = shared.store.draft()?;
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(Problem::internal)?.into_data() else { continue };
        draft.write(&chunk)?;
        if draft.size > *range.end() {
            return Err(Problem::bad_request("EntityTooLarge: the upload is larger than was signed."));
        }
    }
    if draft.size < *range.start() {
        return Err(Problem::bad_request("EntityTooSmall: the upload is smaller than was signed."));
    }
    shared.store.finish(draft, (&bucket, &name), &described, preconditions)?;
    Ok(Answer::new(full("")))
}

fn check(request: &Request<Incoming>) -> Result<(), Problem> {
    let text = request.uri().query().unwrap_or_default();
    let values = query(text)?;
    let value = |name: &str| {
        let missing = || Problem::forbidden(format!("Anonymous caller: there is no {name}."));
        values.get(name).map(String::as_str).ok_or_else(missing)
    };
    let (algorithm, credential) = (value("X-Goog-Algorithm")?, value("X-Goog-Credential")?);
    let (date, signed_headers) = (value("X-Goog-Date")?, value("X-Goog-SignedHeaders")?);
    let bad = |what: &str| Problem::bad_request(format!("{what} is not as it must be."));
    if algorithm != "GOOG4-RSA-SHA256" {
        return Err(bad("X-Goog-Algorithm"));
    }
    let expires: i64 = value("X-Goog-Expires")?.parse().map_err(|_| bad("X-Goog-Expires"))?;
    if !(1..=SEVEN_DAYS).contains(&expires) {
        return Err(bad("X-Goog-Expires"));
    }
    let (_, scope) = credential.split_once('/').ok_or_else(|| bad("X-Goog-Credential"))?;

    let mut pairs: Vec<&str> = text.split('&').filter(|p| !p.starts_with("X-Goog-Signature=")).collect();
    pairs.sort_unstable();
    let mut headers = String::new();
    for name in signed_headers.split(';') {
        let sent = request.headers().get(name).and_then(|value| value.to_str().ok());
        let sent = sent.ok_or_else(|| bad("A signed header"))?.trim();
        // The official client signs the host without its port, as Cloud Storage has none that matters.
        let sent = if name == "host" { sent.split(':').next().unwrap_or(sent) } else { sent };
        headers += &format!("{name}:{sent}\n");
    }
    let canonical = [
        request.method().as_str(),
        request.uri().path(),
        &pairs.join("&"),
        &headers,
        signed_headers,
        "UNSIGNED-PAYLOAD",
    ];
    let hash = hex(&Sha256::digest(canonical.join("\n")));
    let to_sign = [algorithm, date, scope, &hash].join("\n");
    let mut mac = Hmac::<Sha256>::new_from_slice(EMULATOR_KEY).map_err(Problem::internal)?;
    mac.update(to_sign.as_bytes());
    if hex(&mac.finalize().into_bytes()) != value("X-Goog-Signature")? {
        return Err(Problem::forbidden("SignatureDoesNotMatch: the URL was not signed as it is."));
    }
    let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", date)
        .and_then(|date| date.to_zoned(TimeZone::UTC))
        .map_err(|_| bad("X-Goog-Date"))?
        .timestamp();
    if Timestamp::now().as_second() >= signed_at.as_second() + expires {
        return Err(Problem::bad_request("ExpiredToken: the URL has expired."));
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
