//! The root: every stack, and what each is told.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use serde_norway::Value as Yaml;

use super::{
    FOLDER, StackError,
    parameters::{self, Accepts},
    pascal,
    template::{Template, attribute, reference},
};
use crate::files;

/// Where the root lies.
pub(super) const PATH: &str = "template.yaml";

/// The stacks that are written by hand, in the order in which one can be read after the other.
pub(super) const SHARED: [&str; 5] = ["data", "bus", "api", "mail", "operations"];

/// What a stack takes and gives, as its template says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Interface {
    #[serde(default)]
    parameters: BTreeMap<String, Yaml>,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    description: String,
    condition: Option<String>,
}

/// The root. A parameter of a stack is an output of a shared stack, or else a parameter of the root, by its name.
pub(super) fn template(folder: &Path, contexts: &BTreeMap<&'static str, Template>) -> Result<Template, StackError> {
    let shared = SHARED.iter().map(|name| Ok((*name, interface(folder, name)?))).collect::<Result<Vec<_>, StackError>>()?;
    let mut root = Template::new("Mile Buy Club: travel rewards found, compared and told.".to_owned());
    for (name, interface) in &shared {
        add(&mut root, name, &shared, interface.parameters.keys().map(String::as_str))?;
    }
    for (context, template) in contexts {
        add(&mut root, context, &shared, template.parameters().into_iter().map(|parameter| parameter.name))?;
    }
    root.outputs = shared.iter().flat_map(|(name, interface)| handed_on(name, interface)).collect();
    Ok(root)
}

fn interface(folder: &Path, name: &str) -> Result<Interface, StackError> {
    let path = format!("{FOLDER}/{name}.yaml");
    serde_norway::from_str(&files::read(&folder.join(&path))?).map_err(|error| StackError::NoTemplate(path, error))
}

fn add<'a>(
    root: &mut Template,
    stack: &str,
    shared: &[(&str, Interface)],
    parameters: impl Iterator<Item = &'a str>,
) -> Result<(), StackError> {
    let unknown = |name: &str| StackError::Unknown(stack.to_owned(), name.to_owned());
    let told = |name: &'a str| Ok((name.to_owned(), value(name, shared).ok_or_else(|| unknown(name))?));
    let told = parameters.map(told).collect::<Result<Map<String, Value>, StackError>>()?;
    let properties = json!({"Location": format!("{FOLDER}/{stack}.yaml"), "Parameters": told});
    root.add(pascal(stack), "AWS::Serverless::Application", properties);
    Ok(())
}

/// What a stack is told by a name.
fn value(name: &str, shared: &[(&str, Interface)]) -> Option<Value> {
    if let Some((stack, _)) = shared.iter().find(|(_, interface)| interface.outputs.contains_key(name)) {
        return Some(output_of(stack, name));
    }
    let parameter = parameters::ALL.iter().find(|parameter| parameter.name == name)?;
    Some(match parameter.accepts {
        // A stack takes a list as one text.
        Accepts::List => json!({"Fn::Join": [",", reference(name)]}),
        Accepts::Form(..) | Accepts::OneOf(_) | Accepts::Number(_) => reference(name),
    })
}

/// What people may read of a shared stack. What is there under a condition only can't be handed on: it may not be there.
fn handed_on(stack: &str, interface: &Interface) -> Vec<(String, String, Value)> {
    let always = interface.outputs.iter().filter(|(_, output)| output.condition.is_none());
    always.map(|(name, output)| (name.clone(), output.description.clone(), output_of(stack, name))).collect()
}

fn output_of(stack: &str, name: &str) -> Value {
    attribute(&pascal(stack), &format!("Outputs.{name}"))
}
