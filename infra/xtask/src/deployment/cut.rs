//! What of the templates is deployed to MiniStack: everything but the functions that are not built, and what MiniStack does not
//! have. What is left stays word for word as it is translated for the cloud, except for what [`adaptations`] tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Value, json};

/// What MiniStack does not have: a type of resource, or that with a property; and why the deployment shows as much without it.
const NOT_THERE: [(&str, &str); 4] = [
    ("AWS::CloudWatch::Alarm.Metrics", "an alarm on several metrics at once; nothing here waits for an alarm"),
    ("AWS::CodeDeploy::Application", "moves an alias to its next version; a first deployment has but one"),
    ("AWS::CodeDeploy::DeploymentGroup", "as the application that it is of"),
    ("AWS::Events::Archive", "keeps what was published; nothing reads it but a replay"),
];

/// Outputs that MiniStack can't tell, by what their names begin with.
const NOT_TOLD: [(&str, &str); 1] =
    [("DkimRecord", "its identities have no DKIM tokens; a person reads them to make DNS records")];

/// What else is otherwise than in the cloud, and why.
const ADAPTED: [(&str, &str); 12] = [
    ("SAM is translated before `sam deploy`", "MiniStack translates no nested templates; SAM's own translator does it here"),
    ("functions that are not built are cut out, with all that is theirs", "each takes half a minute to link; the sample is CI's"),
    ("SEATS_AERO_URL, DUFFEL_URL and ECB_URL are set", "sources answer from recordings, on loopback"),
    ("secrets stand in the templates, made for this run", "MiniStack resolves references to secrets in no nested stack"),
    ("TokenIssuer may be an http address", "there is no certificate for loopback"),
    ("the issuer is a server that hands requests on to the deployed API", "nothing resolves the API's domain to MiniStack"),
    (
        "EdgeTokens is true from the first deployment on",
        "MiniStack asks the issuer late, and loses the attributes of what an update of a nested stack leaves as it is",
    ),
    ("roles that may send a message may send a batch, too", "to MiniStack that is an action of its own; IAM has one for both"),
    ("the role that may send mail may send it as anyone", "MiniStack does not see what identity a mail is sent as"),
    (
        "keys of members are unwrapped whatever the context",
        "MiniStack knows no conditions on it; it refuses a wrong one by itself",
    ),
    ("roles are not held to partition keys", "MiniStack knows no such condition; tests/contracts holds roles against the gate"),
    ("`cargo xtask redrive` is not tried", "MiniStack has no tasks that move messages"),
];

/// All adaptations: what, and why.
pub fn adaptations() -> impl Iterator<Item = (String, &'static str)> {
    let left_out = NOT_THERE.iter().chain(&NOT_TOLD).map(|(kind, why)| (format!("{kind} is left out"), *why));
    ADAPTED.iter().map(|(what, why)| ((*what).to_owned(), *why)).chain(left_out)
}

/// Why a template can't be cut.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// No template is like this.
    #[error("a template has no resources")]
    NoTemplate,
    /// A function whose name does not follow from the prefix.
    #[error("the function {0} is not named ${{Prefix}} and something")]
    Nameless(String),
    /// What is left needs what was cut out.
    #[error("{0} refers to {1}, which is cut out")]
    Dangling(String, String),
}

/// What stays, and what it is told.
#[derive(Debug)]
pub struct Kept<'a> {
    /// The functions that stay, by name, with the folder of each one's program.
    pub functions: BTreeMap<&'a str, &'a Path>,
    /// What functions that ask travel sources are told besides.
    pub variables: &'a [(&'static str, String)],
    /// Secrets, by what their names have after the prefix.
    pub secrets: &'a [(&'static str, String)],
}

