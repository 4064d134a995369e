//! Errors of SQLite by kind.

use rusqlite::{Error, ErrorCode};

use crate::error::{BackendError, always};

always!(Damaged: sha2::digest::InvalidLength);

impl From<Error> for BackendError {
    fn from(error: Error) -> Self {
        use ErrorCode as Code;
        match &error {
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => Self::Damaged(error.into()),
            // A broken file is not one broken record: like a full disk it is a service that is away, and no
            // task is set aside for it.
            _ => match error.sqlite_error_code() {
                Some(Code::PermissionDenied | Code::ReadOnly | Code::AuthorizationForStatementDenied) => {
                    Self::Denied(error.into())
                }
                Some(Code::ConstraintViolation) => Self::Conflict(error.into()),
                _ => Self::Unavailable(error.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, ffi};

    use super::*;

    #[test]
    fn sqlite_fails_in_its_ways() {
        let of = |code| BackendError::from(Error::SqliteFailure(ffi::Error::new(code), None));
        for away in
            [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_IOERR, ffi::SQLITE_FULL, ffi::SQLITE_CORRUPT]
        {
            assert!(matches!(of(away), BackendError::Unavailable(_)), "{away}");
        }
        assert!(matches!(of(ffi::SQLITE_READONLY), BackendError::Denied(_)));
        assert!(matches!(of(ffi::SQLITE_CONSTRAINT), BackendError::Conflict(_)));
        let connection = Connection::open_in_memory().unwrap();
        let text = connection.query_row("SELECT 'seven'", (), |row| row.get::<_, i64>(0)).unwrap_err();
        assert!(matches!(BackendError::from(text), BackendError::Damaged(_)));
    }
}
