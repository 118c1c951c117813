//! What is to be made.

use domain::events;
use local::machine::functions;
use platform::Function;

use super::GenerateError;
use crate::triggers;

/// A function to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its context.
    pub context: String,
    /// Its name in the context, in words.
    words: Vec<String>,
    /// What starts it.
    pub trigger: Trigger,
}

/// What is to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A request.
    Endpoint {
        /// In capitals.
        method: String,
        /// With its parameter in braces, if it has one.
        path: String,
        /// The parameter's name.
        parameter: Option<String>,
    },
    /// A queue that functions send to.
    Queue {
        /// Its name.
        queue: String,
    },
    /// Events.
    Events {
        /// Their names.
        events: Vec<String>,
    },
    /// A schedule.
    Schedule {
        /// Its expression.
        expression: String,
    },
}

impl Trigger {
    /// A request such as `GET /v1/things/{id}`.
    ///
    /// # Errors
    /// If that is no route.
    pub fn endpoint(route: &str) -> Result<Self, GenerateError> {
        let bad = || GenerateError::Route(route.to_owned());
        let (method, path) = route.split_once(' ').ok_or_else(bad)?;
        // What clients find without knowing our API is where it is with everyone (RFC 8615).
        let below = ["/v1/", "/.well-known/"].into_iter().find_map(|root| path.strip_prefix(root));
        let segments: Vec<&str> = below.ok_or_else(bad)?.split('/').collect();
        let name_of = |segment: &&str| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::to_owned);
        let parameters: Vec<String> = segments.iter().filter_map(name_of).collect();
        let good = |segment: &str| {
            !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
        };
        let literals_good = segments.iter().filter(|segment| name_of(segment).is_none()).all(|segment| good(segment));
        let parameters_good = parameters.len() <= 1
            && parameters.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase()) && !name.is_empty());
        if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method) || !literals_good || !parameters_good {
            return Err(bad());
        }
        Ok(Self::Endpoint { method: method.to_owned(), path: path.to_owned(), parameter: parameters.into_iter().next() })
    }

    /// A queue that functions send to.
    ///
    /// # Errors
    /// If that is no name.
    pub fn queue(name: &str) -> Result<Self, GenerateError> {
        Ok(Self::Queue { queue: words(name)?.join("-") })
    }

    /// Events.
    ///
    /// # Errors
    /// If there is no such event.
    pub fn events(events: Vec<String>) -> Result<Self, GenerateError> {
        match events.iter().find(|event| !events::NAMES.contains(&event.as_str())) {
            Some(unknown) => Err(GenerateError::Event(unknown.clone())),
            None => Ok(Self::Events { events }),
        }
    }

    /// A schedule such as `rate(1 minute)`.
    ///
    /// # Errors
    /// If that is none.
    pub fn schedule(expression: &str) -> Result<Self, GenerateError> {
        let inside = |kind: &str| expression.strip_prefix(kind).and_then(|rest| rest.strip_suffix(')'));
        let rate = inside("rate(").and_then(|rate| rate.split_once(' ')).is_some_and(|(count, unit)| {
            let units = if count == "1" { ["minute", "hour", "day"] } else { ["minutes", "hours", "days"] };
            count.parse().is_ok_and(|count: u16| count > 0) && units.contains(&unit)
        });
        let cron = inside("cron(").is_some_and(|fields| fields.split(' ').count() == 6 && !fields.contains(['"', '\\']));
        if rate || cron {
            Ok(Self::Schedule { expression: expression.to_owned() })
        } else {
            Err(GenerateError::Schedule(expression.to_owned()))
        }
    }

    /// The package that drives such functions.
    fn tests(&self) -> &'static str {
        match self {
            Self::Endpoint { .. } => "api",
            Self::Queue { .. } | Self::Events { .. } | Self::Schedule { .. } => "jobs",
        }
    }

    /// What such a function needs.
    pub(super) fn dependencies(&self) -> &'static [&'static str] {
        match self {
            Self::Endpoint { method, .. } if method == "GET" => {
                &["axum", "domain", "jiff", "platform", "serde", "utoipa", "utoipa-axum"]
            }
            Self::Endpoint { .. } => &["axum", "domain", "jiff", "platform", "serde", "storage", "utoipa", "utoipa-axum"],
            Self::Queue { .. } | Self::Events { .. } => &["domain", "platform", "serde", "storage"],
            Self::Schedule { .. } => &["jiff", "platform"],
        }
    }
}

