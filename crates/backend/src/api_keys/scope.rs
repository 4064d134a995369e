use std::fmt;
use std::str::FromStr;

/// One kind of call that a key may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Sending photos and having them rendered again.
    Submit,
    /// Asking how a job is doing, and its preview.
    Read,
    /// The links of print masters.
    Print,
    /// What support does: listing, retrying, erasing.
    Admin,
}

/// Several of them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

/// The text is no scope's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScope;

impl Scope {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Submit, Self::Read, Self::Print, Self::Admin];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Print => "print",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Submit => 1,
            Self::Read => 2,
            Self::Print => 4,
            Self::Admin => 8,
        }
    }
}

impl Scopes {
    /// Every call.
    pub const ALL: Self = Self(15);

    /// Everything that a shop does with its own jobs.
    pub const ALL_BUT_ADMIN: Self = Self(7);

    /// Sending photos and seeing what became of them, without the files for print.
    pub const SUBMIT_AND_READ: Self = Self(3);

    /// Whether this one is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Those that are there.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the scopes are submit, read, print and admin")
    }
}

impl std::error::Error for UnknownScope {}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&names.join(","))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_what_they_were_made_of() {
        let scopes: Scopes = [Scope::Print, Scope::Read].into_iter().collect();
        assert_eq!(scopes.to_string(), "read,print");
        assert!(scopes.has(Scope::Read) && !scopes.has(Scope::Submit) && !scopes.has(Scope::Admin));
        assert_eq!(Scope::ALL.into_iter().collect::<Scopes>(), Scopes::ALL);
        assert!(Scopes::ALL_BUT_ADMIN.iter().eq([Scope::Submit, Scope::Read, Scope::Print]));
        assert!(Scopes::SUBMIT_AND_READ.iter().eq([Scope::Submit, Scope::Read]));
        assert_eq!("Submit".parse::<Scope>(), Err(UnknownScope), "names are what they are");
    }
}
