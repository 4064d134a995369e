use headshot_core::{Reach, WebhookUrl};
use serde_json::Value;

use super::fields::Fields;
use crate::api_keys::secret::WebhookSecret;
use crate::api_keys::webhook::TenantWebhook;

/// Reads the field `webhook` of a tenant.
pub(super) fn read(mut fields: Fields<'_>) -> Option<TenantWebhook> {
    const URL: &str = "a URL such as https://shop.example/hooks, without a user name or a fragment";
    const SECRETS: &str = "a list of one or two secrets, each whsec_ and the base64 of 24 to 64 random bytes";
    let url = fields.optional("url", URL, |text| WebhookUrl::parse(text, Reach::Anywhere).ok());
    let list = fields.list("secrets").unwrap_or_default();
    let secret = |value: &Value| value.as_str()?.parse().ok();
    let secrets: Option<Vec<WebhookSecret>> = list.iter().map(secret).collect();
    let secrets = secrets.filter(|secrets| (1..=2).contains(&secrets.len()));
    if secrets.is_none() {
        fields.note("secrets", SECRETS);
    }
    fields.finish();
    Some(TenantWebhook { url, secrets: secrets? })
}

#[cfg(test)]
mod tests {
    use crate::api_keys::{InvalidKeys, Keys, TenantWebhook};

    const ONE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn parse(tenants: &str) -> Result<Keys, InvalidKeys> {
        Keys::parse(format!("{{\"tenants\": {{{tenants}}}}}").as_bytes())
    }

    #[test]
    fn a_tenant_has_a_url_and_up_to_two_secrets() {
        let tenants = parse(&format!(
            r#""acme": {{"webhook": {{"url": "https://Shop.example/hooks", "secrets": ["{ONE}", "{OTHER}"]}}}},
               "zoo": {{"webhook": {{"secrets": ["{ONE}"]}}}}, "none": {{}}, "plan": {{"webhook": null}}"#
        ))
        .unwrap();
        let of = |name: &str| -> Option<&TenantWebhook> { tenants.webhook(&name.parse().unwrap()) };
        let acme = of("acme").unwrap();
        assert_eq!(acme.url.as_ref().unwrap().as_str(), "https://shop.example/hooks");
        assert_eq!(acme.secrets, [ONE, OTHER].map(|secret| secret.parse().unwrap()));
        assert_eq!((of("zoo").unwrap().url.is_none(), of("zoo").unwrap().secrets.len()), (true, 1));
        assert!(of("none").is_none() && of("plan").is_none() && of("nobody").is_none());
        assert!(!format!("{tenants:?}").contains("MfKQ9r8GK"), "secrets are not for logs");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_no_secret_with_it() {
        let wrong = parse(&format!(
            r#""a": {{"webhook": {{"url": "ftp://shop.example/", "secrets": "{ONE}"}}}},
               "b": {{"webhook": {{"secret": "{ONE}"}}}},
               "c": {{"webhook": {{"url": 7, "secrets": ["{ONE}", "{OTHER}", "{ONE}"]}}}},
               "d": {{"webhook": {{"secrets": ["{ONE}x"]}}}},
               "e": {{"webhook": "{ONE}"}},
               "f": {{"webhook": {{"url": "https://shop.example/", "secrets": []}}}}"#
        ));
        let wrong = wrong.unwrap_err().to_string();
        for sentence in [
            "tenants.a.webhook.url must be",
            "tenants.a.webhook.secrets must be",
            "tenants.b.webhook has a field \"secret\"",
            "tenants.b.webhook.secrets must be",
            "tenants.c.webhook.url must be",
            "tenants.c.webhook.secrets must be a list of one or two",
            "tenants.d.webhook.secrets must be",
            "tenants.e.webhook must be an object",
            "tenants.f.webhook.secrets must be",
        ] {
            assert!(wrong.contains(sentence), "{sentence} is missing in {wrong}");
        }
        assert!(!wrong.contains("MfKQ9r8GK"), "{wrong}");
    }
}
