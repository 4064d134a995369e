use serde_json::{Map, Value};

/// The fields of one JSON object, taken out one by one; what is left at the end is unknown.
pub(super) struct Fields<'a> {
    place: String,
    left: Map<String, Value>,
    wrong: &'a mut Vec<String>,
    wrong_before: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: Value, place: &str, wrong: &'a mut Vec<String>) -> Option<Self> {
        let wrong_before = wrong.len();
        match value {
            Value::Object(left) => Some(Self { place: place.to_owned(), left, wrong, wrong_before }),
            _ => {
                wrong.push(format!("{place} must be an object"));
                None
            }
        }
    }

    /// Says what a field must be.
    pub(super) fn note(&mut self, name: &str, rule: &str) {
        self.wrong.push(format!("{}.{name} must be {rule}", self.place));
    }

    /// Text that `read` makes something of.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        rule: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(name).as_ref().and_then(Value::as_str).and_then(read);
        if value.is_none() {
            self.note(name, rule);
        }
        value
    }

    /// The same, but it may be missing.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        rule: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(name)?;
        let value = value.as_str().and_then(read);
        if value.is_none() {
            self.note(name, rule);
        }
        value
    }

    /// A whole number from 1, which may be missing.
    pub(super) fn number(&mut self, name: &str, most: u64) -> Option<u64> {
        let value = self.take(name)?;
        let number = value.as_u64().filter(|number| (1..=most).contains(number));
        if number.is_none() {
            self.note(name, &format!("a whole number from 1 to {most}, or null"));
        }
        number
    }

    pub(super) fn list(&mut self, name: &str) -> Option<Vec<Value>> {
        match self.take(name)? {
            Value::Array(list) => Some(list),
            _ => {
                self.note(name, "a list");
                None
            }
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        match self.take(name)? {
            Value::Object(object) => Some(object),
            _ => {
                self.note(name, "an object");
                None
            }
        }
    }

    /// Notes the fields that nobody has asked for; whether nothing at all was wrong.
    pub(super) fn finish(self) -> bool {
        for name in self.left.keys() {
            // Names are shown cut and quoted, since somebody may have put anything there.
            let name: String = name.chars().take(40).collect();
            self.wrong.push(format!("{} has a field {name:?}, which is unknown", self.place));
        }
        self.wrong.len() == self.wrong_before
    }

    /// Null counts as missing.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }
}
