//! What the text newtypes share.

/// Declares a string newtype that can only be built from a valid string, in code, from JSON and from storage alike.
///
/// The first argument after the name is the validating function: `fn(&str) -> Result<(), &'static str>`, whose error
/// completes the sentence "NAME must be …".
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path, example $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        $crate::schema::written_as!($name, stringify!($name), String, example $example);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::faults::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text).map_err(|rule| $crate::faults::Invalid { what: $what, rule })?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::faults::Invalid;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use text;

/// A human's short text: 1 to `max` characters, no control characters, no blanks at the ends.
pub(crate) fn is_label(text: &str, max: usize) -> bool {
    !text.is_empty() && text.chars().count() <= max && text.trim() == text && !text.chars().any(char::is_control)
}

/// Lower-case letters, digits and inner hyphens, beginning with a letter or digit.
pub(crate) fn is_slug(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
