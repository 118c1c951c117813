//! A template, put together from resources and written as YAML.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use serde_norway::{
    Mapping, Value as Yaml,
    value::{Tag, TaggedValue},
};

use super::parameters::{self, Parameter};

/// The first line of every file.
const HEADER: &str = "# Made by `cargo xtask stacks` from the descriptors of the functions; a test fails when it is stale.";
/// The version of the template language; there is one.
const FORMAT: &str = "2010-09-09";
/// What has functions translated to plain CloudFormation.
const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// A condition: what it is called, and what it holds.
pub(super) const CHECKS_TOKENS: (&str, fn() -> Value) =
    ("ChecksTokens", || json!({"Fn::Equals": [reference("EdgeTokens"), "true"]}));

/// A resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: &'static str,
    /// Says how it is built.
    pub metadata: Option<Value>,
    /// What it is.
    pub properties: Value,
}

/// A template being put together. Resources stay in their order.
#[derive(Debug, Clone)]
pub struct Template {
    /// What the stack is, in a line.
    pub description: String,
    /// What all functions have in common, if there are any.
    pub globals: Option<Value>,
    /// The resources, by logical id.
    pub resources: Vec<(String, Resource)>,
    /// What other stacks and people read, by name: what it is, and its value.
    pub outputs: Vec<(String, String, Value)>,
}

impl Template {
    pub(super) fn new(description: String) -> Self {
        Self { description, globals: None, resources: Vec::new(), outputs: Vec::new() }
    }

    pub(super) fn add(&mut self, id: impl Into<String>, kind: &'static str, properties: Value) {
        self.resources.push((id.into(), Resource { kind, metadata: None, properties }));
    }

    /// Says more of a resource.
    pub(super) fn set(&mut self, id: &str, property: &str, value: Value) {
        if let Some((_, resource)) = self.resources.iter_mut().find(|(known, _)| known == id) {
            resource.properties[property] = value;
        }
    }

    /// An id that two resources have.
    pub(super) fn id_used_twice(&self) -> Option<&str> {
        let mut known = BTreeSet::new();
        self.resources.iter().map(|(id, _)| id.as_str()).find(|id| !known.insert(*id))
    }

    /// The parameters that it refers to, itself or by a condition.
    pub(super) fn parameters(&self) -> Vec<&'static Parameter> {
        let named = self.names();
        parameters::ALL.iter().filter(|parameter| named.contains(parameter.name)).collect()
    }

    /// Whatever it refers to by name.
    fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let properties = self.resources.iter().map(|(_, resource)| &resource.properties);
        let values = properties.chain(&self.globals).chain(self.outputs.iter().map(|(.., value)| value));
        values.for_each(|value| collect_names(value, &mut names));
        if names.contains(CHECKS_TOKENS.0) {
            collect_names(&CHECKS_TOKENS.1(), &mut names);
        }
        names
    }

    /// The template as YAML, after a line that says where it comes from.
    pub(super) fn to_yaml(&self) -> Result<String, serde_norway::Error> {
        let mut sections: Vec<(&str, Yaml)> = vec![
            ("AWSTemplateFormatVersion", FORMAT.into()),
            ("Transform", TRANSFORM.into()),
            ("Description", self.description.as_str().into()),
            ("Parameters", mapping(self.parameters().into_iter().map(|parameter| (parameter.name, yaml(&parameter.declared()))))),
        ];
        if self.names().contains(CHECKS_TOKENS.0) {
            sections.push(("Conditions", mapping([(CHECKS_TOKENS.0, yaml(&CHECKS_TOKENS.1()))])));
        }
        sections.extend(self.globals.iter().map(|globals| ("Globals", yaml(globals))));
        sections.push(("Resources", mapping(self.resources.iter().map(|(id, resource)| (id.as_str(), resource.to_yaml())))));
        if !self.outputs.is_empty() {
            let outputs = self.outputs.iter();
            let outputs = outputs.map(|(name, what, value)| (name.as_str(), yaml(&json!({"Description": what, "Value": value}))));
            sections.push(("Outputs", mapping(outputs)));
        }
        let section = |section| Ok(for_yaml_1_1(&serde_norway::to_string(&mapping([section]))?));
        let written = sections.into_iter().map(section).collect::<Result<Vec<String>, serde_norway::Error>>()?;
        Ok(format!("{HEADER}\n{}", written.join("\n")))
    }
}

