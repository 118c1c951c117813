"""Our own checks. Each rule says of an application what is at fault, as pairs of a place and a sentence."""

import json
import re
from collections import Counter

import schedules
from application import LONGEST, ROOT, SECRET, Application, Stack, references, walk

# Every check by its name: those of this file, of `metrics` and of `routes`.
RULES = {}

FUNCTION = "AWS::Lambda::Function"
QUEUE = "AWS::SQS::Queue"
MAPPING = "AWS::Lambda::EventSourceMapping"
ALARM = "AWS::CloudWatch::Alarm"
ALIAS = "AWS::Lambda::Alias"
DASHBOARD = "AWS::CloudWatch::Dashboard"
LOG = "AWS::Logs::LogGroup"
STAGE = "AWS::ApiGatewayV2::Stage"
TABLE = "AWS::DynamoDB::Table"
TOPIC = "AWS::SNS::Topic"
ROUTE = "AWS::ApiGatewayV2::Route"
INTEGRATION = "AWS::ApiGatewayV2::Integration"
PERMISSION = "AWS::Lambda::Permission"
VERSION = "AWS::Lambda::Version"
DEPLOYMENTS = "AWS::CodeDeploy::DeploymentGroup"
KEY = "AWS::KMS::Key"

# Lambda takes four kilobytes of environment.
MOST_ENVIRONMENT = 4096
# CloudFormation takes 500 resources a stack; a stack is to be split before it is full.
MOST_RESOURCES = 450
# A batch may be tried six times before another worker sees its messages, as AWS advises.
VISIBILITY = 6
# SQS keeps messages for so many seconds if nobody says how long.
FOUR_DAYS = 4 * 24 * 60 * 60

# Roles that AWS writes the policy of, with the reason.
MANAGED = {"AWSCodeDeployRoleForLambda": "of CodeDeploy itself, by SAM: it moves the alias from version to version"}

# What CloudFormation does to a key and to its alias, which the key's own policy must allow.
MAKES_KEY = (
    "CreateAlias DeleteAlias DescribeKey DisableKeyRotation EnableKeyRotation GetKeyPolicy GetKeyRotationStatus "
    "ListResourceTags PutKeyPolicy ScheduleKeyDeletion TagResource UntagResource UpdateAlias UpdateKeyDescription"
)

# The property that names a resource, and how long it may be.
NAMED = {
    FUNCTION: ("FunctionName", 64),
    QUEUE: ("QueueName", 80),
    ALARM: ("AlarmName", 255),
    DASHBOARD: ("DashboardName", 255),
    "AWS::ApiGatewayV2::Api": ("Name", 128),
    "AWS::ApiGatewayV2::Authorizer": ("Name", 128),
    ROUTE: ("RouteKey", 128),
    TABLE: ("TableName", 255),
    "AWS::Events::Archive": ("ArchiveName", 48),
    "AWS::Events::EventBus": ("Name", 256),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::KMS::Alias": ("AliasName", 256),
    LOG: ("LogGroupName", 512),
    "AWS::SES::ConfigurationSet": ("Name", 64),
    TOPIC: ("TopicName", 256),
    "AWS::Scheduler::Schedule": ("Name", 64),
}

# What an access log may say of a request: nothing of who asked, for what, or with what token.
LOGGED = {
    "apiId",
    "requestId",
    "requestTimeEpoch",
    "routeKey",
    "status",
    "responseLatency",
    "responseLength",
    "integration.latency",
    "integration.integrationStatus",
    "integration.error",
    "error.responseType",
    "authorizer.error",
}

# What a key or a password looks like when somebody writes it down.
PLAIN_SECRET = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN|(sk|pk)_(live|test)_|duffel_(live|test)_")


def rule(check):
    """Makes a function a check, by its name."""
    RULES[check.__name__.replace("_", "-")] = check
    return check


@rule
def nested_file(app: Application):
    """Every template that is named exists, and every template is named."""
    used = set(app.nested().values())
    for name, path in app.nested().items():
        if path not in app.stacks:
            yield name, f"{path} is missing"
    for path in app.stacks:
        if path != ROOT and path not in used:
            yield path, "is no stack of the application"


