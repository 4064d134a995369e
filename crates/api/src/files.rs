//! `GET /files/…`: what the signed links of the local backend open.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use headshot_backend::Download;
use headshot_core::BlobKey;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::error::problem::Problem;
use crate::openapi::{bodies, parameters, problems};
use crate::state::App;

/// Streams a stored file to whoever has a valid link to it.
#[utoipa::path(
    get,
    path = "/files/{*path}",
    tag = "files",
    operation_id = "download",
    summary = "Follow a link to a file",
    params(parameters::FilePath, parameters::Signed),
    responses(
        (status = 200, description = "The file.", content((bodies::Photo = "image/png"), (bodies::Photo = "image/jpeg")),
         headers(("Content-Disposition" = String, description = "The file's name."), ("Cache-Control" = String, description = "For how long \
            it may be kept."))),
        problems::Downloading,
    ),
)]
pub(crate) async fn download(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let downloads = app.backend.blobs.local_downloads().ok_or_else(Problem::no_such_route)?;
    let uri = request.uri();
    let key = downloads.verify(uri.path(), uri.query().unwrap_or_default())?;
    let opened = downloads.open(key).await.map_err(|cause| {
        Problem::unavailable(
            "storage_unavailable",
            "The file cannot be read just now. Please try again.",
            cause,
        )
    })?;
    let download = opened.ok_or_else(Problem::no_such_headshot)?;
    let headers = headers(key, &download).map_err(Problem::internal)?;
    Ok((StatusCode::OK, headers, Body::from_stream(chunks(download.file))).into_response())
}

fn headers(key: BlobKey, download: &Download) -> Result<HeaderMap, header::InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&download.content_type)?);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(download.len));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&key.content_disposition())?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(key.cache_control()));
    // The bytes are a stranger's or made from a stranger's: a browser shall show them as what we say they are, and run
    // nothing in them.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    Ok(headers)
}

fn chunks(file: File) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    const CHUNK: usize = 64 * 1024;
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), file)))
    })
}