impl Order {
    /// A function of a context. Names may be written with hyphens or underscores.
    ///
    /// # Errors
    /// If a name is none, or the function, its route or its queue is there already.
    pub fn new(context: &str, name: &str, trigger: Trigger) -> Result<Self, GenerateError> {
        let context = match words(context)?.as_slice() {
            [word] => word.clone(),
            _ => return Err(GenerateError::Name(context.to_owned(), "a context is one word")),
        };
        let order = Self { context, words: words(name)?, trigger };
        match functions().into_iter().find_map(|function| order.collision(function)) {
            Some(taken) => Err(taken),
            None => Ok(order),
        }
    }

    fn collision(&self, function: &'static dyn Function) -> Option<GenerateError> {
        let taken = |what: String| Some(GenerateError::Taken(what, function.spec().name));
        if function.spec().name == self.full() {
            return taken(format!("the name {}", self.full()));
        }
        match (&self.trigger, function.trigger()) {
            (Trigger::Endpoint { method, path, .. }, _) => {
                let same =
                    triggers::route(function).is_some_and(|(other, route)| other == method && shape(&route) == shape(path));
                same.then(|| GenerateError::Taken(format!("{method} {path}"), function.spec().name))
            }
            (Trigger::Queue { .. } | Trigger::Events { .. }, platform::Trigger::Queue { queue, .. })
                if self.queue() == Some(queue.name.to_owned()) =>
            {
                taken(format!("the queue {}", queue.name))
            }
            (Trigger::Queue { .. } | Trigger::Events { .. } | Trigger::Schedule { .. }, _) => None,
        }
    }

    /// As files and Rust functions are called.
    pub(super) fn snake(&self) -> String {
        self.words.join("_")
    }

    /// As types are called.
    pub(super) fn pascal(&self) -> String {
        self.words.iter().map(|word| capitalised(word)).collect()
    }

    /// As the beginning of a sentence.
    pub(super) fn sentence(&self) -> String {
        capitalised(&self.words.join(" "))
    }

    /// As the binary and the Lambda are called.
    pub fn full(&self) -> String {
        format!("{}-{}", self.context, self.words.join("-"))
    }

    /// The queue it works.
    pub(super) fn queue(&self) -> Option<String> {
        match &self.trigger {
            Trigger::Queue { queue } => Some(queue.clone()),
            Trigger::Events { events } => events.first().map(|event| format!("{}-{}", self.context, kebab(event))),
            Trigger::Endpoint { .. } | Trigger::Schedule { .. } => None,
        }
    }

    /// The module of its test.
    pub(super) fn test_module(&self) -> String {
        format!("{}_{}", self.context, self.snake())
    }

    /// A file of the package that drives such functions.
    pub(super) fn test_path(&self, module: &str) -> String {
        let tests = self.trigger.tests();
        format!("tests/{tests}/tests/{tests}/{module}.rs")
    }

    /// A file of its context.
    pub(super) fn path(&self, folder: &str, file: &str) -> String {
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        format!("functions/{}/{folder}{file}", self.context)
    }
}

/// Two routes with the same shape answer the same requests, however their parameters are called.
fn shape(path: &str) -> Vec<&str> {
    path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect()
}

fn words(name: &str) -> Result<Vec<String>, GenerateError> {
    let words: Vec<String> = name.split(['-', '_']).map(str::to_owned).collect();
    let good = |word: &String| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if words.iter().all(good) {
        Ok(words)
    } else {
        Err(GenerateError::Name(name.to_owned(), "it must be lower-case words, joined by hyphens"))
    }
}

/// `DealFound` as `deal-found`.
fn kebab(pascal: &str) -> String {
    let mut kebab = String::new();
    for character in pascal.chars() {
        if character.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}

/// With its first letter in upper case.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