@rule
def nested_output(app: Application):
    """What is taken of a nested stack is an output of it."""
    nested = app.nested()
    for _, value in walk(app.stacks[ROOT].template):
        if not isinstance(value, dict) or "Fn::GetAtt" not in value:
            continue
        name, _, output = ".".join(listed(value["Fn::GetAtt"])).replace(".Outputs.", "..").partition("..")
        stack = app.stacks.get(nested[name]) if name in nested else None
        if stack and output not in stack.template.get("Outputs", {}):
            yield name, f"has no output {output}"


@rule
def parameter_used(app: Application):
    """No stack asks for what it does not use."""
    for stack in app.stacks.values():
        for name in stack.source.get("Parameters", {}).keys() - references(stack.source):
            yield stack.path, f"does not use {name}"


@rule
def parameter_passed(app: Application):
    """What can be chosen for the application is handed on to every stack that asks for it, and not left at a default there."""
    chosen = app.stacks[ROOT].source["Parameters"].keys()
    for name, nested in app.stacks[ROOT].properties("AWS::CloudFormation::Stack"):
        stack = app.stacks.get(app.nested()[name])
        for parameter in stack.source["Parameters"].keys() & chosen if stack else ():
            if parameter not in references(nested["Parameters"].get(parameter)):
                yield name, f"is not handed {parameter}"


@rule
def parameter_length(app: Application):
    """No parameter may be longer than what names, limits and sizes are checked with."""
    for stack in app.stacks.values():
        for name, parameter in stack.source.get("Parameters", {}).items():
            if name in LONGEST and not 0 < (most := parameter.get("MaxLength", 0)) <= len(LONGEST[name]):
                yield stack.path, f"takes {name} of up to {most or 'any'} characters; {len(LONGEST[name])} are checked"


@rule
def resource_count(app: Application):
    """No stack is nearly full."""
    for stack in app.stacks.values():
        if len(stack.resources()) > MOST_RESOURCES:
            yield stack.path, f"has {len(stack.resources())} resources; {MOST_RESOURCES} are allowed"


@rule
def name_length(app: Application):
    """With the longest prefix, names are as long as AWS takes them, and no longer."""
    for place, kind, name in names(app):
        if len(name) > NAMED[kind][1]:
            yield place, f"is called {name}, which is longer than {NAMED[kind][1]}"


@rule
def name_unique(app: Application):
    """No two resources of a kind have the same name, in whatever stacks they are."""
    counted = Counter((kind, name) for _, kind, name in names(app))
    for place, kind, name in names(app):
        if counted[kind, name] > 1:
            yield place, f"is called {name}, like another {kind}"


@rule
def name_prefix(app: Application):
    """A second deployment in the same account has other names. (Routes are those of its own API.)"""
    for place, kind, name in names(app):
        if kind != ROUTE and LONGEST["Prefix"] not in name:
            yield place, f"is called {name}, in every deployment"


def names(app: Application):
    """Place, type and name of everything that has a name."""
    for kind, (property, _) in NAMED.items():
        for stack, found, properties in app.each(kind):
            if property in properties:
                yield at(stack, found), kind, stack.text(properties[property])


@rule
def schedule(app: Application):
    """Schedule expressions are ones that EventBridge takes."""
    for kind in ("AWS::Events::Rule", "AWS::Scheduler::Schedule"):
        for stack, name, properties in app.each(kind):
            expression = properties.get("ScheduleExpression")
            wrong = expression and schedules.fault(stack.text(expression), once=kind == "AWS::Scheduler::Schedule")
            if wrong:
                yield at(stack, name), f"{expression} {wrong}"


@rule
def visibility(app: Application):
    """A message stays hidden until its worker has surely ended."""
    for stack, name, mapping in queue_mappings(app):
        queue, worker = queue_of(stack, mapping), function_of(stack, mapping.get("FunctionName"))
        if worker is None:
            yield at(stack, name), "starts no function of its stack"
            continue
        hidden, timeout = queue.get("VisibilityTimeout", 30), worker.get("Timeout", 3)
        if hidden < VISIBILITY * timeout:
            needed = f"{VISIBILITY * timeout} s are needed by a function that has {timeout} s"
            yield at(stack, name), f"hides messages for {hidden} s; {needed}"


