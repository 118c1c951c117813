//! `cargo xtask deployment`: the real templates, deployed to MiniStack by `sam deploy` with functions that cargo-lambda built, and
//! the main job driven through them. It shows what a test of the code alone can't: roles, triggers, variables and addresses.

mod api;
mod cut;
mod layout;
mod outside;
mod sam;
mod story;

use std::{collections::BTreeMap, io, path::Path, time::Duration};

use aws_credential_types::Credentials;
use domain::{
    identity::{Member, Plan, Role},
    watchers::WatcherError,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use local::keys::{KeyError, new_signing_key};
use platform::{
    aws::{Aws, Service, plain_http},
    outside::OutsideError,
    signature::CURSOR_KEY,
    token::{KeySet, NoRandomness, SigningKey},
    vault::LOOKUP_KEY,
};
use serde_json::{Value, json};
use storage::{Store, StoreError};

use self::{api::Api, cut::CutError, outside::Sources, sam::Sam, story::Story};
use crate::{
    files::FileError,
    lambdas::{self, Built, LambdaError},
    ministack::{Ministack, MinistackError, REGION},
    operator::{self, NewMember, OperatorError},
};

/// The functions that are built and deployed: the chain of the main job, two endpoints of a member, and the two that tell API
/// Gateway the issuer's keys.
pub const FUNCTIONS: [&str; 11] = [
    "watchers-sweep-watchers",
    "search-run-search",
    "deals-assess-offers",
    "watchers-match-deals",
    "notifications-raise-alert",
    "notifications-send-email",
    "system-relay-outbox",
    "watchers-create-watcher",
    "watchers-get-watcher",
    "identity-get-openid-configuration",
    "identity-get-jwks",
];

/// What names in this deployment begin with.
const PREFIX: &str = "trial-";
const STACK: &str = "mile-buy-club";
const AUDIENCE: &str = "mile-buy-club";
const MAIL_DOMAIN: &str = "mile-buy-club.example";
/// Where the first member's mail goes.
const FIRST: &str = "first@example.com";
const MAIL_SENDER: &str = "mail@mile-buy-club.example";
const PUBLIC_URL: &str = "https://mile-buy-club.example";

/// Why the deployment does not do what it should, or can't be tried.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each is named for what fails")]
pub enum DeploymentError {
    #[error(transparent)]
    Program(#[from] FileError),
    #[error(transparent)]
    Lambdas(#[from] LambdaError),
    #[error(transparent)]
    Ministack(#[from] MinistackError),
    #[error(transparent)]
    Cut(#[from] CutError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Signature(#[from] NoRandomness),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Watcher(#[from] WatcherError),
    #[error("what should be JSON is not: {0}")]
    Json(#[from] serde_json::Error),
    #[error("no such time: {0}")]
    Time(#[from] jiff::Error),
    #[error("no folder, port or thread is to be had: {0}")]
    System(#[from] io::Error),
    #[error("no request can be made: {0}")]
    Request(String),
    #[error("{0}: {1}")]
    NoAnswer(String, OutsideError),
    #[error("no mail came in {0:?}")]
    NoMail(Duration),
    #[error("{0} is not as it should be: {1}")]
    Unexpected(&'static str, String),
}

/// Builds, deploys and drives, and tells of each.
///
/// # Errors
/// What was not as it should be.
pub fn run(root: &Path, tell: impl Fn(&str)) -> Result<(), DeploymentError> {
    let built = lambdas::build(root, &FUNCTIONS)?;
    tell(&format!("{} functions are built, in {:.0?}", FUNCTIONS.len(), built.time));
    // Roles are held to what they allow, and each function acts under its own.
    let cloud = Ministack::start(root, "deployment", &[("AUTH", "true")])?;
    let folder = tempfile::Builder::new().prefix("deployment-").tempdir()?;
    let sam = Sam::at(root, folder.path(), &cloud)?;
    let outcome = deploy_and_drive(&cloud, &sam, &built, &tell);
    if outcome.is_err() {
        // There are none if nothing was deployed.
        let functions = sam.keep_logs(FUNCTIONS.map(|name| format!("{PREFIX}{name}"))).ok();
        for log in [cloud.log(), sam.log()].into_iter().chain(functions.as_deref()) {
            tell(&format!("see {}", log.display()));
        }
        return outcome;
    }
    tell("otherwise than in the cloud:");
    cut::adaptations().for_each(|(what, why)| tell(&format!("- {what}: {why}")));
    Ok(())
}

fn deploy_and_drive(cloud: &Ministack, sam: &Sam<'_>, built: &Built, tell: &impl Fn(&str)) -> Result<(), DeploymentError> {
    let api = Api::at(cloud.url())?;
    let (issuer, sources) = (outside::issuer(api.clone())?, Sources::start(today())?);
    let (key, other_key) = (new_key()?, new_key()?);

    for stack in layout::write(sam, built, &sources.variables(), &secrets())? {
        tell(&stack.to_string());
    }
    sam.make_bucket()?;
    let took = sam.deploy_application(STACK, layout::ROOT, &parameters(&issuer.url(), &key)?)?;
    tell(&format!("sam deploy took {took:.1?}"));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let member = seeded(&cloud.url()).await?;
        strangers_are_refused(&cloud.url(), sam, &member).await?;
        let story = Story { api, sam, issuer: issuer.url(), key, other_key, member, travel_day: sources.travel_day };
        let arrived = story.first_mail().await?;
        tell(&arrived.to_string());
        let refused = story.tokens_at_the_edge(&arrived).await?;
        tell(&format!("{refused} bad tokens were refused before a function started, and a good one passed"));
        story.cookies_at_the_prefix(&arrived).await?;
        tell("under the prefix of pages a cookie passed, and a bearer token did not; elsewhere the cookie did not");
        story.nothing_else_came().await
    })
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

fn new_key() -> Result<SigningKey, DeploymentError> {
    Ok(SigningKey::from_pkcs8(&new_signing_key()?).ok_or(KeyError::Malformed("a new key"))?)
}

/// The secrets that the templates name. What they hold is of no use elsewhere.
fn secrets() -> [(&'static str, String); 4] {
    let source = || local::recordings::KEY.to_owned();
    let cursor = "of-this-deployment-and-no-other-".repeat(2);
    [(CURSOR_KEY, cursor), (LOOKUP_KEY, lookup_key()), ("seats-aero-key", source()), ("duffel-key", source())]
}

fn lookup_key() -> String {
    "look-ups-of-this-deployment-alone".repeat(2)
}

/// What the root template is told.
fn parameters(issuer: &str, key: &SigningKey) -> Result<Value, DeploymentError> {
    Ok(json!({
        "Prefix": PREFIX,
        "ApiDomain": api::DOMAIN,
        "CertificateArn": format!("arn:aws:acm:{REGION}:000000000000:certificate/00000000-0000-0000-0000-000000000000"),
        "MailDomain": MAIL_DOMAIN,
        "MailSender": MAIL_SENDER,
        "PublicUrl": PUBLIC_URL,
        "TokenIssuer": issuer,
        "TokenAudience": AUDIENCE,
        "TokenJwks": serde_json::to_string(&KeySet::from(key.public().clone()).to_jwks())?,
        "EdgeTokens": "true",
        "AllowedOrigins": PUBLIC_URL,
        "AlarmEmail": format!("alarms@{MAIL_DOMAIN}"),
        "Architecture": "x86_64",
    }))
}

/// Stores the tenant and its first member in the deployed table, and reads the member back.
async fn seeded(url: &str) -> Result<Member, DeploymentError> {
    let aws = aws(url, sam::OWNER);
    let store = Store::new(aws.dynamo(), PREFIX);
    let member = NewMember {
        tenant: "mile-buy-club",
        brand: "Mile Buy Club",
        host: api::DOMAIN,
        email: FIRST,
        handle: None,
        name: None,
        zone: story::zone_with_day(Timestamp::now()),
        plan: Plan::Free,
        role: Role::Member,
    };
    let vault = operator::vault(&aws, &store, PREFIX, Some(&lookup_key().into()));
    let owner = operator::seed_member(&store, &vault, &member).await?;
    store.member(&owner).await?.ok_or_else(|| DeploymentError::Unexpected("the first member", "not there".to_owned()))
}

/// Whether roles are enforced at all: one who may do nothing reads nothing, or what functions do would show nothing of their roles.
async fn strangers_are_refused(url: &str, sam: &Sam<'_>, member: &Member) -> Result<(), DeploymentError> {
    let (id, secret) = sam.stranger()?;
    match Store::new(aws(url, (&id, &secret)).dynamo(), PREFIX).member(&member.owner).await {
        Err(StoreError::Refused(_)) => Ok(()),
        other => Err(DeploymentError::Unexpected("what a stranger reads", format!("{other:?}"))),
    }
}

/// What was deployed, for whoever has this key.
fn aws(url: &str, (id, secret): (&str, &str)) -> Aws {
    Aws {
        region: REGION.to_owned(),
        credentials: Credentials::from_keys(id, secret, None),
        endpoints: BTreeMap::from([Service::DynamoDb, Service::Kms].map(|service| (service, url.to_owned()))),
        http: plain_http(),
        mail_http: plain_http(),
    }
}

#[cfg(test)]
mod tests;
