//! What is sealed: it opens where it was sealed, with the key of whose it is, and nowhere else; without the key, never.

use std::sync::{Arc, LazyLock};

use domain::{
    identity::{DisplayName, EmailAddress, Member},
    ids::{Owner, derived},
    sealed::{Place, Sealed},
};
use futures::future::join_all;
use jiff::{SignedDuration, ToSpan};
use local::{
    TestApp,
    gate::{Action, CallInfo, Callee, Failure, Faults},
};
use platform::{
    aws::Service,
    kms::KmsError,
    vault::{OpenKey, Vault, VaultError},
};
use proptest::{prelude::*, test_runner::Config};
use storage::Change;
use tokio::runtime::Runtime;

use crate::support::{Core, create, dubai};

fn vault(app: &TestApp) -> &Vault {
    app.system().operator().vault()
}

fn owner(tenant: &str, member: u128) -> Owner {
    Owner { tenant: tenant.parse().unwrap(), member: derived(&[&member.to_string()]) }
}

/// The keys of a few members of two tenants.
fn keys() -> &'static Vec<OpenKey> {
    static KEYS: LazyLock<Vec<OpenKey>> = LazyLock::new(|| {
        Runtime::new().unwrap().block_on(async {
            let app = TestApp::new().await;
            let owners = ["demo", "other"].into_iter().flat_map(|tenant| (0..3).map(move |member| owner(tenant, member)));
            join_all(owners.map(async |owner| vault(&app).new_key(&owner).await.unwrap().1)).await
        })
    });
    &KEYS
}

const RECORDS: [&str; 3] = ["member", "payout", "token"];
const FIELDS: [&str; 3] = ["email", "name", "address"];

/// Whose key, record, field, and one of several such records or the only one.
fn spot() -> impl Strategy<Value = (usize, Place<String>, String)> {
    let id = prop_oneof![Just(None), (0_u8..3).prop_map(Some)];
    (0..6_usize, 0..3_usize, 0..3_usize, id).prop_map(|(key, record, field, id)| {
        let place = Place::new(RECORDS[record], FIELDS[field]);
        let place = id.map_or(Place::new(RECORDS[record], FIELDS[field]), |id| place.of(id));
        let name = format!("{key} {place:?}");
        (key, place, name)
    })
}

proptest! {
    #![proptest_config(Config { cases: 512, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_value_opens_where_it_was_sealed_and_nowhere_else(value in ".*", there in spot(), elsewhere in spot()) {
        let (keys, (key, place, name), (other_key, other_place, other_name)) = (keys(), there, elsewhere);
        let sealed = keys[key].seal(&place, &value).unwrap();
        prop_assert_eq!(keys[key].open(&place, &sealed), Ok(value));
        let moved = keys[other_key].open(&other_place, &sealed);
        prop_assert_eq!(moved.is_ok(), name == other_name, "sealed for {}, opened for {}", name, other_name);
    }

    #[test]
    fn a_value_that_was_changed_does_not_open(value in ".{0,40}", at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let (key, place) = (&keys()[0], Place::<String>::new("member", "name"));
        let mut bytes = key.seal(&place, &value).unwrap().as_bytes().to_vec();
        let again = key.seal(&place, &value).unwrap();
        prop_assert_ne!(&bytes[..], again.as_bytes(), "the same value is never sealed alike");
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(key.open(&place, &Sealed::new(bytes.clone())), Err(VaultError::Closed));
        bytes.truncate(at);
        prop_assert_eq!(key.open(&place, &Sealed::new(bytes)), Err(VaultError::Closed));
    }
}

/// As someone would try who can write to the tables: another member's name, where one's own is shown.
#[tokio::test]
async fn what_is_moved_within_the_tables_does_not_open() {
    let app = TestApp::new().await;
    let (demo, free) = (app.member("demo").owner(), app.member("free").owner());
    let of = async |owner: &Owner| app.store().member(owner).await.unwrap().unwrap();
    let (mut mine, theirs) = (of(&demo).await, of(&free).await);
    mine.name = theirs.name.clone();
    let key = vault(&app).key_of(&demo).await.unwrap();
    assert_eq!(key.open(&Member::NAME, &mine.name), Err(VaultError::Closed));
    let email_as_name: Sealed<DisplayName> = Sealed::new(mine.email.as_bytes().to_vec());
    assert_eq!(key.open(&Member::NAME, &email_as_name), Err(VaultError::Closed));
    app.store().commit(Change::new().update(&mut mine)).await.unwrap();
    app.member("demo").get("/v1/me").send().await.assert(500, "internal");

    let mut key_of_another = app.store().member_key(&demo).await.unwrap().unwrap();
    key_of_another.wrapped = app.store().member_key(&free).await.unwrap().unwrap().wrapped;
    app.store().commit(Change::new().update(&mut key_of_another)).await.unwrap();
    app.clock.advance(SignedDuration::from_mins(6));
    assert_eq!(vault(&app).key_of(&demo).await.unwrap_err(), VaultError::Kms(KmsError::Foreign));
}

