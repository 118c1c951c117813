//! Passwords: what may be one. They are compared as they were typed, byte by byte, and never cut.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::faults::Invalid;

/// Shorter ones are guessed.
const AT_LEAST: usize = 10;
/// Longer ones are refused, whole: what is hashed is all of a password, and hashing takes as long as that is.
const AT_MOST: usize = 256;
/// Fewer different characters are a pattern.
const AT_LEAST_DIFFERENT: usize = 4;

/// What everyone tries first, in lower case and in order.
const COMMON: &str = include_str!("../../data/common-passwords.txt");

/// A password that is given to sign in: whether it is right is for its hash to say.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(SecretString);

/// A password that is chosen.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct NewPassword(Password);

impl Password {
    /// Its bytes, to be hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl FromStr for Password {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=AT_MOST).contains(&text.chars().count());
        let invalid = Invalid { what: "a password", rule: "1 to 256 characters" };
        if fits { Ok(Self(text.into())) } else { Err(invalid) }
    }
}

impl TryFrom<String> for Password {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl NewPassword {
    /// The password itself.
    pub fn password(&self) -> &Password {
        &self.0
    }
}

impl FromStr for NewPassword {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let refused = |rule| Err(Invalid { what: "a new password", rule });
        if !(AT_LEAST..=AT_MOST).contains(&text.chars().count()) {
            return refused("10 to 256 characters");
        }
        if is_common(text) {
            return refused("one that others do not use as well");
        }
        text.parse().map(Self)
    }
}

impl TryFrom<String> for NewPassword {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

/// Whether it is among those that are tried first, as it is or with something before or after that is no letter; or follows from
/// how it begins.
fn is_common(text: &str) -> bool {
    let text = text.to_lowercase();
    let word = text.trim_matches(|c: char| !c.is_alphabetic());
    is_listed(&text) || is_listed(word) || is_listed(text.trim_end_matches(|c: char| !c.is_alphanumeric())) || is_pattern(&text)
}

fn is_listed(word: &str) -> bool {
    COMMON.lines().any(|common| common == word)
}

/// Few characters, each the neighbour of the one before, or a short beginning again and again.
fn is_pattern(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let different = characters.iter().enumerate().filter(|(at, c)| !characters[..*at].contains(c)).count();
    let steps = |by: i64| characters.windows(2).all(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])) == by);
    let repeats = |length: usize| characters.iter().zip(characters.iter().skip(length)).all(|(one, next)| one == next);
    different < AT_LEAST_DIFFERENT || steps(1) || steps(-1) || (1..=characters.len() / 2).any(repeats)
}

crate::schema::written_as!(Password, "Password", String, format crate::schema::PASSWORD, example "a long sentence of mine");
crate::schema::written_as!(NewPassword, "NewPassword", String, format crate::schema::PASSWORD, example "a long sentence of mine");

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_list_is_in_lower_case_in_order_and_says_everything_once() {
        let words: Vec<&str> = COMMON.lines().collect();
        assert!(words.len() > 300 && words.is_sorted_by(|one, next| one < next));
        assert!(words.iter().all(|word| word.to_lowercase() == *word && word.trim() == *word));
    }

    #[test]
    fn what_everyone_tries_is_refused() {
        for common in [
            "password123",
            "Password123!",
            "1q2w3e4r5t",
            "Qwertyuiop",
            "1234567890",
            "9876543210",
            "abcdefghijkl",
            "aaaaaaaaaaaa",
            "ababababababab",
            "hellohello",
            "sunshine2024",
            "2024sunshine!",
            "iloveyou!!!",
            "P@ssw0rd123",
            "correcthorsebatterystaple",
            "tryme tryme ",
        ] {
            assert!(common.parse::<NewPassword>().is_err(), "{common}");
        }
    }

    #[test]
    fn what_is_long_and_ones_own_is_taken() {
        for good in ["bicycle lantern", "ein Fahrrad ohne Licht", "пароль из трёх слов", "hN4k!x9Qw2", "🌴🦜🛫🗺️🧳🕰️🎫🧭🛂🏝️"]
        {
            assert!(good.parse::<NewPassword>().is_ok(), "{good}");
        }
        assert!("hN4k!x9Qw".parse::<NewPassword>().is_err(), "nine characters");
    }

    #[test]
    fn nothing_of_a_password_is_told() {
        let shown = format!("{:?}", "bicycle lantern".parse::<NewPassword>().unwrap());
        assert!(!shown.contains("bicycle"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_password_is_taken_whole_or_not_at_all(text in "\\PC{1,300}") {
            match text.parse::<Password>() {
                Ok(password) => prop_assert_eq!(password.as_bytes(), text.as_bytes()),
                Err(_) => prop_assert!(text.chars().count() > AT_MOST),
            }
        }
    }
}
