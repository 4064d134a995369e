//! What a setting is: its name, what people are told of it, its default and what it may be, said in one
//! place.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Arg;

/// One setting: an environment variable, and the flag of the same name.
pub struct Setting<T> {
    /// What people are told of it.
    pub about: About,
    parse: Parse<T>,
}

/// What people are told of a setting.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The environment variable.
    pub name: &'static str,
    /// What holds where nothing is set; empty if that is nothing.
    pub default: &'static str,
    /// What holds on Cloud Run instead; empty if that is the same.
    pub on_cloud_run: &'static str,
    help: &'static str,
    default_in_words: &'static str,
    value_name: &'static str,
    global: bool,
    hidden: bool,
}

/// Settings that stand together in the help.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What stands above them.
    pub heading: &'static str,
    /// In this order.
    pub settings: &'static [&'static About],
}

enum Parse<T> {
    Text { rule: &'static str, value: fn(&str) -> Option<T> },
    Number { least: u64, most: u64, value: fn(u64) -> Option<T> },
}

/// Declares settings and the group that they stand in. The comment is what `--help` says, the expression
/// what the setting may be and its default: `/// TCP port to listen on; 0 takes a free one` `PORT: u16 =
/// number(0..=65535).default("8080"),`
#[macro_export]
macro_rules! declare_settings {
    ($(#[doc = $what:literal])* $vis:vis $group:ident under $heading:literal:
     $($(#[doc = $help:literal])+ $name:ident: $type:ty = $setting:expr,)+) => {
        $($(#[doc = $help])+
        $vis const $name: $crate::settings::Setting<$type> =
            $setting.named(stringify!($name), concat!($($help),+));)+
        $(#[doc = $what])*
        $vis const $group: $crate::settings::Group =
            $crate::settings::Group { heading: $heading, settings: &[$(&$name.about),+] };
    };
}
pub use crate::declare_settings;

/// A setting whose text `value` understands; `rule` says to others what it must be.
pub const fn parsed<T>(rule: &'static str, value: fn(&str) -> Option<T>) -> Setting<T> {
    Setting::new(Parse::Text { rule, value })
}

/// Any text.
pub const fn text() -> Setting<String> {
    parsed("", |text| Some(text.to_owned()))
}

/// A file or a folder.
pub const fn path() -> Setting<PathBuf> {
    parsed("", |text| Some(text.into()))
}

/// `true` or `false`.
pub const fn switch() -> Setting<bool> {
    parsed("must be true or false", truth)
}

/// How a switch may be written.
pub fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number in a range.
pub const fn number<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> Setting<T> {
    whole(range, |number| T::try_from(number).ok())
}

/// A whole number of seconds.
pub const fn seconds(range: RangeInclusive<u64>) -> Setting<Duration> {
    whole(range, |seconds| Some(Duration::from_secs(seconds)))
}

/// A whole number of days.
pub const fn days(range: RangeInclusive<u64>) -> Setting<Duration> {
    whole(range, |days| days.checked_mul(24 * 60 * 60).map(Duration::from_secs))
}

const fn whole<T>(range: RangeInclusive<u64>, value: fn(u64) -> Option<T>) -> Setting<T> {
    Setting::new(Parse::Number { least: *range.start(), most: *range.end(), value })
}

impl<T> Setting<T> {
    const fn new(parse: Parse<T>) -> Self {
        let about = About {
            name: "",
            default: "",
            on_cloud_run: "",
            help: "",
            default_in_words: "",
            value_name: "",
            global: false,
            hidden: false,
        };
        Self { about, parse }
    }

    /// Its name, and the sentence that explains it.
    pub const fn named(mut self, name: &'static str, help: &'static str) -> Self {
        self.about.name = name;
        self.about.help = help;
        self
    }

    /// What holds where nothing is set.
    pub const fn default(mut self, text: &'static str) -> Self {
        self.about.default = text;
        self
    }

    /// What holds on Cloud Run where nothing is set.
    pub const fn on_cloud_run(mut self, text: &'static str) -> Self {
        self.about.on_cloud_run = text;
        self
    }

    /// For people, where what holds by default depends on more than where the program runs.
    pub const fn by_default(mut self, words: &'static str) -> Self {
        self.about.default_in_words = words;
        self
    }

    /// What stands for the value in the help.
    pub const fn value(mut self, name: &'static str) -> Self {
        self.about.value_name = name;
        self
    }

    /// It may stand behind a subcommand too.
    pub const fn global(mut self) -> Self {
        self.about.global = true;
        self
    }

    /// It is not in the help.
    pub const fn hidden(mut self) -> Self {
        self.about.hidden = true;
        self
    }

    /// What a text means, or what it must be.
    pub(super) fn parse(&self, text: &str) -> Result<T, String> {
        match self.parse {
            Parse::Text { rule, value } => value(text).ok_or_else(|| rule.into()),
            Parse::Number { least, most, value } => {
                let number = text.parse().ok().filter(|number| (least..=most).contains(number));
                number.and_then(value).ok_or_else(|| format!("must be a whole number from {least} to {most}"))
            }
        }
    }
}

impl About {
    /// The flag, as the help explains it.
    pub(super) fn arg(&self, heading: &'static str) -> Arg {
        let by_default = match (self.default_in_words, self.on_cloud_run) {
            ("", "") => String::new(),
            ("", there) => format!(" [default: {}, on Cloud Run {there}]", self.default),
            (words, _) => format!(" [default: {words}]"),
        };
        let mut arg = Arg::new(self.name)
            .long(self.name.to_ascii_lowercase().replace('_', "-"))
            .env(self.name)
            .help(format!("{}{by_default}", self.help.trim()))
            .value_name(if self.value_name.is_empty() { self.name } else { self.value_name })
            .global(self.global)
            .hide(self.hidden);
        if !heading.is_empty() {
            arg = arg.help_heading(heading);
        }
        if self.default.is_empty() || !by_default.is_empty() { arg } else { arg.default_value(self.default) }
    }
}
