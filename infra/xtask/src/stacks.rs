//! The stacks: one for the functions of each context, made from their descriptors, and the root, which holds all together.

mod alarm;
mod endpoint;
mod function;
mod parameters;
pub mod policy;
mod queue;
mod root;
mod schedule;
pub mod template;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::Path};

use local::schedule::UnknownExpression;
use platform::{Function, Trigger};

use self::{function::Named, template::Template};
use crate::{
    contexts,
    files::{FileError, Made},
    new_function::capitalised,
};

/// Where the stacks lie.
const FOLDER: &str = "infra/stacks";

/// Why there is no stack of something.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A queue that keeps order.
    #[error("{0} keeps order: SQS wants a name that ends in .fifo, which no code of ours gives")]
    Fifo(&'static str),
    /// An endpoint without method and path.
    #[error("{0} has no route")]
    Route(&'static str),
    /// A schedule that is none.
    #[error("{0}: {1}")]
    Schedule(&'static str, UnknownExpression),
    /// A schedule whose absence no alarm can see.
    #[error("{0} runs too rarely: the period of an alarm is a day at most")]
    Rare(&'static str),
    /// Two resources of a stack that are called alike: one of them would be lost.
    #[error("the stack of {0} has two resources called {1}")]
    Twice(String, String),
    /// A context that is called like a shared stack.
    #[error("{0} is the name of a shared stack")]
    Shared(String),
    /// A shared stack that can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A shared stack that is no template.
    #[error("{0}: {1}")]
    NoTemplate(String, serde_norway::Error),
    /// A parameter that nobody has a value for.
    #[error("{0} wants {1}, which is neither a parameter of the root nor an output of a shared stack")]
    Unknown(String, String),
    /// A template that can't be written.
    #[error(transparent)]
    Yaml(#[from] serde_norway::Error),
}

/// The stacks of all contexts and the root, as files.
///
/// # Errors
/// If a function can't be deployed as it is described, or the shared stacks in `root` can't be read.
pub fn files(root: &Path) -> Result<Vec<Made>, StackError> {
    let stacks = all()?;
    let mut files = vec![Made { path: root::PATH.to_owned(), text: root::template(root, &stacks)?.to_yaml()? }];
    for (context, template) in &stacks {
        files.push(Made { path: format!("{FOLDER}/{context}.yaml"), text: template.to_yaml()? });
    }
    Ok(files)
}

/// The stack of each context.
///
/// # Errors
/// If a function can't be deployed as it is described.
pub fn all() -> Result<BTreeMap<&'static str, Template>, StackError> {
    let mut functions: BTreeMap<&str, Vec<&'static dyn Function>> = BTreeMap::new();
    for function in contexts::functions() {
        functions.entry(function.spec().context()).or_default().push(function);
    }
    functions.into_iter().map(|(context, functions)| Ok((context, stack(context, &functions)?))).collect()
}

/// The stack of one context.
fn stack(context: &str, functions: &[&'static dyn Function]) -> Result<Template, StackError> {
    if root::SHARED.contains(&context) {
        return Err(StackError::Shared(context.to_owned()));
    }
    let mut template = Template::new(format!("Mile Buy Club, the functions of {context}."));
    template.globals = Some(function::globals(context));
    for function in functions {
        let named = Named::of(*function);
        function::add(&mut template, &named);
        match function.trigger() {
            Trigger::Http(access) => endpoint::add(&mut template, &named, access)?,
            Trigger::Queue { queue, batch } => queue::add(&mut template, &named, &queue, batch)?,
            Trigger::Schedule { expression, woken_by_outbox } => {
                schedule::add(&mut template, &named, expression, woken_by_outbox)?;
            }
        }
        alarm::failing(&mut template, &named);
    }
    match template.id_used_twice() {
        Some(id) => Err(StackError::Twice(context.to_owned(), id.to_owned())),
        None => Ok(template),
    }
}

/// `deal-found` or `deal_found` as `DealFound`.
fn pascal(name: &str) -> String {
    name.split(['-', '_']).map(capitalised).collect()
}
