//! Has members' keys wrapped by another master key. KMS does it, key by key, and nobody sees one; members notice nothing, for what
//! either master key has wrapped is unwrapped meanwhile.
//!
//! It can be stopped, and goes on where it was: what the former master key has wrapped still is in the tables under its name, and
//! in the end nothing is.

use platform::vault::{Vault, VaultError};
use storage::{Change, MASTER_SHARDS, MemberKey, Store, StoreError};

/// How many keys are read at a time.
const PAGE: u8 = 100;

/// Why it stopped.
#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    /// KMS does not wrap a key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The tables can't be read, or did not take a key.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// So many keys were wrapped anew.
    pub keys: usize,
    /// So many had changed meanwhile: destroyed with their member, or wrapped by someone else who does the same.
    pub passed_over: usize,
}

/// Wraps by the master key of the deployment what the one with the ARN `former` has wrapped.
///
/// # Errors
/// If KMS or the tables don't do it. What was wrapped until then stays so.
pub async fn rewrap(store: &Store, vault: &Vault, former: &str) -> Result<Rewrapped, RewrapError> {
    let mut so_far = Rewrapped::default();
    for shard in 0..MASTER_SHARDS {
        let mut after = None;
        loop {
            let page = store.wrapped_by(former, shard, PAGE, after.as_deref()).await?;
            for key in page.items {
                match wrap_anew(store, vault, &key).await {
                    Ok(()) => so_far.keys += 1,
                    Err(RewrapError::Store(StoreError::Changed)) => so_far.passed_over += 1,
                    Err(error) => return Err(error),
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(so_far)
}

async fn wrap_anew(store: &Store, vault: &Vault, key: &MemberKey) -> Result<(), RewrapError> {
    let mut anew = vault.wrap_anew(key).await?;
    Ok(store.commit(Change::new().update(&mut anew)).await?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use domain::identity::Member;
    use jiff::{SignedDuration, ToSpan};
    use local::TestApp;
    use platform::{kms::KmsError, vault::master_alias};

    use super::*;

    /// Longer than unwrapped keys are kept.
    fn forgotten(app: &TestApp) {
        app.clock.advance(SignedDuration::from_mins(6));
    }

    async fn names(app: &TestApp) -> Result<Vec<String>, VaultError> {
        let vault = app.system().operator().vault();
        let mut names = Vec::new();
        for handle in ["demo", "free", "admin", "omar"] {
            let owner = app.member(handle).owner();
            let member = app.store().member(&owner).await.unwrap().unwrap();
            names.push(vault.key_of(&owner).await?.open(&Member::NAME, &member.name)?.to_string());
        }
        Ok(names)
    }

    async fn left(app: &TestApp, master: &str) -> usize {
        let mut left = 0;
        for shard in 0..MASTER_SHARDS {
            left += app.store().wrapped_by(master, shard, PAGE, None).await.unwrap().items.len();
        }
        left
    }

    #[tokio::test]
    async fn a_master_key_takes_the_place_of_another_and_nobody_notices() {
        let app = TestApp::new().await;
        let (masters, vault) = (app.system().standins().masters(), app.system().operator().vault());
        let (alias, owner) = (master_alias(""), app.member("demo").owner());
        let former = app.store().member_key(&owner).await.unwrap().unwrap().master;
        let (everyone, keys) = (names(&app).await.unwrap(), left(&app, &former).await);
        assert!(keys >= everyone.len());
        masters.point(&alias, "second");
        let (second, _) = vault.new_key(&owner).await.unwrap();
        assert_ne!(second.master, former, "new keys are wrapped by the second one");
        forgotten(&app);
        assert_eq!(names(&app).await.unwrap(), everyone, "both are used meanwhile");

        let done = rewrap(app.store(), vault, &former).await.unwrap();
        assert_eq!(done, Rewrapped { keys, passed_over: 0 });
        assert_eq!((left(&app, &former).await, left(&app, &second.master).await), (0, keys));
        assert_eq!(rewrap(app.store(), vault, &former).await.unwrap(), Rewrapped::default(), "there is nothing left to do");
        masters.destroy("members");
        forgotten(&app);
        assert_eq!(names(&app).await.unwrap(), everyone, "the former one is not needed any more");
    }

    #[tokio::test]
    async fn a_master_key_that_is_destroyed_too_early_takes_everything_with_it() {
        let app = TestApp::new().await;
        app.system().standins().masters().destroy("members");
        assert_eq!(names(&app).await, Err(VaultError::Kms(KmsError::Refused("KMSInvalidStateException".to_owned()))));
    }

    #[tokio::test]
    async fn a_key_that_is_destroyed_meanwhile_does_not_come_back() {
        let app = TestApp::new().await;
        let owner = app.member("demo").owner();
        let read = app.store().member_key(&owner).await.unwrap().unwrap();
        app.store().commit(Change::new().forget(&read)).await.unwrap();
        let refused = wrap_anew(app.store(), app.system().operator().vault(), &read).await;
        assert!(matches!(refused, Err(RewrapError::Store(StoreError::Changed))), "{refused:?}");
        assert_eq!(app.store().member_key(&owner).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_open_key_goes_on_for_a_while() {
        let app = TestApp::new().await;
        names(&app).await.unwrap();
        app.system().standins().masters().destroy("members");
        app.leap(4.minutes()).await;
        assert!(names(&app).await.is_ok());
        app.leap(2.minutes()).await;
        assert!(names(&app).await.is_err());
    }
}
