use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;
pub(crate) type Answer = Response<Body>;

/// Why a call is refused, in the words of both protocols.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// The gRPC code of the same meaning.
    pub(crate) code: i32,
    pub(crate) message: String,
}

impl Problem {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 3, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, 7, message)
    }

    pub(crate) fn no_bucket() -> Self {
        Self::new(StatusCode::NOT_FOUND, 5, "The specified bucket does not exist.")
    }

    pub(crate) fn no_object(bucket: &str, name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 5, format!("No such object: {bucket}/{name}"))
    }

    pub(crate) fn no_such_thing() -> Self {
        Self::new(StatusCode::NOT_FOUND, 12, "Not Found")
    }

    pub(crate) fn precondition() -> Self {
        let message = "At least one of the pre-conditions you specified did not hold.";
        Self::new(StatusCode::PRECONDITION_FAILED, 9, message)
    }

    pub(crate) fn range() -> Self {
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, 11, "The requested range cannot be satisfied.")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, 14, "The fake was told to be unavailable.")
    }

    pub(crate) fn internal(message: impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, 13, message.to_string())
    }

    /// As the JSON API puts it.
    pub(crate) fn into_json(self) -> Answer {
        let error = json!({"code": self.status.as_u16(), "message": self.message, "errors": []});
        json_answer(self.status, &json!({ "error": error }))
    }

    /// As signed URLs and other callers of the XML API see it.
    pub(crate) fn into_text(self) -> Answer {
        let mut answer = Response::new(full(self.message));
        *answer.status_mut() = self.status;
        answer
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn json_answer(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(full(value.to_string()));
    *answer.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json; charset=UTF-8");
    answer.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    answer
}
