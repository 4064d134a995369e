//! The values that may come with a photo, from the form or the query string, checked.

use headshot_core::{Caching, JobRecord, Recipe};

use crate::jobs::create::is_asked_for;
use crate::jobs::idempotency::Fingerprint;
use crate::jobs::submit::error::SubmitError;
use crate::jobs::webhook;
use crate::limits::{MAX_FILE_NAME_BYTES, MAX_ORDER_ID_CHARS};

/// What the client said about its photo. Each value may be given once, wherever it is given; an empty one, as HTML
/// forms send them, counts as not given.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    order_id: Option<String>,
    recipe: Option<String>,
    file_name: Option<String>,
    caching: Option<Caching>,
    webhook_url: Option<String>,
}

impl Fields {
    /// Whether a job is what these fields ask for.
    pub(crate) fn ask_for(&self, record: &JobRecord) -> bool {
        is_asked_for(record, self.order_id(), self.recipe(), self.webhook_url())
    }

    /// The names of the text fields; others are none of ours.
    pub(crate) const NAMES: [&str; 4] = ["order_id", "recipe", "cache", "webhook_url"];

    /// Takes what a query string says.
    pub(crate) fn from_query(pairs: &[(String, String)]) -> Result<Self, SubmitError> {
        let mut fields = Self::default();
        for (name, value) in pairs {
            fields.set(name, value)?;
        }
        Ok(fields)
    }

    /// Takes one text field; unknown ones are ignored.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), SubmitError> {
        match name {
            "order_id" => put(&mut self.order_id, "order_id", value, order_id),
            "recipe" => put(&mut self.recipe, "recipe", value, recipe),
            "cache" => put(&mut self.caching, "cache", value, caching),
            "webhook_url" => put(&mut self.webhook_url, "webhook_url", value, webhook_url),
            _ => Ok(()),
        }
    }

    /// Takes the name of the photo's file, as far as it can be shown.
    pub(crate) fn set_file_name(&mut self, name: &str) {
        self.file_name = file_name(name);
    }

    /// What makes a request that has these fields the same as another, to be finished by whoever knows the photo.
    pub(crate) fn fingerprint(&self, operation: &str) -> Fingerprint {
        // Each field is named, so that none is forgotten.
        let Self { order_id, recipe: _, file_name, caching, webhook_url } = self;
        let fresh = *caching == Some(Caching::Off);
        Fingerprint::of(operation)
            .with("order_id", order_id.as_deref())
            .with("recipe", Some(self.recipe()))
            .with("webhook_url", webhook_url.as_deref())
            .with("file_name", file_name.as_deref())
            .with("cache", fresh.then_some("off"))
    }

    /// The shop's order number.
    pub(crate) fn order_id(&self) -> Option<&str> {
        self.order_id.as_deref()
    }

    /// The recipe to follow, as text.
    pub(crate) fn recipe(&self) -> &str {
        self.recipe.as_deref().unwrap_or(Recipe::HEADSHOT)
    }

    /// Whether what an earlier job rendered of the same photo will do.
    pub(crate) fn caching(&self) -> Caching {
        self.caching.unwrap_or_default()
    }

    /// Where the end of the job is to be told.
    pub(crate) fn webhook_url(&self) -> Option<&str> {
        self.webhook_url.as_deref()
    }

    /// What the customer's file is called.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }
}

fn put<T>(
    slot: &mut Option<T>,
    name: &'static str,
    value: &str,
    check: fn(&str) -> Result<T, SubmitError>,
) -> Result<(), SubmitError> {
    if value.is_empty() {
        return Ok(());
    }
    if slot.replace(check(value)?).is_some() { Err(SubmitError::DuplicateField(name)) } else { Ok(()) }
}

fn caching(value: &str) -> Result<Caching, SubmitError> {
    match value {
        "on" => Ok(Caching::On),
        "off" => Ok(Caching::Off),
        _ => Err(SubmitError::InvalidCache),
    }
}

fn order_id(value: &str) -> Result<String, SubmitError> {
    let short = value.chars().count() <= MAX_ORDER_ID_CHARS;
    let shown = !value.chars().any(is_unprintable) && !value.trim().is_empty();
    if short && shown { Ok(value.to_owned()) } else { Err(SubmitError::InvalidOrderId) }
}

/// In the one form that every recipe has, so that support finds all orders of a kind by one text.
pub(crate) fn recipe(value: &str) -> Result<String, SubmitError> {
    match Recipe::named(value) {
        Ok(recipe) => Ok(recipe.to_string()),
        Err(error) => Err(SubmitError::UnknownRecipe(format!("This recipe cannot be followed: {error}."))),
    }
}

