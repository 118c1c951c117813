//! What a deployment is told. Each stack declares what it uses of this.

use serde_json::{Value, json};

/// A parameter of a template.
#[derive(Debug)]
pub struct Parameter {
    /// Its name, the same in every stack.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// What it can be.
    pub accepts: Accepts,
    /// What it is if nobody says.
    pub default: Option<&'static str>,
}

/// What a parameter can be.
#[derive(Debug)]
pub enum Accepts {
    /// Text of this form, of at most so many characters, and what that is in words.
    Form(&'static str, u16, &'static str),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of these numbers.
    Number(&'static [u16]),
    /// Texts, with commas in between.
    List,
}

use Accepts::{Form, List, Number, OneOf};

const ARN_OR_NONE: Accepts =
    Form("^(arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-f0-9-]+)?$", 128, "the ARN of a certificate");
const DOMAIN: Accepts = Form("^([a-z0-9-]+\\.)+[a-z]{2,}$", 64, "a domain in lower case");
const DOMAIN_OR_NONE: Accepts = Form("^(([a-z0-9-]+\\.)+[a-z]{2,})?$", 64, "a domain in lower case");
const EMAIL: Accepts = Form("^[^@ ]+@([a-z0-9-]+\\.)+[a-z]{2,}$", 100, "an email address");
const HTTPS: Accepts = Form("^https://[^ /]+(/[^ ]*[^ /])?$", 100, "an address with https, without a slash at the end");
const ARN: Accepts = Form("^arn:.+$", 256, "an ARN");
const NAME: Accepts = Form("^[A-Za-z0-9._-]+$", 64, "a name");

const fn parameter(name: &'static str, description: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, description, accepts, default: None }
}

const fn with_default(name: &'static str, description: &'static str, accepts: Accepts, default: &'static str) -> Parameter {
    Parameter { name, description, accepts, default: Some(default) }
}

/// Every parameter: what people say first, then what one stack hands to another.
pub static ALL: &[Parameter] = &[
    parameter(
        "Prefix",
        "What every name of the deployment begins with.",
        Form("^[a-z][a-z0-9-]{0,18}-$", 20, "lower-case letters, digits and hyphens, with a hyphen at the end"),
    ),
    with_default("ApiDomain", "The domain of the API. Without one it answers at its own address.", DOMAIN_OR_NONE, ""),
    with_default("CertificateArn", "The certificate of ApiDomain, in this region.", ARN_OR_NONE, ""),
    with_default(
        "HostedZoneId",
        "The Route 53 zone of the domains. Without one their records are made by hand.",
        Form("^[A-Z0-9]*$", 32, "the id of a hosted zone"),
        "",
    ),
    parameter("MailDomain", "The domain that mail comes from.", DOMAIN),
    parameter("MailSender", "The address that mail comes from, of MailDomain.", EMAIL),
    parameter("PublicUrl", "Where members reach us.", HTTPS),
    parameter("TokenIssuer", "Who issues the tokens.", HTTPS),
    parameter("TokenAudience", "Whom the tokens are for.", NAME),
    parameter(
        "TokenJwks",
        "The public keys of the issuer, a JSON web key set.",
        Form("^\\{.*\"keys\".*\\}$", 960, "a JSON web key set in one line"),
    ),
    with_default(
        "EdgeTokens",
        "Whether the API refuses bad tokens before a function starts. Not in the first deployment: the issuer must answer first.",
        OneOf(&["true", "false"]),
        "false",
    ),
    with_default("AllowedOrigins", "Where pages may call the API from.", List, ""),
    parameter("AlarmEmail", "Who is told of alarms.", EMAIL),
    with_default(
        "LogRetentionDays",
        "How long logs are kept.",
        Number(&[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400]),
        "30",
    ),
    with_default(
        "DeploymentPreference",
        "How traffic moves to a new version.",
        OneOf(&[
            "Canary10Percent5Minutes",
            "Canary10Percent10Minutes",
            "Canary10Percent15Minutes",
            "Canary10Percent30Minutes",
            "Linear10PercentEvery1Minute",
            "Linear10PercentEvery2Minutes",
            "Linear10PercentEvery3Minutes",
            "Linear10PercentEvery10Minutes",
            "AllAtOnce",
        ]),
        "Canary10Percent5Minutes",
    ),
    with_default("Architecture", "The processors of the functions.", OneOf(&["arm64", "x86_64"]), "arm64"),
    with_default(
        "Revision",
        "Raised when a secret or another parameter was changed: without, functions go on with what they were published with.",
        Form("^[A-Za-z0-9._-]{1,40}$", 40, "a number, or a date"),
        "1",
    ),
    parameter("ApiId", "The API that endpoints are routes of.", NAME),
    parameter("AuthorizerId", "What checks tokens for the API; none if it does not.", NAME),
    parameter("BusName", "The bus that events are published to.", NAME),
    parameter("CoreStreamArn", "The stream of the table that has the outbox.", ARN),
    parameter("DataKeyArn", "The key that encrypts tables and environments.", ARN),
    parameter(
        "MasterKeyArns",
        "The keys that have wrapped members' keys, with commas in between: the first wraps new ones.",
        ARN,
    ),
    parameter("AlarmTopicArn", "Where alarms are told.", ARN),
    parameter("ConfigurationSetName", "The configuration set that mail is sent with.", NAME),
    parameter("IdentityArn", "The identity that mail is sent as.", ARN),
];

impl Parameter {
    /// As a template declares it.
    pub(super) fn declared(&self) -> Value {
        let mut declared = match &self.accepts {
            Form(pattern, most, words) => {
                let words = format!("must be {words}, of at most {most} characters");
                json!({"Type": "String", "AllowedPattern": pattern, "MaxLength": most, "ConstraintDescription": words})
            }
            OneOf(values) => json!({"Type": "String", "AllowedValues": values}),
            Number(values) => json!({"Type": "Number", "AllowedValues": values}),
            List => json!({"Type": "CommaDelimitedList"}),
        };
        declared["Description"] = self.description.into();
        if let Some(default) = self.default {
            declared["Default"] = match &self.accepts {
                Number(_) => default.parse::<u16>().map_or(Value::Null, Value::from),
                Form(..) | OneOf(_) | List => default.into(),
            };
        }
        declared
    }
}
