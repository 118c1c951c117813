//! `cargo xtask deployment`: the real templates, deployed to MiniStack by `sam deploy` with functions that cargo-lambda built, and the
//! main job driven through them: what a test of the code alone can't see is roles, triggers, variables and addresses.

mod api;
mod cut;
mod outside;
mod sam;
mod story;

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{identity::Plan, watchers::WatcherError};
use jiff::{Timestamp, tz::TimeZone};
use local::{
    keys::{KeyError, new_signing_key},
    seed::{self, SeedError},
};
use platform::token::{KeySet, NoRandomness, SigningKey};
use serde_json::{Value, json};

use self::{
    api::{Api, ApiError},
    cut::CutError,
    outside::Sources,
    sam::Sam,
    story::Story,
};
use crate::{
    files::FileError,
    lambdas::{self, Built, LambdaError},
    ministack::{Ministack, MinistackError},
};