fn webhook_url(value: &str) -> Result<String, SubmitError> {
    webhook::well_formed(value).map_err(SubmitError::InvalidWebhookUrl)
}

/// What is kept of a file's name, which is information and refuses no photo: the last part of a path, without
/// what cannot be shown, cut to what file systems take.
fn file_name(value: &str) -> Option<String> {
    let last = value.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !is_unprintable(*c) && !is_invisible(*c)).collect();
    let shown = shown.trim();
    let kept = shown[..shown.floor_char_boundary(MAX_FILE_NAME_BYTES)].trim_end();
    (!matches!(kept, "" | "." | "..")).then(|| kept.to_owned())
}

/// Control characters, and those that break lines or turn the direction of text round: a name that support reads in a
/// console must be what it looks like.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that show nothing of their own: marks of direction, joiners, fillers and tags.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_values_are_kept_as_they_are() {
        let mut fields = Fields::default();
        fields.set("order_id", "#1001 – Müller").unwrap();
        fields.set("recipe", "headshot").unwrap();
        fields.set("utm_source", "newsletter").unwrap();
        fields.set_file_name("Bello am Strand…2024.jpeg");
        assert_eq!(fields.order_id(), Some("#1001 – Müller"));
        assert_eq!(fields.recipe(), "headshot");
        assert_eq!(fields.file_name(), Some("Bello am Strand…2024.jpeg"));
    }

    #[test]
    fn a_recipe_is_kept_in_its_one_form() {
        let mut fields = Fields::default();
        fields.set("recipe", "headshot,grey-alpha,background=#FFEEDD,look=house").unwrap();
        assert_eq!(fields.recipe(), "headshot,background=#ffeedd,grey-alpha");
    }

    #[test]
    fn empty_values_count_as_not_given() {
        let mut fields = Fields::default();
        fields.set("order_id", "").unwrap();
        fields.set("order_id", "7").unwrap();
        fields.set_file_name("");
        assert_eq!((fields.order_id(), fields.file_name()), (Some("7"), None));
    }

    fn kept(name: &str) -> String {
        file_name(name).unwrap_or_default()
    }

    #[test]
    fn of_a_path_the_last_part_is_kept_without_what_cannot_be_shown() {
        for (name, shown) in [
            ("../../../etc/x.jpg", "x.jpg"),
            ("C:\\fakepath\\dog.jpg", "dog.jpg"),
            ("/var/mobile/a\\b/dog.jpg", "dog.jpg"),
            ("a\0b\t\r\nc.jpg", "abc.jpg"),
            ("\u{2067}كلبي\u{2069}.jpg", "كلبي.jpg"),
            ("\u{202E}gpj.exe", "gpj.exe"),
            ("\u{FEFF}do\u{200B}g\u{E0041}.jpg ", "dog.jpg"),
        ] {
            assert_eq!(kept(name), shown, "{name:?}");
        }
        for name in ["", ".", "..", "a/..", "x/", "\\", " \t ", "\u{200B}", "..\u{200D}"] {
            assert_eq!(file_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(kept(&"x".repeat(256)), "x".repeat(255));
        assert_eq!(kept(&format!("{}.jpg", "犬".repeat(100))), "犬".repeat(85));
        assert_eq!(kept(&"🐶".repeat(100_000)), "🐶".repeat(63));
    }

    proptest! {
        #[test]
        fn whatever_a_file_is_called_its_name_can_be_shown(name in any::<String>()) {
            let once = kept(&name);
            prop_assert!(once.len() <= 255 && once != "." && once != "..");
            prop_assert!(!once.contains(['/', '\\']) && !once.contains(char::is_control));
            prop_assert_eq!(kept(&once), once);
        }
    }

    #[test]
    fn order_ids_that_are_too_long_blank_or_unprintable_are_refused() {
        assert!(Fields::default().set("order_id", &"ü".repeat(128)).is_ok());
        for value in ["ü".repeat(129).as_str(), "a\u{7}b", "a\r\nb", "  "] {
            let refused = Fields::default().set("order_id", value);
            assert!(matches!(refused, Err(SubmitError::InvalidOrderId)), "{value:?}");
        }
    }

    #[test]
    fn a_value_given_twice_is_refused() {
        let mut fields = Fields::from_query(&[("order_id".into(), "1".into())]).unwrap();
        assert!(matches!(fields.set("order_id", "1"), Err(SubmitError::DuplicateField("order_id"))));
    }
}
