//! Passwords, hashed: argon2id with the parameters that OWASP advises (19 MiB, two passes, one lane), a salt each.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use domain::identity::{passwords::Password, sign_ins::PasswordHash};

use crate::{deps::Deps, failure::Failure, telemetry};

/// In KiB.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// What those are held against who are not there: the same parameters, and a hash that was made up.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$6TgOv0z4/oNQi6fsJNu5tLFVTWPHJYhlwxGCX0fpQwE";

impl Deps {
    /// Hashes a password that was chosen.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn hash_password(&self, password: &Password) -> Result<PasswordHash, Failure> {
        telemetry::count(self, HASHED, 1);
        let salt: [u8; SALT_BYTES] = self.random();
        let hash = argon2().and_then(|argon2| argon2.hash_password_with_salt(password.as_bytes(), &salt).ok());
        hash.map(|hash| PasswordHash::from(hash.to_string())).ok_or(Failure::Internal)
    }

    /// Whether a password is the one of this hash. Without one it is not, and that takes as long.
    pub fn is_password(&self, given: &Password, hash: Option<&PasswordHash>) -> bool {
        telemetry::count(self, HASHED, 1);
        let right = argon2().is_some_and(|argon2| {
            let hash = hash.map_or(NOBODYS, PasswordHash::as_str);
            argon2.verify_password(given.as_bytes(), hash).is_ok()
        });
        right && hash.is_some()
    }
}

/// What is counted each time that a password is hashed.
pub const HASHED: &str = "PasswordsHashed";

/// None if the parameters were none, which a test rules out. A hash that is held against says with which it was made.
fn argon2() -> Option<Argon2<'static>> {
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY, PASSES, LANES, None).ok()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn hashed(password: &[u8]) -> String {
        argon2().unwrap().hash_password_with_salt(password, &[7; SALT_BYTES]).unwrap().to_string()
    }

    #[test]
    fn a_hash_is_argon2id_at_the_parameters_of_owasp() {
        let hash = hashed(b"bicycle lantern");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(argon2().unwrap().verify_password(b"bicycle lantern", hash.as_str()).is_ok());
        assert!(argon2().unwrap().verify_password(b"bicycle lanterns", hash.as_str()).is_err());
    }

    #[test]
    fn the_last_of_256_characters_counts() {
        let (mut long, other) = ("🌴".repeat(256), "🌴".repeat(255) + "🌵");
        let hash = hashed(long.as_bytes());
        assert!(argon2().unwrap().verify_password(other.as_bytes(), hash.as_str()).is_err());
        long.push('x');
        assert!(argon2().unwrap().verify_password(long.as_bytes(), hash.as_str()).is_err());
    }

    /// Of any other form, holding a password against it would be over at once.
    #[test]
    fn nobodys_hash_is_like_any_other() {
        let (hash, form) = (hashed(b"x"), |hash: &str| hash.split('$').map(str::len).collect::<Vec<_>>());
        assert_eq!(form(NOBODYS), form(&hash));
        assert_eq!(NOBODYS.split('$').nth(3), hash.split('$').nth(3));
        let error = argon2().unwrap().verify_password(b"x", NOBODYS).unwrap_err();
        assert_eq!(error.to_string(), argon2().unwrap().verify_password(b"y", hash.as_str()).unwrap_err().to_string());
    }
}
