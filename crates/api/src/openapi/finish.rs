//! What holds for every call, and what the crate that describes them cannot know.

use serde_json::{Map, Value};

use super::headers::header;

/// Methods under a path, as the document writes them.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Adds what every answer has, and writes paths and sentences as OpenAPI and Markdown want them.
pub(super) fn finish(mut document: Value) -> Value {
    let request_id = serde_json::to_value(header("x-request-id")).unwrap_or_default();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        *paths =
            std::mem::take(paths).into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
        for operation in paths.values_mut().flat_map(operations) {
            for response in operation
                .get_mut("responses")
                .and_then(Value::as_object_mut)
                .into_iter()
                .flat_map(Map::values_mut)
            {
                response["headers"]["x-request-id"] = request_id.clone();
            }
        }
    }
    sentences(&mut document);
    document
}

/// Every call of the document: its method, as the document writes it, and its path.
pub(super) fn calls(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flat_map(Map::keys);
        let methods = methods.map(String::as_str).filter(|name| METHODS.contains(name));
        methods.map(move |method| (method, path.as_str()))
    })
}

fn operations(item: &mut Value) -> impl Iterator<Item = &mut Value> {
    let item = item.as_object_mut().into_iter().flatten();
    item.filter(|(name, _)| METHODS.contains(&name.as_str())).map(|(_, operation)| operation)
}

/// Links between the code's own documents lead nowhere here.
fn sentences(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => {
                        *text = text.replace("[`", "`").replace("`]", "`").replace("crate::", "");
                    }
                    member => sentences(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sentences),
        _ => {}
    }
}
