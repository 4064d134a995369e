//! What a person set, and reading it while everything that is wrong is kept for the end.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::cloud_run;
use super::setting::{About, Group, Setting};

/// Names the settings of a program, or of one of its commands.
pub trait Listed {
    /// In the order of the help.
    const GROUPS: &'static [Group];
    /// How the program says of one setting that its value does not follow the rule.
    const COMPLAINT: Complaint;
    /// What stands before all that is wrong.
    const INVALID: &'static str;
}

/// What was given of the settings that `L` lists, as text: from flags, else from the environment, else the
/// default. It is flattened into a program's arguments; [`Given::read`] begins to make sense of it.
#[derive(Clone, Debug)]
pub struct Given<L> {
    texts: BTreeMap<&'static str, String>,
    list: PhantomData<L>,
}

/// Reads one setting after the other and collects all that is wrong.
pub struct Reader<'a> {
    texts: &'a BTreeMap<&'static str, String>,
    complaint: Complaint,
    wrong: Wrong,
}

/// Says of the setting `name` that its `value` does not follow the `rule`.
pub type Complaint = fn(name: &str, value: &str, rule: &str) -> String;

/// All that was found to be wrong so far, a sentence each.
#[derive(Debug, Default)]
pub struct Wrong(Vec<String>);

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSettings {
    /// A sentence each.
    pub sentences: Vec<String>,
    whole: &'static str,
}

/// `PORT must be a number; it is "x"`.
pub fn rule_first(name: &str, value: &str, rule: &str) -> String {
    format!("{name} {rule}; it is {value:?}")
}

/// `PORT is "x"; it must be a number`.
pub fn value_first(name: &str, value: &str, rule: &str) -> String {
    format!("{name} is {value:?}; it {rule}")
}

impl<L: Listed> Given<L> {
    /// Makes sense of all that `read` asks for.
    ///
    /// # Errors
    /// All that is wrong, not only the first thing.
    pub fn read<T>(&self, read: impl FnOnce(&mut Reader) -> T) -> Result<T, InvalidSettings> {
        let mut reader = Reader { texts: &self.texts, complaint: L::COMPLAINT, wrong: Wrong::default() };
        let value = read(&mut reader);
        reader.wrong.finish(L::INVALID, value)
    }

    /// What was given for one setting, unread; `None` where nothing was.
    pub fn text<T>(&self, setting: &Setting<T>) -> Option<&str> {
        given(&self.texts, &setting.about)
    }
}

/// An empty text counts as not set: deployment tools write empty variables for "default".
fn given<'a>(texts: &'a BTreeMap<&'static str, String>, about: &About) -> Option<&'a str> {
    let text =
        texts.get(about.name).unwrap_or_else(|| panic!("{} is in no list of this command", about.name));
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn listed<L: Listed>() -> impl Iterator<Item = (&'static str, &'static About)> {
    let groups = L::GROUPS.iter().chain(&[cloud_run::MARKS]);
    groups.flat_map(|group| group.settings.iter().map(|about| (group.heading, *about)))
}

impl<L: Listed> Args for Given<L> {
    fn augment_args(command: Command) -> Command {
        command.args(listed::<L>().map(|(heading, about)| about.arg(heading)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<L: Listed> FromArgMatches for Given<L> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let text = |name| matches.get_one::<String>(name).cloned().unwrap_or_default();
        let texts = listed::<L>().map(|(_, about)| (about.name, text(about.name))).collect();
        Ok(Self { texts, list: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|given| *self = given)
    }
}

impl Reader<'_> {
    /// What is set, or the default. Where it is wrong that is noted, and the value is only good for going on.
    pub fn get<T>(&mut self, setting: &Setting<T>) -> T {
        let value = self.optional(setting).ok_or(setting.about.default);
        value.or_else(|default| setting.parse(default)).unwrap_or_else(|rule| {
            panic!("the default of {} is wrong: it {rule}", setting.about.name);
        })
    }

    /// The same for a setting without a default; `None` where nothing is set, or where it is wrong.
    pub fn optional<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        let about = &setting.about;
        let default = match about.on_cloud_run {
            there if !there.is_empty() && self.on_cloud_run().is_some() => there,
            _ => about.default,
        };
        let text = given(self.texts, about).unwrap_or(default);
        if text.is_empty() {
            return None;
        }
        setting.parse(text).map_err(|rule| self.refuse(about.name, text, &rule)).ok()
    }

    /// Whether anything is set.
    pub fn is_set<T>(&self, setting: &Setting<T>) -> bool {
        given(self.texts, &setting.about).is_some()
    }

    /// The variable that says that this is Cloud Run, where it is.
    pub fn on_cloud_run(&self) -> Option<&'static str> {
        cloud_run::MARKS.settings.iter().find(|mark| given(self.texts, mark).is_some()).map(|mark| mark.name)
    }

    /// Notes that a value does not follow a rule.
    pub fn refuse(&mut self, name: &str, value: &str, rule: &str) {
        let sentence = (self.complaint)(name, value, rule);
        self.wrong(sentence);
    }

    /// Notes a whole sentence.
    pub fn wrong(&mut self, sentence: impl Into<String>) {
        self.wrong.push(sentence);
    }
}

impl Wrong {
    /// Notes a sentence.
    pub fn push(&mut self, sentence: impl Into<String>) {
        self.0.push(sentence.into());
    }

    /// The value, unless anything was wrong. `whole` begins what is said then.
    ///
    /// # Errors
    /// All that was wrong.
    pub fn finish<T>(self, whole: &'static str, value: T) -> Result<T, InvalidSettings> {
        if self.0.is_empty() { Ok(value) } else { Err(InvalidSettings { sentences: self.0, whole }) }
    }
}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.whole)?;
        self.sentences.iter().try_for_each(|sentence| write!(f, "\n  - {sentence}"))
    }
}

impl std::error::Error for InvalidSettings {}