/// Cuts a translated template.
///
/// # Errors
/// If the template is none, or what is left refers to what is not.
pub fn cut(mut template: Value, kept: &Kept<'_>) -> Result<Value, CutError> {
    let functions = functions(&template)?;
    let resources = template["Resources"].as_object_mut().ok_or(CutError::NoTemplate)?;
    let is_cut = |id: &str, resource: &Value| {
        is_not_there(resource) || owner(id, &functions).is_some_and(|name| !kept.functions.contains_key(name))
    };
    let gone: BTreeSet<String> =
        resources.iter().filter(|(id, resource)| is_cut(id, resource)).map(|(id, _)| id.clone()).collect();
    resources.retain(|id, _| !gone.contains(id));
    for (id, resource) in resources.iter_mut() {
        allow(resource);
        // How CodeDeploy is to move an alias.
        resource.as_object_mut().map(|resource| resource.remove("UpdatePolicy"));
        if let Some(folder) = functions.get(id).and_then(|name| kept.functions.get(name.as_str())) {
            resource["Properties"]["Code"] = json!(folder);
            if let Some(environment) = resource.pointer_mut("/Properties/Environment/Variables") {
                tell(environment, kept);
            }
        }
    }
    if let Some(outputs) = template.get_mut("Outputs").and_then(Value::as_object_mut) {
        outputs.retain(|name, _| NOT_TOLD.iter().all(|(beginning, _)| !name.starts_with(beginning)));
    }
    if let Some(issuer) = template.pointer_mut("/Parameters/TokenIssuer").and_then(Value::as_object_mut) {
        issuer.remove("AllowedPattern");
    }
    match dangling(&template, &gone) {
        Some((id, needed)) => Err(CutError::Dangling(id, needed)),
        None => Ok(template),
    }
}

fn is_not_there(resource: &Value) -> bool {
    NOT_THERE.iter().any(|(what, _)| {
        let (kind, property) = what.split_once('.').unwrap_or((what, ""));
        resource["Type"] == kind && (property.is_empty() || resource["Properties"].get(property).is_some())
    })
}

/// The functions of a template: their names by their ids.
fn functions(template: &Value) -> Result<BTreeMap<String, String>, CutError> {
    let resources = template["Resources"].as_object().ok_or(CutError::NoTemplate)?;
    let functions = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Function");
    let named = functions.map(|(id, function)| {
        let name = function["Properties"]["FunctionName"]["Fn::Sub"].as_str().and_then(|name| name.strip_prefix("${Prefix}"));
        Ok((id.clone(), name.ok_or_else(|| CutError::Nameless(id.clone()))?.to_owned()))
    });
    named.collect()
}

/// The function that a resource is of: the ids of all that is a function's begin with the function's. Of two such the longer one is
/// meant: `GetWatcherHistoryRole` is not of `GetWatcher`.
fn owner<'a>(id: &str, functions: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let owners = functions.iter().filter(|(function, _)| id.starts_with(function.as_str()));
    owners.max_by_key(|(function, _)| function.len()).map(|(_, name)| name.as_str())
}

/// Puts secrets into the environment of a function, and variables about the sources whose keys it has.
fn tell(environment: &mut Value, kept: &Kept<'_>) {
    for (name, secret) in kept.secrets {
        let reference = json!({"Fn::Sub": format!("{{{{resolve:secretsmanager:${{Prefix}}{name}}}}}")});
        let variables = environment.as_object_mut().into_iter().flat_map(|environment| environment.values_mut());
        variables.filter(|value| **value == reference).for_each(|value| *value = json!(secret));
    }
    for (name, value) in kept.variables {
        if environment.get(name.replace("_URL", "_KEY")).is_some() {
            environment[*name] = json!(value);
        }
    }
}

