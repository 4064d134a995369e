//! Why a backend did not do what it was asked.

use std::error::Error;
use std::{fmt, io, num};

use headshot_core::{InvalidJobId, InvalidTenant};
use tokio::{sync, task, time};

/// What went wrong, by what can be done about it. `{}` is the last sentence of its chain, `{:#}` all of it.
#[derive(Debug)]
pub enum BackendError {
    /// Something that has to be there is not.
    NotFound(Cause),
    /// Something else is there already, or has changed meanwhile.
    Conflict(Cause),
    /// There was no answer, or no room. It may be over soon.
    Unavailable(Cause),
    /// What was read makes no sense. It stays like that until a person looks after it.
    Damaged(Cause),
    /// This program is not allowed to.
    Denied(Cause),
}

/// A sentence about what was attempted, and what came of it; or the beginning of such a chain.
#[derive(Debug)]
pub struct Cause {
    sentence: Option<String>,
    source: Source,
}

type Source = Box<dyn Error + Send + Sync>;

pub(crate) type Result<T, E = BackendError> = std::result::Result<T, E>;

/// Says what was attempted when something went wrong.
pub(crate) trait Context<T> {
    fn context(self, sentence: impl fmt::Display) -> Result<T>;
    fn with_context<S: fmt::Display>(self, sentence: impl FnOnce() -> S) -> Result<T>;
}

impl BackendError {
    /// Whether another try may help, by itself or after somebody has changed a setting.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Damaged(_))
    }

    /// The same kind of error, with a sentence about what was attempted.
    #[must_use]
    pub fn context(self, sentence: impl fmt::Display) -> Self {
        let kind = match self {
            Self::NotFound(_) => Self::NotFound,
            Self::Conflict(_) => Self::Conflict,
            Self::Unavailable(_) => Self::Unavailable,
            Self::Damaged(_) => Self::Damaged,
            Self::Denied(_) => Self::Denied,
        };
        kind(Cause { sentence: Some(sentence.to_string()), source: Box::new(self) })
    }

    fn cause(&self) -> &Cause {
        let (Self::NotFound(cause)
        | Self::Conflict(cause)
        | Self::Unavailable(cause)
        | Self::Damaged(cause)
        | Self::Denied(cause)) = self;
        cause
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause() {
            Cause { sentence: Some(sentence), .. } => f.write_str(sentence)?,
            Cause { sentence: None, source } => write!(f, "{source}")?,
        }
        let mut next = self.source().filter(|_| f.alternate());
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.cause() {
            Cause { sentence: Some(_), source } => Some(source.as_ref()),
            Cause { sentence: None, source } => source.source(),
        }
    }
}

impl<E: Into<Source>> From<E> for Cause {
    fn from(source: E) -> Self {
        Self { sentence: None, source: source.into() }
    }
}

impl<T, E: Into<BackendError>> Context<T> for Result<T, E> {
    fn context(self, sentence: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(sentence))
    }

    fn with_context<S: fmt::Display>(self, sentence: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| error.into().context(sentence()))
    }
}

impl From<io::Error> for BackendError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(error.into()),
            io::ErrorKind::AlreadyExists => Self::Conflict(error.into()),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }
}

/// Returns an error of this kind.
macro_rules! bail {
    ($kind:ident, $($sentence:tt)+) => {
        return Err($crate::error::BackendError::$kind(format!($($sentence)+).into()))
    };
}
pub(crate) use bail;

/// Returns an error of this kind unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($error:tt)+) => {
        if !$condition {
            $crate::error::bail!($($error)+)
        }
    };
}
pub(crate) use ensure;

/// Errors that are always of one kind.
macro_rules! always {
    ($kind:ident: $($error:ty),+ $(,)?) => {
        $(impl From<$error> for $crate::error::BackendError {
            fn from(error: $error) -> Self {
                Self::$kind(error.into())
            }
        })+
    };
}
pub(crate) use always;

always!(Damaged: serde_json::Error, jiff::Error, InvalidJobId, InvalidTenant);
always!(
    Unavailable: task::JoinError, time::error::Elapsed, sync::AcquireError, sync::oneshot::error::RecvError,
    getrandom::Error, num::TryFromIntError,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_told_from_what_was_attempted_to_what_came_of_it() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = Err::<(), _>(denied).context("cannot open a file").unwrap_err().context("reading keys");
        assert!(matches!(error, BackendError::Denied(_)), "{error:?}");
        assert_eq!(error.to_string(), "reading keys");
        assert_eq!(format!("{error:#}"), "reading keys: cannot open a file: permission denied");
        let bare = BackendError::Conflict("job 1 exists already".into());
        assert_eq!(
            (bare.to_string(), format!("{bare:#}")),
            (format!("{bare}"), "job 1 exists already".into())
        );
        assert!(bare.source().is_none());
    }

    #[test]
    fn files_and_documents_fail_in_their_ways() {
        let of = |kind: io::ErrorKind| BackendError::from(io::Error::from(kind));
        assert!(matches!(of(io::ErrorKind::NotFound), BackendError::NotFound(_)));
        assert!(matches!(of(io::ErrorKind::AlreadyExists), BackendError::Conflict(_)));
        assert!(matches!(of(io::ErrorKind::StorageFull), BackendError::Unavailable(_)));
        let damaged = BackendError::from(serde_json::from_str::<u32>("{").unwrap_err());
        assert!(matches!(damaged, BackendError::Damaged(_)) && !damaged.is_retryable());
    }
}
