//! The functions of all contexts: the list that the local run starts is the only one.

pub use local::machine::functions;
use platform::{Endpoint, Function};

/// Every function that is an endpoint.
pub fn endpoints() -> Vec<(&'static dyn Function, &'static Endpoint)> {
    functions().into_iter().filter_map(|function| Some((function, function.as_endpoint()?))).collect()
}
