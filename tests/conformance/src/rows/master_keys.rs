//! Members' keys, as the vault has them made and unwrapped. See the [API
//! reference](https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html) under GenerateDataKey, Decrypt and ReEncrypt.

use domain::ids::Owner;
use platform::{
    kms::{Kms, KmsError, NewKey},
    vault::master_alias,
};
use secrecy::ExposeSecret;
use storage_tests::owner;

use super::master_keys;
use crate::{
    Row,
    seen::{Observed, Seen, count, refused, texts, took},
    target::Target,
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        master_keys(
            "a key has 256 bits, and is unwrapped to what it was",
            |t| Box::pin(unwrapped(t)),
            [count(32), texts(["same"])],
        ),
        master_keys(
            "a key is unwrapped for its member alone",
            |t| Box::pin(of_another(t)),
            [refused("Foreign"), refused("Foreign"), took()],
        ),
        master_keys(
            "what no master key has wrapped is not unwrapped",
            |t| Box::pin(damaged(t)),
            [refused("Foreign"), refused("Foreign")],
        ),
        master_keys(
            "a master key that is not there wraps nothing",
            |t| Box::pin(nameless(t)),
            [refused(r#"Refused("NotFoundException")"#)],
        ),
        master_keys(
            "a key that is wrapped anew by another master key is unwrapped to what it was",
            |t| Box::pin(wrapped_anew(t)),
            [took(), texts(["another master", "same"])],
        ),
        master_keys("a key is wrapped anew for its member alone", |t| Box::pin(anew_of_another(t)), [refused("Foreign")]),
    ]
}

/// A key of the first member.
async fn made(target: &Target, kms: &Kms) -> NewKey {
    kms.new_key(&master_alias(target.prefix()), &owner(1)).await.unwrap()
}

fn same(key: &NewKey, unwrapped: Result<secrecy::SecretSlice<u8>, KmsError>) -> &'static str {
    if unwrapped.is_ok_and(|plain| plain.expose_secret() == key.plain.expose_secret()) { "same" } else { "another" }
}

async fn unwrapped(target: &Target) -> Vec<Seen> {
    let kms = target.kms();
    let key = made(target, &kms).await;
    let unwrapped = kms.unwrap_key(&key.wrapped.bytes, &owner(1)).await;
    vec![count(key.plain.expose_secret().len()), texts([same(&key, unwrapped)])]
}

async fn of_another(target: &Target) -> Vec<Seen> {
    let kms = target.kms();
    let wrapped = made(target, &kms).await.wrapped.bytes;
    let elsewhere = Owner { tenant: "other".parse().unwrap(), ..owner(1) };
    let mut seen = Vec::new();
    for owner in [owner(2), elsewhere, owner(1)] {
        seen.push(kms.unwrap_key(&wrapped, &owner).await.seen());
    }
    seen
}

async fn damaged(target: &Target) -> Vec<Seen> {
    let kms = target.kms();
    let mut wrapped = made(target, &kms).await.wrapped.bytes;
    if let Some(last) = wrapped.last_mut() {
        *last ^= 1;
    }
    vec![kms.unwrap_key(&wrapped, &owner(1)).await.seen(), kms.unwrap_key(b"no key at all", &owner(1)).await.seen()]
}

async fn nameless(target: &Target) -> Vec<Seen> {
    let nowhere = "arn:aws:kms:us-east-1:000000000000:alias/nowhere";
    vec![target.kms().new_key(nowhere, &owner(1)).await.seen()]
}

async fn wrapped_anew(target: &Target) -> Vec<Seen> {
    let kms = target.kms();
    let key = made(target, &kms).await;
    match kms.wrap_anew(&key.wrapped.bytes, &target.other_master(), &owner(1)).await {
        Ok(anew) => {
            let by = if anew.master == key.wrapped.master { "the same master" } else { "another master" };
            vec![took(), texts([by, same(&key, kms.unwrap_key(&anew.bytes, &owner(1)).await)])]
        }
        Err(error) => vec![Err::<(), _>(error).seen()],
    }
}

async fn anew_of_another(target: &Target) -> Vec<Seen> {
    let kms = target.kms();
    let wrapped = made(target, &kms).await.wrapped.bytes;
    vec![kms.wrap_anew(&wrapped, &target.other_master(), &owner(2)).await.seen()]
}