impl Resource {
    fn to_yaml(&self) -> Yaml {
        let metadata = self.metadata.iter().map(|metadata| ("Metadata", yaml(metadata)));
        mapping([("Type", self.kind.into())].into_iter().chain(metadata).chain([("Properties", yaml(&self.properties))]))
    }
}

fn mapping<'a>(entries: impl IntoIterator<Item = (&'a str, Yaml)>) -> Yaml {
    Yaml::Mapping(entries.into_iter().map(|(name, value)| (name.into(), value)).collect::<Mapping>())
}

/// Quotes what YAML 1.1 takes for a date or a truth value, and Python's tools with it; serde writes YAML 1.2.
pub(super) fn for_yaml_1_1(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(": ").or_else(|| line.rsplit_once("- ")) {
        Some((_, value)) if is_text_no_longer(value) => format!("{}'{value}'\n", line.strip_suffix(value).unwrap_or(line)),
        Some(_) | None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn is_text_no_longer(value: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    let is_date = value.len() == 10 && value.bytes().enumerate().all(fits);
    is_date || ["y", "n", "yes", "no", "on", "off"].iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// JSON as YAML, with functions of CloudFormation as the tags that people write: `!Sub` is `Fn::Sub`.
fn yaml(value: &Value) -> Yaml {
    match value {
        Value::Null => Yaml::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number.as_i64().map_or_else(|| number.as_f64().map_or(Yaml::Null, Yaml::from), Yaml::from),
        Value::String(text) => text.as_str().into(),
        Value::Array(values) => Yaml::Sequence(values.iter().map(yaml).collect()),
        Value::Object(object) => match function(object) {
            Some((tag, argument)) => Yaml::Tagged(Box::new(TaggedValue { tag: Tag::new(tag), value: yaml(argument) })),
            None => mapping(object.iter().map(|(name, value)| (name.as_str(), yaml(value)))),
        },
    }
}

/// The function of CloudFormation that an object calls, if it does, and its argument.
fn function(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    let called = name.strip_prefix("Fn::").or_else(|| (name == "Ref").then_some("Ref"))?;
    Some((called, argument))
}

/// The names that a value refers to: by `Ref`, `GetAtt` or `If`, or in the text of a `Sub`.
fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some((called, argument)) = function(object) {
                let name = argument.as_str().or_else(|| argument.get(0).and_then(Value::as_str)).unwrap_or_default();
                match called {
                    "Ref" | "If" => names.extend([name.to_owned()]),
                    "Sub" => names.extend(substituted(name).map(str::to_owned)),
                    "GetAtt" => names.extend(name.split('.').next().map(str::to_owned)),
                    _ => {}
                }
            }
            object.values().for_each(|value| collect_names(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_names(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn substituted(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split(['}', '.']).next())
}

/// `!Ref` to a parameter or a resource.
pub(super) fn reference(name: &str) -> Value {
    json!({"Ref": name})
}

/// `!Sub`: a text with names in `${…}`.
pub(super) fn sub(text: impl Into<String>) -> Value {
    json!({"Fn::Sub": text.into()})
}

/// `!GetAtt`: something of a resource.
pub(super) fn attribute(resource: &str, name: &str) -> Value {
    json!({"Fn::GetAtt": format!("{resource}.{name}")})
}

/// The name of something in a deployment: after its prefix.
pub(super) fn prefixed(name: &str) -> Value {
    sub(format!("${{Prefix}}{name}"))
}

/// The ARN of something of ours by its service and what follows the account.
pub(super) fn arn(service: &str, rest: &str) -> String {
    format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}")
}
