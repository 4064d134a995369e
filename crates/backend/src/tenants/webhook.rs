use std::collections::HashMap;
use std::fmt;

use headshot_core::{Reach, Tenant, WebhookUrl};
use serde_json::{Map, Value};

use super::WebhookSecret;

/// The webhook settings of all tenants, as the file has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantWebhooks(HashMap<Tenant, TenantWebhook>);

/// How one tenant is told of its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantWebhook {
    /// Where, unless a request names another place; `None`: only where a request does.
    pub url: Option<WebhookUrl>,
    /// One secret, or two while the tenant moves from one to the other. Every message is signed with each.
    pub secrets: Vec<WebhookSecret>,
}

/// Everything that is wrong with the file, a sentence each. No sentence holds a value from the file: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTenants(pub Vec<String>);

impl TenantWebhooks {
    /// Reads the webhook settings from the text of the file. Whatever else is in it is not looked at.
    ///
    /// # Errors
    /// All that is wrong, not only the first of it.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, InvalidTenants> {
        // Serde's own messages quote what they do not understand.
        let Ok(Value::Object(file)) = serde_json::from_str::<Value>(text) else {
            return Err(InvalidTenants(vec!["the file is not a JSON object".into()]));
        };
        let none = Map::new();
        let tenants = match file.get("tenants") {
            None | Some(Value::Null) => &none,
            Some(Value::Object(tenants)) => tenants,
            Some(_) => return Err(InvalidTenants(vec!["tenants is not an object".into()])),
        };
        let mut wrong = Vec::new();
        let mut webhooks = HashMap::new();
        for (name, tenant) in tenants {
            let Ok(name) = name.parse::<Tenant>() else {
                wrong.push(format!("tenants has the name {name:?}: {}", headshot_core::InvalidTenant));
                continue;
            };
            match tenant.get("webhook") {
                None | Some(Value::Null) => {}
                Some(webhook) => {
                    let mut note = |what: String| wrong.push(format!("tenants.{name}.webhook{what}"));
                    if let Some(webhook) = read(webhook, reach, &mut note) {
                        webhooks.insert(name.clone(), webhook);
                    }
                }
            }
        }
        if wrong.is_empty() { Ok(Self(webhooks)) } else { Err(InvalidTenants(wrong)) }
    }

    /// One tenant's settings, if it has any.
    pub fn of(&self, tenant: &Tenant) -> Option<&TenantWebhook> {
        self.0.get(tenant)
    }
}

fn read(value: &Value, reach: Reach, note: &mut impl FnMut(String)) -> Option<TenantWebhook> {
    let Value::Object(fields) = value else {
        note(" is not an object".into());
        return None;
    };
    for unknown in fields.keys().filter(|name| !["url", "secrets"].contains(&name.as_str())) {
        note(format!(" has a field {unknown:?}; there are url and secrets"));
    }
    let url = match fields.get("url") {
        None | Some(Value::Null) => None,
        Some(Value::String(url)) => {
            WebhookUrl::parse(url, reach).map_err(|error| note(format!(".url: {error}"))).ok()
        }
        Some(_) => {
            note(".url is not a text".into());
            None
        }
    };
    let none = Vec::new();
    let texts = match fields.get("secrets") {
        Some(Value::Array(secrets)) => secrets,
        _ => &none,
    };
    let secrets: Vec<WebhookSecret> =
        texts.iter().filter_map(|text| text.as_str().and_then(|text| text.parse().ok())).collect();
    if !(1..=2).contains(&texts.len()) {
        note(".secrets must be a list of one or two secrets".into());
    } else if secrets.len() < texts.len() {
        note(format!(".secrets: {}", super::InvalidWebhookSecret));
    }
    Some(TenantWebhook { url, secrets })
}

impl fmt::Display for InvalidTenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for InvalidTenants {}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn a_tenant_has_a_url_and_up_to_two_secrets() {
        let text = format!(
            r#"{{"keys": [{{"id": 7}}], "tenants": {{
                "acme": {{"webhook": {{"url": "https://Shop.example/hooks", "secrets": ["{ONE}", "{OTHER}"]}}}},
                "zoo": {{"webhook": {{"secrets": ["{ONE}"]}}}}, "none": {{}}, "plan": {{"webhook": null, "x": 1}}}}}}"#
        );
        let webhooks = TenantWebhooks::parse(&text, Reach::Public).unwrap();
        let of = |name: &str| webhooks.of(&name.parse().unwrap());
        let acme = of("acme").unwrap();
        assert_eq!(acme.url.as_ref().unwrap().as_str(), "https://shop.example/hooks");
        assert_eq!(acme.secrets, [ONE, OTHER].map(|secret| secret.parse().unwrap()));
        assert_eq!((of("zoo").unwrap().url.is_none(), of("zoo").unwrap().secrets.len()), (true, 1));
        assert!(of("none").is_none() && of("plan").is_none() && of("nobody").is_none());
        assert_eq!(TenantWebhooks::parse("{}", Reach::Public), Ok(TenantWebhooks::default()));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_no_secret_with_it() {
        let text = format!(
            r#"{{"tenants": {{"Acme": {{}},
                "a": {{"webhook": {{"url": "http://shop.example/", "secrets": "{ONE}"}}}},
                "b": {{"webhook": {{"secret": "{ONE}"}}}},
                "c": {{"webhook": {{"url": 7, "secrets": ["{ONE}", "{OTHER}", "{ONE}"]}}}},
                "d": {{"webhook": {{"secrets": ["{ONE}x"]}}}},
                "e": {{"webhook": "{ONE}"}},
                "f": {{"webhook": {{"url": "https://127.1/", "secrets": []}}}}}}}}"#
        );
        let wrong = TenantWebhooks::parse(&text, Reach::Public).unwrap_err().to_string();
        for sentence in [
            "\"Acme\"",
            "tenants.a.webhook.url: A webhook URL must begin with https://",
            "tenants.a.webhook.secrets must be",
            "tenants.b.webhook has a field \"secret\"",
            "tenants.c.webhook.url is not a text",
            "tenants.c.webhook.secrets must be a list of one or two",
            "tenants.d.webhook.secrets: a webhook secret is whsec_",
            "tenants.e.webhook is not an object",
            "tenants.f.webhook.url: Webhooks are sent to servers on the public internet",
        ] {
            assert!(wrong.contains(sentence), "{sentence} is missing in {wrong}");
        }
        assert!(!wrong.contains("MfKQ9r8GK"), "{wrong}");
        for text in ["", "[]", "{", &format!("\"{ONE}\""), r#"{"tenants": []}"#] {
            assert!(TenantWebhooks::parse(text, Reach::Public).is_err(), "{text}");
        }
    }
}
