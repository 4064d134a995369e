//! The gRPC calls that the official client makes where the JSON API would do. Fields that nobody reads are left out:
//! Protocol Buffers skip what they do not know.

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use prost::Message;

use crate::answer::{Answer, Problem};
use crate::insert;
use crate::preconditions::Preconditions;
use crate::server::Shared;
use crate::store;

const SERVICE: &str = "/google.storage.v2.Storage/";
const BUCKETS: &str = "projects/_/buckets/";

pub(crate) fn is_call(path: &str) -> bool {
    path.starts_with(SERVICE)
}

pub(crate) async fn call(shared: &Shared, request: Request<Incoming>) -> Answer {
    match answer(shared, request).await {
        Ok(message) => answered(message),
        Err(problem) => refused(problem),
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Bytes, Problem> {
    let method = request.uri().path().trim_start_matches(SERVICE).to_owned();
    let body = insert::small(request.into_body()).await?;
    // One byte says whether the message is compressed, four how long it is.
    let message = body.get(5..).filter(|_| body.first() == Some(&0));
    let message = message.ok_or_else(|| Problem::bad_request("the message is compressed or cut off"))?;
    match method.as_str() {
        "GetObject" => {
            let call = read::<GetObjectRequest>(message)?;
            let preconditions = Preconditions {
                if_generation_match: call.if_generation_match.or(one(call.generation)),
                if_generation_not_match: call.if_generation_not_match,
                if_metageneration_match: call.if_metageneration_match,
                if_metageneration_not_match: call.if_metageneration_not_match,
            };
            let object = shared.store.get(bucket(&call.bucket)?, &call.object, preconditions)?;
            Ok(Object::from(&*object).encode_to_vec().into())
        }
        "DeleteObject" => {
            let call = read::<DeleteObjectRequest>(message)?;
            let preconditions = Preconditions {
                if_generation_match: call.if_generation_match.or(one(call.generation)),
                if_generation_not_match: call.if_generation_not_match,
                if_metageneration_match: call.if_metageneration_match,
                if_metageneration_not_match: call.if_metageneration_not_match,
            };
            shared.store.delete(bucket(&call.bucket)?, &call.object, preconditions)?;
            Ok(Bytes::new())
        }
        "UpdateObject" => {
            let call = read::<UpdateObjectRequest>(message)?;
            let wanted = call.object.ok_or_else(|| Problem::bad_request("no object"))?;
            let preconditions = Preconditions {
                if_generation_match: call.if_generation_match.or(one(wanted.generation)),
                if_generation_not_match: call.if_generation_not_match,
                if_metageneration_match: call.if_metageneration_match,
                if_metageneration_not_match: call.if_metageneration_not_match,
            };
            let paths = call.update_mask.map(|mask| mask.paths).unwrap_or_default();
            let named = |name: &str| paths.iter().any(|path| path == name || path == "*");
            let change = |object: &mut store::Object| {
                if named("content_type") {
                    object.content_type = wanted.content_type;
                }
                if named("cache_control") {
                    object.cache_control = wanted.cache_control;
                }
            };
            let object = shared.store.update(bucket(&wanted.bucket)?, &wanted.name, preconditions, change)?;
            Ok(Object::from(&*object).encode_to_vec().into())
        }
        _ => Err(Problem::no_such_thing()),
    }
}

/// A generation of 0 in a request means any.
fn one(generation: i64) -> Option<i64> {
    (generation != 0).then_some(generation)
}

fn read<M: Message + Default>(message: &[u8]) -> Result<M, Problem> {
    M::decode(message).map_err(|error| Problem::bad_request(error.to_string()))
}

fn bucket(name: &str) -> Result<&str, Problem> {
    name.strip_prefix(BUCKETS).ok_or_else(|| Problem::bad_request(format!("{name:?} is no bucket")))
}

fn answered(message: Bytes) -> Answer {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or_default());
    frame.put(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Frame::data(frame.freeze()), Frame::trailers(trailers)].map(Ok);
    grpc(Response::new(StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()))
}

pub(crate) fn refused(problem: Problem) -> Answer {
    let mut answer = Response::new(crate::answer::full(""));
    let message = utf8_percent_encode(&problem.message, NON_ALPHANUMERIC).to_string();
    answer.headers_mut().insert("grpc-status", HeaderValue::from(problem.code));
    if let Ok(message) = HeaderValue::from_str(&message) {
        answer.headers_mut().insert("grpc-message", message);
    }
    grpc(answer)
}

fn grpc(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    answer
}

impl From<&store::Object> for Object {
    fn from(object: &store::Object) -> Self {
        Self {
            name: object.name.clone(),
            bucket: format!("{BUCKETS}{}", object.bucket),
            generation: object.generation,
            metageneration: object.metageneration,
            size: i64::try_from(object.size).unwrap_or(i64::MAX),
            cache_control: object.cache_control.clone(),
            content_disposition: object.content_disposition.clone(),
            content_type: object.content_type.clone(),
            checksums: Some(ObjectChecksums { crc32c: Some(object.crc32c) }),
        }
    }
}

// The messages of google/storage/v2/storage.proto, as far as they are used.

#[derive(Clone, PartialEq, Message)]
struct GetObjectRequest {
    #[prost(string, tag = "1")]
    bucket: String,
    #[prost(string, tag = "2")]
    object: String,
    #[prost(int64, tag = "3")]
    generation: i64,
    #[prost(int64, optional, tag = "4")]
    if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "7")]
    if_metageneration_not_match: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct DeleteObjectRequest {
    #[prost(string, tag = "1")]
    bucket: String,
    #[prost(string, tag = "2")]
    object: String,
    #[prost(int64, tag = "4")]
    generation: i64,
    #[prost(int64, optional, tag = "5")]
    if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "7")]
    if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "8")]
    if_metageneration_not_match: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct UpdateObjectRequest {
    #[prost(message, optional, tag = "1")]
    object: Option<Object>,
    #[prost(int64, optional, tag = "2")]
    if_generation_match: Option<i64>,
    #[prost(int64, optional, tag = "3")]
    if_generation_not_match: Option<i64>,
    #[prost(int64, optional, tag = "4")]
    if_metageneration_match: Option<i64>,
    #[prost(int64, optional, tag = "5")]
    if_metageneration_not_match: Option<i64>,
    #[prost(message, optional, tag = "7")]
    update_mask: Option<FieldMask>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldMask {
    #[prost(string, repeated, tag = "1")]
    paths: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Object {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    bucket: String,
    #[prost(int64, tag = "3")]
    generation: i64,
    #[prost(int64, tag = "4")]
    metageneration: i64,
    #[prost(int64, tag = "6")]
    size: i64,
    #[prost(string, tag = "8")]
    content_disposition: String,
    #[prost(string, tag = "9")]
    cache_control: String,
    #[prost(string, tag = "13")]
    content_type: String,
    #[prost(message, optional, tag = "16")]
    checksums: Option<ObjectChecksums>,
}

#[derive(Clone, PartialEq, Message)]
struct ObjectChecksums {
    #[prost(fixed32, optional, tag = "1")]
    crc32c: Option<u32>,
}