@rule
def partial_failures(app: Application):
    """One message that fails does not bring back its whole batch."""
    for stack, name, mapping in queue_mappings(app):
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield at(stack, name), "does not report the failures of a batch one by one"


@rule
def stream_bounded(app: Application):
    """A change that a function fails at holds up the changes after it only so long."""
    for stack, name, mapping in app.each(MAPPING):
        if queue_of(stack, mapping) is None and not {"MaximumRetryAttempts", "MaximumRecordAgeInSeconds"} & mapping.keys():
            yield at(stack, name), "tries a change of the stream again for ever"


@rule
def dead_letters(app: Application):
    """Every queue that is worked hands what can't be done to a dead-letter queue of its stack, which keeps it longer."""
    for stack, name, mapping in queue_mappings(app):
        queue = queue_of(stack, mapping)
        policy = queue.get("RedrivePolicy", {})
        dead = referred(stack, policy.get("deadLetterTargetArn"), QUEUE)
        if dead is None or "maxReceiveCount" not in policy:
            yield at(stack, name), "reads a queue without dead letters"
        elif dead.get("MessageRetentionPeriod", FOUR_DAYS) <= queue.get("MessageRetentionPeriod", FOUR_DAYS):
            yield at(stack, name), "reads a queue whose dead letters are kept no longer than its messages"


@rule
def queue_alarm(app: Application):
    """Somebody is told of every queue in which something waits too long."""
    watched = set()
    for stack, _, alarm in app.each(ALARM):
        if alarm.get("AlarmActions"):
            watched.update(stack.text(d["Value"]) for d in dimensions(alarm) if d["Name"] == "QueueName")
    for stack, name, queue in app.each(QUEUE):
        if stack.text(queue.get("QueueName", {"Ref": name})) not in watched:
            yield at(stack, name), "has no alarm that tells anybody"


@rule
def alarm_mailed(app: Application):
    """What alarms tell a topic is mailed to somebody."""
    for stack, name, _ in app.each(TOPIC):
        readers = [reader for _, reader in stack.properties("AWS::SNS::Subscription") if name in references(reader["TopicArn"])]
        if "email" not in [reader["Protocol"] for reader in readers]:
            yield at(stack, name), "is mailed to nobody"


@rule
def alarm_explained(app: Application):
    """The runbook says what to do when an alarm rings: by its name, or by what follows the function or the queue in it."""
    told = set(re.findall(r"^\| `(?:…-)?([a-z-]+)`", (app.root / "docs/runbook.md").read_text(), re.MULTILINE))
    for stack, name, alarm in app.each(ALARM):
        words = stack.text(alarm.get("AlarmName", "")).removeprefix(LONGEST["Prefix"])
        if not any(words == known or words.endswith(f"-{known}") for known in told):
            yield at(stack, name), f"rings as {words}, of which docs/runbook.md says nothing"


@rule
def function_log(app: Application):
    """Every function writes to a log group of its stack: one that Lambda makes forgets nothing."""
    for stack, name, function in app.each(FUNCTION):
        groups = {stack.text(log.get("LogGroupName")) for _, log in stack.properties(LOG)}
        if "/aws/lambda/" + stack.text(function.get("FunctionName")) not in groups:
            yield at(stack, name), "has no log group"


@rule
def log_retention(app: Application):
    """Every log is kept for a limited time."""
    for stack, name, log in app.each(LOG):
        if "RetentionInDays" not in log:
            yield at(stack, name), "forgets nothing"


@rule
def function_role(app: Application):
    """Every function has a role of its own."""
    for stack in app.stacks.values():
        roles = Counter(role for _, function in stack.properties(FUNCTION) for role in references(function.get("Role")))
        for name, function in stack.properties(FUNCTION):
            own = [role for role in references(function.get("Role")) if role in stack.resources("AWS::IAM::Role")]
            if not own or roles[own[0]] > 1:
                yield at(stack, name), "has no role of its own"


