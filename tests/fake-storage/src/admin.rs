use hyper::{Method, StatusCode};
use serde_json::json;

use crate::answer::{Answer, Problem, full, json_answer};
use crate::fault::Fault;
use crate::server::Shared;

/// What tests in other processes steer the fake with.
pub(crate) fn admin(shared: &Shared, method: &Method, path: &str) -> Result<Answer, Problem> {
    match (method, path) {
        (&Method::PUT, path) => {
            let name = path.strip_prefix("fault/").unwrap_or_default();
            let fault = Fault::named(name).ok_or_else(Problem::no_such_thing)?;
            shared.faults.set(fault);
            Ok(Answer::new(full("Ok")))
        }
        (&Method::GET, "counts") => {
            let (objects, bytes) = shared.store.totals();
            let counts = json!({"objects": objects, "bytes": bytes, "writes": shared.store.writes()});
            Ok(json_answer(StatusCode::OK, &counts))
        }
        _ => Err(Problem::no_such_thing()),
    }
}
