use std::collections::HashMap;
use std::future::pending;
use std::io;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::answer::{Answer, Problem, full, json_answer};
use crate::fault::Fault;
use crate::preconditions::Preconditions;
use crate::server::Shared;
use crate::store::Object;
use crate::{admin, control, insert, read, resumable, signed};

/// Answers one request. An error closes the connection.
pub(crate) async fn route(shared: &Shared, request: Request<Incoming>) -> Result<Answer, io::Error> {
    let path = request.uri().path().to_owned();
    if let Some(path) = path.strip_prefix("/_fake/") {
        return Ok(admin::admin(shared, request.method(), path).unwrap_or_else(Problem::into_text));
    }
    let fault = shared.faults.current();
    match fault {
        Fault::None | Fault::LoseAnswers => {}
        Fault::Unavailable if control::is_call(&path) => return Ok(control::refused(Problem::unavailable())),
        Fault::Unavailable => return Ok(Problem::unavailable().into_json()),
        Fault::Stall => pending().await,
        Fault::Cut => return Err(io::Error::other("the fake was told to cut connections")),
    }
    let is_write = request.method() != Method::GET;
    let answer = if control::is_call(&path) {
        control::call(shared, request).await
    } else if path.starts_with("/storage/v1/") || path.starts_with("/upload/") {
        json_api(shared, request).await.unwrap_or_else(Problem::into_json)
    } else if path == "/" {
        Answer::new(full("Ok"))
    } else {
        match *request.method() {
            Method::PUT => signed::upload(shared, request).await,
            _ => signed::download(shared, &request).await,
        }
        .unwrap_or_else(Problem::into_text)
    };
    if fault == Fault::LoseAnswers && is_write {
        return Err(io::Error::other("the fake was told to lose its answers"));
    }
    Ok(answer)
}

async fn json_api(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Problem> {
    let path = request.uri().path().to_owned();
    let query = query(request.uri().query().unwrap_or_default())?;
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (request.method(), segments.as_slice()) {
        (&Method::POST, ["upload", "storage", "v1", "b", bucket, "o"]) => {
            let preconditions = Preconditions::of_query(&query)?;
            match query.get("uploadType").map(String::as_str) {
                Some("multipart") => {
                    insert::multipart(shared, &decoded(bucket)?, &query, preconditions, request).await
                }
                Some("resumable") => {
                    resumable::begin(shared, &decoded(bucket)?, &query, preconditions, request).await
                }
                _ => Err(Problem::bad_request("uploadType must be multipart or resumable")),
            }
        }
        (&Method::PUT, ["upload", "resumable", id]) => resumable::go_on(shared, id, request).await,
        (&Method::POST, ["storage", "v1", "b"]) => insert::bucket(shared, request).await,
        (&Method::GET, ["storage", "v1", "b", bucket]) => {
            let bucket = decoded(bucket)?;
            if !shared.store.has_bucket(&bucket) {
                return Err(Problem::no_bucket());
            }
            Ok(json_answer(StatusCode::OK, &json!({"kind": "storage#bucket", "name": bucket})))
        }
        (&Method::GET, ["storage", "v1", "b", bucket, "o"]) => {
            let bucket = decoded(bucket)?;
            if !shared.store.has_bucket(&bucket) {
                return Err(Problem::no_bucket());
            }
            let prefix = query.get("prefix").map(String::as_str).unwrap_or_default();
            let items: Vec<Value> = shared.store.list(&bucket, prefix).iter().map(|o| resource(o)).collect();
            Ok(json_answer(StatusCode::OK, &json!({"kind": "storage#objects", "items": items})))
        }
        // The name of an object may hold slashes, as they are or encoded.
        (method, ["storage", "v1", "b", bucket, "o", name @ ..]) if !name.is_empty() => {
            let (bucket, name) = (decoded(bucket)?, decoded(&name.join("/"))?);
            let preconditions = Preconditions::of_query(&query)?;
            match *method {
                Method::GET if query.get("alt").is_some_and(|alt| alt == "media") => {
                    let object = shared.store.get(&bucket, &name, preconditions)?;
                    read::bytes(shared, &object, request.headers())
                }
                Method::GET => {
                    let object = shared.store.get(&bucket, &name, preconditions)?;
                    Ok(json_answer(StatusCode::OK, &resource(&object)))
                }
                Method::DELETE => {
                    shared.store.delete(&bucket, &name, preconditions)?;
                    let mut answer = Answer::new(full(""));
                    *answer.status_mut() = StatusCode::NO_CONTENT;
                    Ok(answer)
                }
                _ => Err(Problem::no_such_thing()),
            }
        }
        _ => Err(Problem::no_such_thing()),
    }
}

/// An object as the JSON API describes it.
pub(crate) fn resource(object: &Object) -> Value {
    json!({
        "kind": "storage#object",
        "id": format!("{}/{}/{}", object.bucket, object.name, object.generation),
        "name": object.name,
        "bucket": object.bucket,
        "generation": object.generation.to_string(),
        "metageneration": object.metageneration.to_string(),
        "contentType": object.content_type,
        "cacheControl": object.cache_control,
        "contentDisposition": object.content_disposition,
        "storageClass": "STANDARD",
        "size": object.size.to_string(),
        "crc32c": read::crc32c_text(object.crc32c),
        "etag": format!("{}-{}", object.generation, object.metageneration),
        "timeCreated": object.created.to_string(),
        "updated": object.updated.to_string(),
    })
}

pub(crate) fn decoded(text: &str) -> Result<String, Problem> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_| Problem::bad_request("a name is not UTF-8"))
}

pub(crate) fn query(text: &str) -> Result<HashMap<String, String>, Problem> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(&value.replace('+', " "))?))
        })
        .collect()
}