/// Allows, in every statement of a policy, what MiniStack asks for where IAM asks for something else.
fn allow(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(allow);
            // That the context of a key names tenant and member.
            if let Some(condition) = fields.get_mut("Condition").and_then(Value::as_object_mut) {
                condition.remove("Null");
            }
            let mut actions = match fields.get("Action") {
                Some(Value::Array(actions)) => actions.clone(),
                Some(action) => vec![action.clone()],
                None => return,
            };
            if actions.contains(&json!("ses:SendEmail")) {
                fields.insert("Resource".to_owned(), json!("*"));
            }
            if actions.contains(&json!("sqs:SendMessage")) {
                actions.push(json!("sqs:SendMessageBatch"));
                fields.insert("Action".to_owned(), actions.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A resource, or an output, that refers to something that is gone.
fn dangling(template: &Value, gone: &BTreeSet<String>) -> Option<(String, String)> {
    let sections = ["Resources", "Outputs"].iter().filter_map(|section| template[*section].as_object());
    sections.flatten().find_map(|(id, value)| Some((id.clone(), gone.iter().find(|gone| refers(value, gone))?.clone())))
}

/// Whether a value refers to a resource, in any of the ways there are.
fn refers(value: &Value, id: &str) -> bool {
    let is_it = |path: &str| path.split('.').next() == Some(id);
    match value {
        Value::Object(fields) => fields.iter().any(|(name, field)| match (name.as_str(), field) {
            ("Ref" | "Fn::GetAtt" | "DependsOn", Value::String(path)) => is_it(path),
            ("Fn::GetAtt" | "DependsOn", Value::Array(parts)) => parts.iter().filter_map(Value::as_str).any(is_it),
            ("Fn::Sub", Value::String(text)) => {
                text.split("${").skip(1).any(|rest| is_it(rest.split('}').next().unwrap_or(rest)))
            }
            _ => refers(field, id),
        }),
        Value::Array(items) => items.iter().any(|item| refers(item, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn function(name: &str) -> Value {
        let variables = json!({"TABLE_PREFIX": {"Ref": "Prefix"}});
        json!({
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": {"Fn::Sub": format!("${{Prefix}}{name}")},
                "Code": {"S3Bucket": "bucket"},
                "Role": {"Fn::GetAtt": ["GetWatcherRole", "Arn"]},
                "Environment": {"Variables": variables},
            },
        })
    }

    fn of(kind: &str, properties: Value) -> Value {
        json!({"Type": kind, "Properties": properties})
    }

    fn template() -> Value {
        let mut search = function("search-run-search");
        let key = json!({"Fn::Sub": "{{resolve:secretsmanager:${Prefix}duffel-key}}"});
        search["Properties"]["Environment"]["Variables"]["DUFFEL_KEY"] = key;
        json!({
            "Parameters": {"TokenIssuer": {"Type": "String", "AllowedPattern": "^https://"}},
            "Resources": {
                "GetWatcher": function("watchers-get-watcher"),
                "GetWatcherRole": of("AWS::IAM::Role", json!({"Statement": [
                    {"Action": "sqs:SendMessage", "Resource": "queue"},
                    {"Action": ["ses:SendEmail"], "Resource": "identity"},
                    {"Action": "dynamodb:GetItem", "Resource": "table"},
                ]})),
                "GetWatcherAliaslive": {
                    "Type": "AWS::Lambda::Alias",
                    "Properties": {"FunctionName": {"Ref": "GetWatcher"}},
                    "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {"DeploymentGroupName": {"Ref": "GetWatcherDeploymentGroup"}}},
                },
                "GetWatcherDeploymentGroup": of("AWS::CodeDeploy::DeploymentGroup", json!({})),
                "GetWatcherHistory": function("watchers-get-watcher-history"),
                "GetWatcherHistoryAlarm": of("AWS::CloudWatch::Alarm", json!({"Value": {"Ref": "GetWatcherHistory"}})),
                "RunSearch": search,
                "SearchesQueue": of("AWS::SQS::Queue", json!({})),
                "SearchesQueueBacklog": of("AWS::CloudWatch::Alarm", json!({"Metrics": []})),
                "SearchesQueueDeep": of("AWS::CloudWatch::Alarm", json!({"MetricName": "Depth"})),
            },
        })
    }

    /// The template with only these functions.
    fn cut_to(template: Value, names: &[&'static str]) -> Result<Value, CutError> {
        let kept = Kept {
            functions: names.iter().map(|name| (*name, Path::new("built"))).collect(),
            variables: &[
                ("DUFFEL_URL", "http://127.0.0.1:1/duffel".to_owned()),
                ("SEATS_AERO_URL", "http://127.0.0.1:1".to_owned()),
            ],
            secrets: &[("duffel-key", "of this run".to_owned())],
        };
        cut(template, &kept)
    }

    #[test]
    fn what_is_a_functions_stays_or_goes_with_it() {
        let cut = cut_to(template(), &["watchers-get-watcher", "search-run-search"]).unwrap();
        let left: Vec<&str> = cut["Resources"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            left,
            ["GetWatcher", "GetWatcherAliaslive", "GetWatcherRole", "RunSearch", "SearchesQueue", "SearchesQueueDeep"]
        );
        assert_eq!(cut["Resources"]["GetWatcher"]["Properties"]["Code"], "built");
        assert_eq!(cut["Resources"]["GetWatcherAliaslive"].get("UpdatePolicy"), None);
        let allowed = json!([
            {"Action": ["sqs:SendMessage", "sqs:SendMessageBatch"], "Resource": "queue"},
            {"Action": ["ses:SendEmail"], "Resource": "*"},
            {"Action": "dynamodb:GetItem", "Resource": "table"},
        ]);
        assert_eq!(cut["Resources"]["GetWatcherRole"]["Properties"]["Statement"], allowed);
        assert_eq!(cut["Parameters"]["TokenIssuer"], json!({"Type": "String"}));
        let environment = |id: &str| cut["Resources"][id]["Properties"]["Environment"]["Variables"].clone();
        assert_eq!(environment("GetWatcher"), json!({"TABLE_PREFIX": {"Ref": "Prefix"}}));
        assert_eq!(environment("RunSearch")["DUFFEL_KEY"], "of this run");
        assert_eq!(environment("RunSearch")["DUFFEL_URL"], "http://127.0.0.1:1/duffel");
        assert_eq!(environment("RunSearch").get("SEATS_AERO_URL"), None);
    }

    #[test]
    fn what_is_left_needs_nothing_that_is_gone() {
        for reference in [
            json!({"Ref": "GetWatcherHistory"}),
            json!({"Fn::GetAtt": ["GetWatcherHistory", "Arn"]}),
            json!({"Fn::GetAtt": "GetWatcherHistory.Arn"}),
            json!({"Fn::Sub": "arn:${AWS::Partition}:x:${GetWatcherHistory.Arn}"}),
            json!([{"Value": {"Fn::Join": ["", [{"Ref": "GetWatcherHistory"}]]}}]),
        ] {
            let mut template = template();
            template["Resources"]["SearchesQueue"]["Properties"]["Of"] = reference.clone();
            let refused = cut_to(template, &["watchers-get-watcher"]).unwrap_err();
            assert_eq!(refused.to_string(), "SearchesQueue refers to GetWatcherHistory, which is cut out", "{reference}");
        }
        let mut template = template();
        template["Outputs"] =
            json!({"DkimRecord1": {"Value": {"Ref": "RunSearch"}}, "Searches": {"Value": {"Ref": "RunSearch"}}});
        assert!(
            matches!(cut_to(template, &["watchers-get-watcher"]), Err(CutError::Dangling(output, _)) if output == "Searches")
        );
    }

    #[test]
    fn a_function_is_named_by_the_prefix() {
        let mut template = template();
        template["Resources"]["GetWatcher"]["Properties"]["FunctionName"] = json!("get-watcher");
        assert!(matches!(cut_to(template, &[]), Err(CutError::Nameless(id)) if id == "GetWatcher"));
    }
}
