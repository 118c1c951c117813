//! How values that stand in requests are looked through for faults.

/// Lets `eserde` look through a value as a whole: one fault, and the rest of the input is still read. (Its own compatibility
/// macro lets the type's parser stop in the middle of an object, after which it takes what is left for the outer one's.)
macro_rules! whole {
    ($($name:ty),* $(,)?) => {
        $(
            impl<'de> eserde::EDeserialize<'de> for $name {
                fn deserialize_for_errors<D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), ()> {
                    let value: serde_json::Value = serde::Deserialize::deserialize(deserializer).map_err(|error| eserde::reporter::ErrorReporter::report(error))?;
                    serde_json::from_value::<$name>(value).map(|_| ()).map_err(|error| eserde::reporter::ErrorReporter::report(error))
                }
            }
        )*
    };
}

pub(crate) use whole;
