//! What of a newer description breaks clients of an older one: paths, parameters, bodies and answers. Schemas: [`crate::schemas`].

use serde_json::{Map, Value};

use crate::schemas::{Direction, Schemas};

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

/// One sentence for each break.
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, item) in members(&old["paths"]) {
        for method in METHODS {
            let (before, now) = (&item[method], &new["paths"][path][method]);
            let call = format!("{} {path}", method.to_uppercase());
            if before.is_null() {
                continue;
            }
            if now.is_null() {
                found.push(format!("{call} is gone: whoever calls it gets 404 or 405"));
                continue;
            }
            operation(&call, before, now, &mut Schemas { old, new, found: &mut found });
        }
    }
    found
}

fn operation(call: &str, before: &Value, now: &Value, schemas: &mut Schemas<'_>) {
    parameters(call, before, now, schemas);
    body(call, &before["requestBody"], &now["requestBody"], schemas);
    if before["security"] != now["security"] {
        schemas.found.push(format!("{call} needs another key or scope: whose key lacks it gets 401 or 403"));
    }
    for (status, answer) in members(&before["responses"]) {
        let other = &now["responses"][status];
        if other.is_null() {
            schemas.found.push(format!("{call} does not answer {status} any more: whoever waits for it"));
            continue;
        }
        for (name, _) in members(&answer["headers"]) {
            if other["headers"][name].is_null() {
                schemas.found.push(format!("{call} {status} lacks the header {name}: whoever reads it"));
            }
        }
        for (media_type, content) in members(&answer["content"]) {
            let here = format!("{call} {status}");
            let other = &other["content"][media_type];
            if other.is_null() {
                schemas
                    .found
                    .push(format!("{here} does not come as {media_type} any more: whoever reads that"));
            } else {
                schemas.compare(&here, &content["schema"], &other["schema"], Direction::Answer);
            }
        }
    }
}

fn parameters(call: &str, before: &Value, now: &Value, schemas: &mut Schemas<'_>) {
    let is = |one: &Value, other: &Value| one["in"] == other["in"] && one["name"] == other["name"];
    for parameter in items(&before["parameters"]) {
        let here = format!("{call}, parameter {}", text(&parameter["name"]));
        match items(&now["parameters"]).find(|other| is(other, parameter)) {
            None => schemas.found.push(format!("{here} is gone: whoever sends it")),
            Some(other) => schemas.compare(&here, &parameter["schema"], &other["schema"], Direction::Request),
        }
    }
    for parameter in items(&now["parameters"]).filter(|parameter| parameter["required"] == true) {
        let before = items(&before["parameters"]).find(|other| is(other, parameter));
        if before.is_none_or(|before| before["required"] != true) {
            let name = text(&parameter["name"]);
            schemas
                .found
                .push(format!("{call}, parameter {name} must be sent now: whoever does not send it"));
        }
    }
}

fn body(call: &str, before: &Value, now: &Value, schemas: &mut Schemas<'_>) {
    if before["required"] != true && now["required"] == true {
        schemas.found.push(format!("{call} must have a body now: whoever sends none"));
    }
    for (media_type, content) in members(&before["content"]) {
        let other = &now["content"][media_type];
        let here = format!("{call}, body {media_type}");
        if other.is_null() {
            schemas.found.push(format!("{here} is not taken any more: whoever sends it"));
        } else {
            schemas.compare(&here, &content["schema"], &other["schema"], Direction::Request);
        }
    }
}

pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
