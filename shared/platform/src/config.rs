//! Configuration: read once at cold start. Every bad or missing value is named, and stops the start.

use std::{collections::BTreeMap, fmt, sync::Arc};

use domain::identity::EmailAddress;
use secrecy::SecretString;
use storage::Grant;

use crate::{
    aws::Service,
    token::{KeySet, SIGNING_KEY, SigningKey, TokenPolicy},
};

/// What a deployment says to its functions.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the names of tables begin with, and those of functions in metrics.
    pub table_prefix: String,
    /// The URL of each queue the function sends to, by queue name.
    pub queue_urls: BTreeMap<String, String>,
    /// The event bus.
    pub bus: String,
    /// Whose tokens are accepted.
    pub tokens: TokenPolicy,
    /// What it signs tokens with, if it declared that it knows that.
    pub signing_key: Option<Arc<SigningKey>>,
    /// What it is told of other secrets: those that it declared.
    pub secrets: BTreeMap<&'static str, SecretString>,
    /// Mail comes from here.
    pub mail_sender: EmailAddress,
    /// The SES configuration set.
    pub mail_configuration_set: Option<String>,
    /// Where members reach us, without a slash at the end.
    pub public_url: String,
    /// Writes metrics to standard output, where CloudWatch reads them.
    pub emit_metrics: bool,
    /// Our key of each outside source that it calls, where the environment gives one.
    pub keys: BTreeMap<&'static str, SecretString>,
    /// The base address, without a slash at the end, of each outside source of which whoever calls it is given our key: that is no
    /// secret.
    pub addresses: BTreeMap<&'static str, String>,
    /// Each outside source that asks for no key: its base address, without a slash at the end.
    pub open_sources: BTreeMap<&'static str, String>,
}

/// The outside sources: id, variable prefix, and their own address, where one is published.
pub const SOURCES: [(&str, &str, Option<&str>); 11] = [
    ("seats-aero", "SEATS_AERO", Some("https://seats.aero/partnerapi")),
    ("duffel", "DUFFEL", Some("https://api.duffel.com")),
    ("travelpayouts", "TRAVELPAYOUTS", Some("https://api.travelpayouts.com")),
    ("booking-demand", "BOOKING_DEMAND", Some("https://demandapi.booking.com/3.2")),
    ("expedia-rapid", "EXPEDIA_RAPID", Some("https://api.ean.com")),
    ("viator", "VIATOR", Some("https://api.viator.com/partner")),
    ("getyourguide", "GETYOURGUIDE", Some("https://api.getyourguide.com")),
    ("goibibo", "GOIBIBO", None),
    ("oyo", "OYO", None),
    ("makemytrip", "MAKEMYTRIP", None),
    ("trip-com", "TRIP_COM", None),
];

/// Those whose key every deployment has among its secrets. The keys of the others are set by operators, or by tenants for
/// themselves; an environment may give them, too.
pub const KEYED: [&str; 2] = ["seats-aero", "duffel"];

/// The outside sources that ask for no key: the same of them.
pub const OPEN_SOURCES: [(&str, &str, &str); 1] = [("ecb", "ECB", "https://www.ecb.europa.eu/stats/eurofxref")];

/// A value that is missing or bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The variable.
    pub name: String,
    /// What is wrong with it; never the value.
    pub fault: &'static str,
}

/// All faults of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<ConfigFault>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not complete:")?;
        self.0.iter().try_for_each(|fault| write!(f, " {} {};", fault.name, fault.fault))
    }
}

/// The variable that holds a queue's URL.
pub fn queue_variable(queue: &str) -> String {
    format!("QUEUE_URL_{}", queue.to_ascii_uppercase().replace('-', "_"))
}

/// The variable that holds a secret.
pub fn secret_variable(secret: &str) -> String {
    secret.to_ascii_uppercase().replace('-', "_")
}

/// What a function needs to be told, besides what all are.
#[derive(Debug, Clone, Default)]
pub struct Needed {
    /// The queues it sends to.
    pub queues: Vec<&'static str>,
    /// The outside sources it calls.
    pub sources: Vec<&'static str>,
    /// The secrets it knows.
    pub secrets: Vec<&'static str>,
}

