//! What can be seen of a call.

use std::{error::Error, fmt};

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
};
use platform::{JobError, kms::KmsError};
use storage::StoreError;

/// One thing seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The call was taken.
    Took,
    /// It was refused, with this code.
    Refused(String),
    /// A transaction was cancelled, for this reason by each of its operations.
    Cancelled(Vec<String>),
    /// So many.
    Count(usize),
    /// What is there, in its order.
    Texts(Vec<String>),
    /// The row did not come to its end.
    Broken(String),
}

/// The call was taken.
pub fn took() -> Seen {
    Seen::Took
}

/// It was refused, with this code.
pub fn refused(code: &str) -> Seen {
    Seen::Refused(code.to_owned())
}

/// A transaction was cancelled, for these reasons.
pub fn cancelled<const N: usize>(reasons: [&str; N]) -> Seen {
    Seen::Cancelled(reasons.map(str::to_owned).to_vec())
}

/// So many.
pub fn count(number: usize) -> Seen {
    Seen::Count(number)
}

/// What is there, in its order.
pub fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Seen {
    Seen::Texts(texts.into_iter().map(|text| text.to_string()).collect())
}

/// What is there, whatever its order.
pub fn sorted<T: ToString>(all: impl IntoIterator<Item = T>) -> Seen {
    let mut all: Vec<String> = all.into_iter().map(|text| text.to_string()).collect();
    all.sort_unstable();
    Seen::Texts(all)
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Took => f.write_str("taken"),
            Self::Refused(code) => write!(f, "refused ({code})"),
            Self::Cancelled(reasons) => write!(f, "cancelled ({})", reasons.join(", ")),
            Self::Count(number) => write!(f, "{number}"),
            Self::Texts(texts) => write!(f, "[{}]", texts.join(", ")),
            Self::Broken(why) => write!(f, "broken: {why}"),
        }
    }
}

/// What is seen of an answer.
pub trait Observed {
    /// Whether the call was taken, or how it was refused.
    fn seen(self) -> Seen;
}

impl<T> Observed for Result<T, StoreError> {
    fn seen(self) -> Seen {
        self.map_or_else(|error| Seen::Refused(format!("{error:?}")), |_| Seen::Took)
    }
}

impl<T> Observed for Result<T, KmsError> {
    fn seen(self) -> Seen {
        self.map_or_else(|error| Seen::Refused(format!("{error:?}")), |_| Seen::Took)
    }
}

impl<T> Observed for Result<T, JobError> {
    fn seen(self) -> Seen {
        self.map_or_else(|error| Seen::Refused(error.to_string()), |_| Seen::Took)
    }
}

impl<T, E: ProvideErrorMetadata, R> Observed for Result<T, SdkError<E, R>> {
    fn seen(self) -> Seen {
        self.map_or_else(|error| Seen::Refused(error.code().unwrap_or("no code").to_owned()), |_| Seen::Took)
    }
}

/// What is seen of the answer to a transaction: why each of its operations cancelled it, too.
pub fn of_transaction<R>(answer: Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError, R>>) -> Seen
where
    SdkError<TransactWriteItemsError, R>: Error,
{
    match answer.as_ref().err().and_then(SdkError::as_service_error) {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            let reasons = canceled.cancellation_reasons().iter();
            Seen::Cancelled(reasons.map(|reason| reason.code().unwrap_or("None").to_owned()).collect())
        }
        Some(_) | None => answer.seen(),
    }
}