#[tokio::test]
async fn without_the_key_nothing_of_a_member_can_be_read_and_no_mail_goes_out() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    demo.get("/v1/me").send().await.assert(200, "");
    create(&demo, dubai()).await;
    let key = app.store().member_key(&demo.owner()).await.unwrap().unwrap();
    app.store().commit(Change::new().forget(&key)).await.unwrap();
    app.clock.advance(SignedDuration::from_mins(6));
    assert_eq!(vault(&app).key_of(&demo.owner()).await.unwrap_err(), VaultError::NoKey);
    demo.get("/v1/me").send().await.assert(500, "internal");
    app.advance(2.hours()).await;
    assert_eq!((app.mails().len(), app.dead_letters().len()), (0, 0), "there is no address any more");
    app.member("free").get("/v1/me").send().await.assert(200, "");
}

#[tokio::test]
async fn an_address_is_looked_up_whatever_its_case_and_in_its_tenant() {
    let app = TestApp::new().await;
    let hash = |tenant: &str, email: &str| {
        vault(&app).email_hash(&tenant.parse().unwrap(), &email.parse::<EmailAddress>().unwrap()).unwrap()
    };
    let here = hash("demo", "dana@example.com");
    assert_eq!(hash("demo", "Dana@EXAMPLE.com"), here);
    assert_ne!(hash("other", "dana@example.com"), here);
    assert_ne!(hash("demo", "dana@example.org"), here);
    let found = app.store().owner_of_email(&"demo".parse().unwrap(), &here).await.unwrap();
    assert_eq!(found, Some(app.member("demo").owner()));
    let another = TestApp::new().await;
    let elsewhere = vault(&another).email_hash(&"demo".parse().unwrap(), &"dana@example.com".parse().unwrap()).unwrap();
    assert_ne!(elsewhere, here, "each deployment has a key of its own");
}

/// The whole of the tables, after a find was mailed, and a profile shown and changed.
#[tokio::test]
async fn no_address_and_no_name_is_in_the_tables_in_the_clear() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    create(&demo, dubai()).await;
    app.advance(1.hour()).await;
    app.advance(24.hours()).await;
    assert!(!app.mails().is_empty(), "someone was told");
    let change = demo.patch("/v1/me").header("idempotency-key", "one").body(serde_json::json!({"name": "Dana Other"}));
    change.send().await.assert(204, "");
    demo.get("/v1/me").send().await.assert(200, "");
    let tables = format!("{:?}", Core::of(&app).everything().await).to_lowercase();
    assert!(tables.contains("member-key") && tables.contains("receipt"), "all of it is looked through");
    for clear in ["@example", "dana demo", "dana other", "fred free", "ada admin", "omar other"] {
        assert!(!tables.contains(clear), "{clear:?} is in the tables");
    }
}

/// No answer of KMS.
#[derive(Debug)]
struct NoKms(Failure);

impl Faults for NoKms {
    fn before(&self, call: &CallInfo) -> Action {
        if call.callee == Callee::Aws(Service::Kms) { Action::Fail(self.0) } else { Action::Proceed }
    }
}

#[tokio::test]
async fn without_kms_what_needs_a_key_waits_and_health_says_so() {
    let app = TestApp::new().await;
    app.anonymous().get("/v1/health").send().await.assert(200, "");
    let asked = app.system().gatehouse().calls_of("system-get-health");
    app.anonymous().get("/v1/health").send().await.assert(200, "");
    assert_eq!(app.system().gatehouse().calls_of("system-get-health"), asked + 1, "KMS is not asked each time");
    app.set_faults(Arc::new(NoKms(Failure::Internal)));
    app.member("demo").get("/v1/me").send().await.assert(503, "unavailable");
    app.member("demo").get("/v1/watchers").send().await.assert(200, "");
    app.clock.advance(SignedDuration::from_mins(6));
    app.anonymous().get("/v1/health").send().await.assert(503, "unavailable");
}

#[tokio::test]
async fn a_master_key_that_is_gone_is_our_fault() {
    let app = TestApp::new().await;
    app.system().standins().masters().destroy("members");
    app.member("demo").get("/v1/me").send().await.assert(500, "internal");
    app.anonymous().get("/v1/health").send().await.assert(500, "internal");
}