impl Needed {
    /// What its grants say.
    pub fn by(grants: &[Grant]) -> Self {
        let mut needed = Self::default();
        for grant in grants {
            match grant {
                Grant::Send(queue) => needed.queues.push(queue),
                Grant::Call(source) => needed.sources.push(source),
                Grant::Know(secret) => needed.secrets.push(secret),
                Grant::Read(_)
                | Grant::Write(_)
                | Grant::Emit(_)
                | Grant::Publish
                | Grant::Mail
                | Grant::MakeKeys
                | Grant::UseKeys => {}
            }
        }
        needed
    }
}

impl Config {
    /// As what mail is sent: the sender, and the configuration set if there is one.
    pub fn mail_from(&self) -> (&EmailAddress, Option<&str>) {
        (&self.mail_sender, self.mail_configuration_set.as_deref())
    }

    /// Reads the configuration that a function needs: what it sends to, calls and knows.
    ///
    /// # Errors
    /// Every missing or bad value, by name.
    pub fn read(get: impl Fn(&str) -> Option<String>, needed: &Needed) -> Result<Self, ConfigError> {
        let mut reader = Reader { get, faults: Vec::new() };
        let queue_urls =
            needed.queues.iter().map(|queue| ((*queue).to_owned(), reader.url(&queue_variable(queue), None))).collect();
        let tokens = TokenPolicy {
            issuer: reader.required("TOKEN_ISSUER"),
            audience: reader.required("TOKEN_AUDIENCE"),
            keys: reader
                .parsed(
                    "TOKEN_JWKS",
                    "must be a JSON web key set of RSA keys for RS256, each of 2048 bits or more",
                    KeySet::parse,
                )
                .unwrap_or_default(),
        };
        let signing_key = needed.secrets.contains(&SIGNING_KEY).then(|| reader.signing_key(&tokens)).flatten();
        let secret = |name: &&'static str| (*name, reader.secret(&secret_variable(name), 32));
        let secrets = needed.secrets.iter().filter(|name| **name != SIGNING_KEY).map(secret).collect();
        let mail_sender = reader.parsed("MAIL_SENDER", "must be an email address", |value| value.parse().ok());
        let public_url = reader.url("PUBLIC_URL", None);
        let (keys, addresses) = reader.sources(&needed.sources);
        let called = OPEN_SOURCES.into_iter().filter(|(id, ..)| needed.sources.contains(id));
        let open_sources =
            called.map(|(id, prefix, address)| (id, reader.url(&format!("{prefix}_URL"), Some(address)))).collect();
        match mail_sender.filter(|_| reader.faults.is_empty()) {
            Some(mail_sender) => Ok(Self {
                table_prefix: reader.or("TABLE_PREFIX", ""),
                queue_urls,
                bus: reader.or("EVENT_BUS", "default"),
                tokens,
                signing_key,
                secrets,
                mail_sender,
                mail_configuration_set: reader.optional("MAIL_CONFIGURATION_SET"),
                public_url,
                emit_metrics: reader.or("EMIT_METRICS", "true") == "true",
                keys,
                addresses,
                open_sources,
            }),
            None => Err(ConfigError(reader.faults)),
        }
    }

    /// Endpoints other than AWS's own, from the variables that the AWS SDKs know.
    pub fn endpoints(get: impl Fn(&str) -> Option<String>) -> BTreeMap<Service, String> {
        let of = |service: Service| get(service.endpoint_variable()).or_else(|| get("AWS_ENDPOINT_URL"));
        Service::ALL.into_iter().filter_map(|service| Some((service, of(service)?))).collect()
    }
}

