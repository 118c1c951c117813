//! A function: itself, its role, its log.

use platform::{
    Function,
    config::{KEYED, SOURCES, queue_variable, secret_variable},
};
use serde_json::{Map, Value, json};
use storage::Grant;

use super::{
    alarm, policy, queue,
    template::{Resource, Template, prefixed, reference, sub},
};

/// Whatever starts a function starts this, which moves from version to version.
pub(super) const ALIAS: &str = "live";

/// A function, and what its resources are called.
pub(super) struct Named {
    pub(super) function: &'static dyn Function,
    /// The id of the function; what the ids of its other resources begin with.
    pub(super) id: String,
}

impl Named {
    pub(super) fn of(function: &'static dyn Function) -> Self {
        Self { function, id: super::pascal(&function.spec().file()) }
    }

    pub(super) fn name(&self) -> &'static str {
        self.function.spec().name
    }
}

/// The ARN of the function's alias, which SAM makes.
pub(super) fn alias(function: &Named) -> Value {
    reference(&format!("{}.Alias", function.id))
}

/// What all functions of a stack have in common.
pub(super) fn globals(context: &str) -> Value {
    json!({"Function": {
        "Architectures": [reference("Architecture")],
        "AutoPublishAlias": ALIAS,
        // A change of any property here is a new version, too: it goes the same careful way. What a parameter or a secret has for
        // a value SAM does not see: that is what the revision is for.
        "AutoPublishAliasAllProperties": true,
        "CodeUri": format!("../../functions/{context}/"),
        "Description": revision(),
        "Environment": {"Variables": common_variables()},
        "Handler": "bootstrap",
        "KmsKeyArn": reference("DataKeyArn"),
        "Runtime": "provided.al2023",
    }})
}

/// In the description of a function it has CloudFormation read the secrets again, in that of a version it makes another.
fn revision() -> Value {
    sub("Revision ${Revision}")
}

/// What every function reads.
fn common_variables() -> Value {
    json!({
        "MAIL_SENDER": reference("MailSender"),
        "PUBLIC_URL": reference("PublicUrl"),
        "TABLE_PREFIX": reference("Prefix"),
        "TOKEN_AUDIENCE": reference("TokenAudience"),
        "TOKEN_ISSUER": reference("TokenIssuer"),
        "TOKEN_JWKS": reference("TokenJwks"),
    })
}

/// A secret, read when the stack is deployed: no template, parameter or log has it.
fn secret(name: &str) -> Value {
    sub(format!("{{{{resolve:secretsmanager:${{Prefix}}{name}}}}}"))
}

/// The function with its role, its log and the alarm that takes a new version back.
pub(super) fn add(template: &mut Template, named: &Named) {
    let Named { function, id } = named;
    let spec = function.spec();
    template.add(
        format!("{id}Log"),
        "AWS::Logs::LogGroup",
        json!({
            "LogGroupName": sub(format!("/aws/lambda/${{Prefix}}{}", spec.name)),
            "RetentionInDays": reference("LogRetentionDays"),
        }),
    );
    let statements = Value::Array(policy::statements(*function));
    template.add(format!("{id}Role"), "AWS::IAM::Role", role("lambda.amazonaws.com", None, statements));
    let mut properties = json!({
        "FunctionName": prefixed(spec.name),
        "MemorySize": spec.memory_mb,
        "Timeout": spec.timeout_seconds,
        "Role": {"Fn::GetAtt": format!("{id}Role.Arn")},
        "VersionDescription": revision(),
        "LoggingConfig": {"LogGroup": reference(&format!("{id}Log"))},
        "DeploymentPreference": {"Type": reference("DeploymentPreference"), "Alarms": [reference(&alarm::failing_id(named))]},
    });
    let own = own_variables(*function);
    if !own.is_empty() {
        properties["Environment"] = json!({"Variables": own});
    }
    let metadata = json!({"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": spec.name}});
    template.resources.push((id.clone(), Resource { kind: "AWS::Serverless::Function", metadata: Some(metadata), properties }));
}

/// What this function reads besides, by what it may do.
fn own_variables(function: &'static dyn Function) -> Map<String, Value> {
    let mut variables = Map::new();
    for grant in function.grants() {
        match grant {
            Grant::Send(name) => variables.extend([(queue_variable(name), sub(queue::url_of(name)))]),
            Grant::Publish => variables.extend([("EVENT_BUS".to_owned(), reference("BusName"))]),
            Grant::Mail => variables.extend([("MAIL_CONFIGURATION_SET".to_owned(), reference("ConfigurationSetName"))]),
            Grant::Call(source) => variables.extend(key_of(source)),
            Grant::Know(name) => variables.extend([(secret_variable(name), secret(name))]),
            Grant::Read(_) | Grant::Write(_) | Grant::Emit(_) | Grant::MakeKeys | Grant::UseKeys => {}
        }
    }
    variables
}

/// Our key at a source, a secret of the source's name, where every deployment has one.
fn key_of(source: &str) -> Option<(String, Value)> {
    let (id, variable, _) = SOURCES.into_iter().find(|(id, ..)| *id == source && KEYED.contains(id))?;
    Some((format!("{variable}_KEY"), secret(&format!("{id}-key"))))
}

/// A role that a service takes on, if a condition is met, and what it may.
pub(super) fn role(service: &str, condition: Option<Value>, statements: Value) -> Value {
    let mut trust = json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
    if let Some(condition) = condition {
        trust["Condition"] = condition;
    }
    json!({
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{
            "PolicyName": "grants",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        }],
    })
}