@rule
def role_managed(app: Application):
    """What a role may stands in our templates, not in a policy of AWS."""
    for stack, name, role in app.each("AWS::IAM::Role"):
        for policy in role.get("ManagedPolicyArns", []):
            if stack.text(policy).split("/")[-1] not in MANAGED:
                yield at(stack, name), f"has {stack.text(policy)}"


@rule
def role_action(app: Application):
    """No role may do all that a service can."""
    for place, _, statement in statements(app):
        for action in listed(statement.get("Action", "*")):
            if "*" in action:
                yield place, f"may {action}"


@rule
def role_resource(app: Application):
    """No role reaches what is not of this deployment: something of ours is named before the first star."""
    for place, stack, statement in statements(app):
        for resource in listed(statement.get("Resource", "*")):
            named, star, _ = stack.text(resource).partition("*")
            if star and not is_ours(named):
                yield place, f"reaches {stack.text(resource)}"


def statements(app: Application):
    """Place, stack and statement of every policy of a role."""
    for stack, name, role in app.each("AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield at(stack, name), stack, statement


@rule
def sender_named(app: Application):
    """A service sends to a topic or a queue only on behalf of something of this deployment: others in AWS use the service too."""
    for kind in ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
        for stack, name, policy in app.each(kind):
            for statement in policy["PolicyDocument"]["Statement"]:
                if not all_ours(stack, senders(statement)):
                    yield at(stack, name), "takes messages that are sent on behalf of anybody"


@rule
def caller_named(app: Application):
    """A service calls a function only on behalf of something of this deployment."""
    for stack, name, permission in app.each(PERMISSION):
        if not all_ours(stack, listed(permission.get("SourceArn", []))):
            yield at(stack, name), "lets a service call on behalf of anybody"


def senders(statement: dict) -> list:
    """On behalf of what the condition of a statement lets a service act."""
    tests = [test for operator, test in statement.get("Condition", {}).items() if operator in ("ArnEquals", "ArnLike")]
    return [sender for test in tests for sender in listed(test.get("aws:SourceArn", []))]


def all_ours(stack: Stack, arns: list) -> bool:
    """Whether something is named, and nothing but what is of this deployment."""
    return bool(arns) and all(is_ours(stack.text(arn).partition("*")[0]) for arn in arns)


def is_ours(text: str) -> bool:
    """Whether a text names something of this deployment: by its prefix, or by a reference."""
    return LONGEST["Prefix"] in text or "<" in text


@rule
def key_policy(app: Application):
    """Whoever deploys may make and change a key: without leave in the key's own policy nobody ever can."""
    for stack, name, key in app.each(KEY):
        of_account = [s for s in key["KeyPolicy"]["Statement"] if "Condition" not in s and ":root" in stack.text(s["Principal"])]
        allowed = {action for statement in of_account for action in listed(statement["Action"])}
        lacking = {f"kms:{action}" for action in MAKES_KEY.split()} - allowed
        if lacking and "kms:*" not in allowed:
            yield at(stack, name), f"does not allow its account {', '.join(sorted(lacking))}"


@rule
def key_use(app: Application):
    """A key works for anybody only through a service, or for one thing."""
    for stack, name, key in app.each(KEY):
        for statement in key["KeyPolicy"]["Statement"]:
            uses = [action for action in listed(statement["Action"]) if re.match(r"kms:(\*|Decrypt|Encrypt|Generate)", action)]
            if uses and "Condition" not in statement:
                yield at(stack, name), f"allows {', '.join(uses)} without a condition"


@rule
def table_encrypted(app: Application):
    """Tables are encrypted under our key."""
    for stack, name, table in app.each(TABLE):
        encryption = table.get("SSESpecification", {})
        under = references(encryption.get("KMSMasterKeyId")) & stack.resources(KEY).keys()
        if not under or encryption.get("SSEEnabled") is not True or encryption.get("SSEType") != "KMS":
            yield at(stack, name), "is not encrypted under our key"


@rule
def secret_variable(app: Application):
    """A secret comes from Secrets Manager, and from nowhere else."""
    for stack, name, function in app.each(FUNCTION):
        for variable, value in variables(function).items():
            if re.search(r"(KEY|SECRET|PASSWORD)$", variable) and not stack.text(value).startswith("{{resolve:secretsmanager:"):
                yield at(stack, name), f"has {variable} in the clear"


@rule
def secret_text(app: Application):
    """Nothing that looks like a key is written down."""
    for stack in app.stacks.values():
        for path, value in walk(stack.template):
            if isinstance(value, str) and PLAIN_SECRET.search(value):
                yield f"{stack.path} {'/'.join(map(str, path))}", "looks like a secret"


@rule
def environment_encrypted(app: Application):
    """An environment is encrypted under our key."""
    for stack, name, function in app.each(FUNCTION):
        if variables(function) and "KmsKeyArn" not in function:
            yield at(stack, name), "has an environment that is not under our key"


@rule
def environment_readable(app: Application):
    """A function can read its environment after its role was replaced, with which the grant goes that Lambda made for it."""
    for stack, name, function in app.each(FUNCTION):
        role = at(stack, next(iter(references(function.get("Role"))), ""))
        allowed = {action for place, _, statement in statements(app) if place == role for action in listed(statement["Action"])}
        if variables(function) and "kms:Decrypt" not in allowed:
            yield at(stack, name), "has a role that can't decrypt its environment"


@rule
def environment_size(app: Application):
    """An environment is as large as Lambda takes it, however long its values."""
    for stack, name, function in app.each(FUNCTION):
        values = {variable: resolved(stack.text(value)) for variable, value in variables(function).items()}
        if len(json.dumps(values)) > MOST_ENVIRONMENT:
            yield at(stack, name), f"has an environment of up to {len(json.dumps(values))} bytes; {MOST_ENVIRONMENT} are allowed"


@rule
def alias_target(app: Application):
    """What starts a function starts its alias, so that a canary takes its share and a roll back takes it all back."""
    called = {stack.text(function.get("FunctionName")) for stack, _, function in app.each(FUNCTION)}
    for kind, path in STARTS.items():
        for stack, name, properties in app.each(kind):
            target = found_at(properties, path)
            past = references(target) & stack.resources(FUNCTION).keys() or called & set(stack.text(target).split(":"))
            if past and not references(target) & stack.resources(ALIAS).keys():
                yield at(stack, name), f"starts {', '.join(past)} past its alias"


# Where what starts a function names it.
STARTS = {
    MAPPING: ("FunctionName",),
    INTEGRATION: ("IntegrationUri",),
    "AWS::Events::Rule": ("Targets",),
    PERMISSION: ("FunctionName",),
    "AWS::Scheduler::Schedule": ("Target", "Arn"),
}


@rule
def alias_first(app: Application):
    """What names an alias by text is made after it: CloudFormation knows only of references."""
    for stack in app.stacks.values():
        for name, resource in stack.resources("AWS::Lambda::EventInvokeConfig").items():
            waits_for = {*references(resource["Properties"]), *listed(resource.get("DependsOn", []))}
            if not waits_for & stack.resources(ALIAS).keys():
                yield at(stack, name), "does not wait for the alias that it is of"


@rule
def version_revised(app: Application):
    """A raised revision makes a new version of every function: CloudFormation replaces a version whose description changes."""
    for stack, name, version in app.each(VERSION):
        if "Revision" not in references(version.get("Description")):
            yield at(stack, name), "stays when Revision is raised"


@rule
def roll_back(app: Application):
    """A version takes over step by step, and goes back when an alarm of its own function rings."""
    for stack in app.stacks.values():
        for name, alias in stack.resources(ALIAS).items():
            deployed = stack.text(function_of(stack, {"Ref": name})["FunctionName"])
            steps = referred(stack, alias.get("UpdatePolicy"), DEPLOYMENTS) or {}
            heard = references(steps.get("AlarmConfiguration"))
            ringing = [stack.text(alarm["AlarmName"]) for alarm_id, alarm in stack.properties(ALARM) if alarm_id in heard]
            if not any(alarm.startswith(deployed) for alarm in ringing):
                yield at(stack, name), f"does not go back when an alarm of {deployed} rings"


@rule
def failed_messages(app: Application):
    """To Lambda a call that reports messages as failed went well: the alarm of a worker looks at what becomes of messages."""
    alarms = {stack.text(alarm["AlarmName"]): alarm for stack, _, alarm in app.each(ALARM)}
    for stack, name, mapping in queue_mappings(app):
        worker = stack.text(function_of(stack, mapping["FunctionName"])["FunctionName"])
        looked_at = {metric.get("MetricName") for metric in metrics_of(alarms.get(f"{worker}-failing", {}))}
        if not {"Errors", "JobsFailed", "JobsParked"} <= looked_at:
            yield at(stack, name), f"does not ring when messages of {worker} fail"


@rule
def binary(app: Application):
    """Every binary is a function of one stack, under its own name, and every function is a binary."""
    built = {path.stem: path.parents[2] for path in app.root.glob("functions/*/src/bin/*.rs")}
    deployed = Counter()
    for stack in app.stacks.values():
        for name, resource in stack.source.get("Resources", {}).items():
            if resource["Type"] == "AWS::Serverless::Function":
                wanted = resource.get("Metadata", {}).get("BuildProperties", {}).get("Binary")
                deployed[wanted] += 1
                if wanted not in built:
                    yield at(stack, name), f"is made of {wanted}, which is no binary"
                elif stack.text(resource["Properties"].get("FunctionName")) != LONGEST["Prefix"] + wanted:
                    yield at(stack, name), f"is not called {wanted}"
    for name in built:
        if deployed[name] != 1:
            yield f"functions: {name}", f"is a function of {deployed[name]} stacks"


@rule
def api_throttled(app: Application):
    """An API lets in only so many requests, at a time and at once."""
    for stack, name, stage in app.each(STAGE):
        limits = stage.get("DefaultRouteSettings", {})
        for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            if not limits.get(limit):
                yield at(stack, name), f"has no {limit}"


@rule
def access_log(app: Application):
    """The access log says nothing of who asked."""
    for stack, name, stage in app.each(STAGE):
        told = set(re.findall(r"\$context\.([A-Za-z.]+)", stack.text(stage.get("AccessLogSettings", {}).get("Format", ""))))
        if not told or told - LOGGED:
            yield at(stack, name), f"logs {', '.join(sorted(told - LOGGED)) or 'nothing'}"


def metrics_of(alarm: dict) -> list[dict]:
    """The metrics that an alarm looks at."""
    several = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    return several or [alarm]


def dimensions(alarm: dict) -> list[dict]:
    return [dimension for metric in metrics_of(alarm) for dimension in metric.get("Dimensions", [])]


def variables(function: dict) -> dict:
    return function.get("Environment", {}).get("Variables", {})


def resolved(text: str) -> str:
    """A text with its secrets in place."""
    return re.sub(r"\{\{resolve:[^}]*\}\}", SECRET, text)


def queue_mappings(app: Application):
    return [found for found in app.each(MAPPING) if queue_of(found[0], found[2]) is not None]


def queue_of(stack: Stack, mapping: dict) -> dict | None:
    """The queue that a mapping reads, which is one of its stack."""
    return referred(stack, mapping.get("EventSourceArn"), QUEUE)


def function_of(stack: Stack, target) -> dict | None:
    """The function that is referred to, be it by its alias."""
    alias = referred(stack, target, ALIAS)
    return referred(stack, alias["FunctionName"] if alias else target, FUNCTION)


def referred(stack: Stack, value, kind: str) -> dict | None:
    found = references(value) & stack.resources(kind).keys()
    return stack.resources(kind)[found.pop()]["Properties"] if found else None


def found_at(value: dict, path: tuple[str, ...]):
    for name in path:
        value = value.get(name, {})
    return value


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def at(stack: Stack, name: str) -> str:
    return f"{stack.path} {name}"