struct Reader<F> {
    get: F,
    faults: Vec<ConfigFault>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|value| !value.is_empty())
    }

    fn or(&self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| self.fault(name, "is missing"))
    }

    fn url(&mut self, name: &str, default: Option<&str>) -> String {
        let value = match default {
            Some(default) => self.or(name, default),
            None => self.required(name),
        };
        if !value.is_empty() && !value.starts_with("https://") && !value.starts_with("http://") {
            return self.fault(name, "must be an http or https address");
        }
        value.trim_end_matches('/').to_owned()
    }

    /// Our keys of the sources that are called, and where those are of which there is one. Every deployment has a key of some, also where
    /// a function that does not call them is not told it.
    fn sources(&mut self, called: &[&'static str]) -> (BTreeMap<&'static str, SecretString>, BTreeMap<&'static str, String>) {
        let (mut keys, mut addresses) = (BTreeMap::new(), BTreeMap::new());
        for (id, prefix, address) in SOURCES {
            let (key, is_called) = (format!("{prefix}_KEY"), called.contains(&id));
            if !KEYED.contains(&id) && (!is_called || self.optional(&key).is_none()) {
                continue;
            }
            addresses.insert(id, self.url(&format!("{prefix}_URL"), address));
            if is_called {
                keys.insert(id, self.secret(&key, 1));
            }
        }
        (keys, addresses)
    }

    fn secret(&mut self, name: &str, at_least: usize) -> SecretString {
        let value = self.required(name);
        if !value.is_empty() && value.len() < at_least {
            self.fault(name, "is too short");
        }
        value.into()
    }

    /// The key that signs: one whose signatures are accepted, here and by whoever has the set of public keys.
    fn signing_key(&mut self, tokens: &TokenPolicy) -> Option<Arc<SigningKey>> {
        let fault = "must be an RSA key in PKCS#8 and base64, whose public half is in TOKEN_JWKS";
        let read = |text: &str| SigningKey::from_base64(text).filter(|key| tokens.keys.has(key.public()));
        self.parsed(&secret_variable(SIGNING_KEY), fault, read).map(Arc::new)
    }

    fn parsed<T>(&mut self, name: &str, fault: &'static str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.optional(name);
        let parsed = value.as_deref().and_then(parse);
        if parsed.is_none() {
            self.fault(name, if value.is_some() { fault } else { "is missing" });
        }
        parsed
    }

    fn fault(&mut self, name: &str, fault: &'static str) -> String {
        self.faults.push(ConfigFault { name: name.to_owned(), fault });
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_and_no_value_is_told() {
        let values = |name: &str| match name {
            "CURSOR_KEY" => Some("short-secret".to_owned()),
            "PUBLIC_URL" => Some("ftp://example.com".to_owned()),
            "TOKEN_JWKS" => Some("{}".to_owned()),
            _ => None,
        };
        let needed = Needed { queues: vec!["searches"], sources: vec!["duffel"], secrets: vec!["lookup-key", "cursor-key"] };
        let error = Config::read(values, &needed).map(|_| ()).unwrap_or_else_error();
        let names: Vec<&str> = error.0.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "QUEUE_URL_SEARCHES",
                "TOKEN_ISSUER",
                "TOKEN_AUDIENCE",
                "TOKEN_JWKS",
                "LOOKUP_KEY",
                "CURSOR_KEY",
                "MAIL_SENDER",
                "PUBLIC_URL",
                "DUFFEL_KEY"
            ]
        );
        assert!(!error.to_string().contains("short-secret"), "{error}");
    }

    #[test]
    fn a_signing_key_whose_public_half_is_not_in_force_stops_the_start() {
        for value in [None, Some("not a key"), Some("bm90IGEga2V5")] {
            let values = |name: &str| if name == "TOKEN_SIGNING_KEY" { value.map(str::to_owned) } else { None };
            let needed = Needed { secrets: vec![SIGNING_KEY], ..Needed::default() };
            let error = Config::read(values, &needed).map(|_| ()).unwrap_or_else_error();
            assert!(error.0.iter().any(|fault| fault.name == "TOKEN_SIGNING_KEY"), "{error}");
            assert!(!error.to_string().contains("not a key"), "{error}");
        }
    }

    trait OrElseError {
        fn unwrap_or_else_error(self) -> ConfigError;
    }

    impl OrElseError for Result<(), ConfigError> {
        fn unwrap_or_else_error(self) -> ConfigError {
            self.err().unwrap_or(ConfigError(Vec::new()))
        }
    }
}
