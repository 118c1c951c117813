//! Personal data as it is stored: sealed with a key of the member whose it is. What seals and opens is `platform`'s vault;
//! here is what travels between it and the tables.

use std::{borrow::Cow, fmt, marker::PhantomData};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A value of type `T` that nobody can read without its member's key. Stored as one text; what is in it shows nowhere.
pub struct Sealed<T> {
    bytes: Vec<u8>,
    opens_to: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    /// From what the vault has made.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, opens_to: PhantomData }
    }

    /// For the vault to open.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

// By hand: derived, they would ask the same of `T`.
impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self::new(self.bytes.clone())
    }
}

impl<T> PartialEq for Sealed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Sealed<T> {}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}

impl<T> Serialize for Sealed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.bytes))
    }
}

impl<'de, T> Deserialize<'de> for Sealed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        // The text is not told: what is no ciphertext may be what should have been one.
        STANDARD.decode(text.as_bytes()).map(Self::new).map_err(|_| D::Error::custom("not a sealed value"))
    }
}

/// Where a sealed value lies among all that is a member's. It opens nowhere else, so that no one who can write to the tables
/// can have an address shown as a name, or one record's value as another's.
pub struct Place<T> {
    record: Cow<'static, str>,
    field: &'static str,
    holds: PhantomData<fn() -> T>,
}

impl<T> Place<T> {
    /// A field of a record of which a member has one.
    pub const fn new(record: &'static str, field: &'static str) -> Self {
        Self { record: Cow::Borrowed(record), field, holds: PhantomData }
    }

    /// The same field in one of several such records.
    pub fn of(&self, id: impl fmt::Display) -> Self {
        Self { record: format!("{}/{id}", self.record).into(), field: self.field, holds: PhantomData }
    }

    /// The record.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// The field.
    pub fn field(&self) -> &str {
        self.field
    }
}

impl<T> fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.record, self.field)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn it_is_stored_as_one_text_and_shows_nothing() {
        let sealed: Sealed<u8> = Sealed::new(vec![0, 255, 16]);
        assert_eq!(serde_json::to_string(&sealed).unwrap(), r#""AP8Q""#);
        assert_eq!(serde_json::from_str::<Sealed<u8>>(r#""AP8Q""#).unwrap(), sealed);
        assert_eq!(format!("{sealed:?}"), "Sealed");
    }

    #[test]
    fn what_is_not_sealed_is_not_read_and_not_told() {
        for clear in [r#""dana@example.com""#, r#""Dana Demo""#, "{}", "1"] {
            let told = serde_json::from_str::<Sealed<String>>(clear).unwrap_err().to_string();
            assert!(!told.contains("ana"), "{told}");
        }
        // Four letters are base64 too: such a one the vault refuses.
        assert!(serde_json::from_str::<Sealed<String>>(r#""Dana""#).is_ok());
    }

    #[test]
    fn records_of_which_there_are_several_have_places_of_their_own() {
        const IBAN: Place<String> = Place::new("payout", "iban");
        assert_eq!(format!("{:?} {:?}", IBAN, IBAN.of("one")), "payout.iban payout/one.iban");
    }
}
