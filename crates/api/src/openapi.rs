//! The API's description, OpenAPI 3.1: put together from the handlers that answer and the types that they answer with, served, and
//! printed by `headshot-api openapi`.
//!
//! Each handler's `utoipa::path` says what it takes and answers; `router.rs` makes the router and the
//! description of one list. Here is what several of them share: what problems look like ([`problems`]),
//! answers and their headers, parameters and bodies. What nobody has to say twice is added at the end, by
//! [`finish`].

pub(crate) mod answers;
pub(crate) mod bodies;
pub(crate) mod document;
mod examples;
mod finish;
mod headers;
pub(crate) mod parameters;
pub(crate) mod problems;
mod served;

use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, RefOr};

pub(crate) use answers::StatusEvent;
pub(crate) use served::{__path_serve, serve};

use crate::openapi::document::Document;
use crate::sha256;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Perkie Headshot",
        description = "A photo of a dog or a cat goes in; a black-and-white portrait of its head comes out, as a preview for the \
                       screen and a print master.\n\nClients must expect new fields in answers, new codes in problems, \
                       reasons and metrics, and new answers' headers. Anything else that would break a client is \
                       not done within a version. Every answer carries `x-request-id`; one that you send (letters, digits, `-_.`, 64 \
                       at most) is kept.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "headshots", description = "Photos in, portraits out."),
        (name = "uploads", description = "Photos that go straight into storage, and then become headshots by their id."),
        (name = "admin", description = "For support: every headshot of the key's own tenant."),
        (name = "files", description = "Where signed links of the local backend lead. On Google Cloud they lead to Cloud Storage. Links \
                                        are followed as they are."),
        (name = "service", description = "The service itself."),
    ),
)]
struct Description;

/// Describes the handlers of `api`, as they describe themselves.
pub(crate) fn document(mut api: utoipa::openapi::OpenApi) -> Document {
    api.merge(Description::openapi());
    // Merging keeps the first one's.
    api.info = Description::openapi().info;
    let components = api.components.get_or_insert_default();
    schemas(components);
    components.security_schemes.insert("key".into(), RefOr::T(key()));
    let document = serde_json::to_value(&api).map(finish::finish).unwrap_or(Value::Null);
    let text = format!("{document:#}\n");
    let calls =
        finish::calls(&document).map(|(method, path)| format!("{} {path}", method.to_uppercase())).collect();
    let digest = sha256::hex(Sha256::new_with_prefix(&text));
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
    Document { text, calls, tag }
}

/// Those that only answers name which are not written at a handler.
fn schemas(components: &mut Components) {
    let mut found = Vec::new();
    bodies::schemas(&mut found);
    answers::schemas(&mut found);
    components.schemas.extend(found);
}

fn key() -> SecurityScheme {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some(
        "`Authorization: Bearer` and a key, or a Google-signed ID token where the service takes them. What a key may do are its \
         scopes: `submit` sends photos, has them rendered again and approves; `read` sees where a headshot stands, and its preview; \
         `print` gets the links to the files for print; `admin` lists, retries and erases. Which of them a call needs stands \
         with the call. A service that has no keys configured, as on a developer's machine, asks for none."
            .into(),
    );
    SecurityScheme::Http(scheme)
}
