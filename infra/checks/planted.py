"""Planted faults: each is put into the good templates alone, and the check that is meant for it must report it."""

from application import ROOT, Application
from rules import ALARM, DASHBOARD, MAPPING, QUEUE, RULES
from schedules import fault
from tools import TOOLS

LAMBDA = "AWS::Serverless::Function"
STACK = "AWS::Serverless::Application"
TABLE = "AWS::DynamoDB::Table"
LOG = "AWS::Logs::LogGroup"
ROLE = "AWS::IAM::Role"
STAGE = "AWS::ApiGatewayV2::Stage"
SCHEDULE = "AWS::Scheduler::Schedule"

# What is wrong, the check that is meant for it, and the application with it.
PLANTS = []


def planted(check: str):
    """Makes a function that spoils an application the planted fault of a check."""

    def plant(spoil):
        PLANTS.append((spoil.__name__.replace("_", " "), check, spoil))
        return spoil

    return plant


def spoilt(app: Application, kind: str, change, where=lambda properties: True) -> tuple[Application, str]:
    """The application with the first such resource changed, and the template that it is in."""
    for path, stack in app.stacks.items():
        for name, resource in stack.source["Resources"].items():
            if resource["Type"] == kind and where(resource["Properties"]):
                return spoilt_template(app, path, lambda source: change(source["Resources"][name]["Properties"]))
    raise LookupError(f"there is no such {kind} to spoil")


def spoilt_template(app: Application, path: str, change) -> tuple[Application, str]:
    return app.with_changed(path, change), path


def setting(**properties):
    """A change that gives a resource these properties."""
    return lambda resource: resource.update(properties)


def lacking(*names: str):
    """A change that takes properties away from a resource."""
    return lambda resource: [resource.pop(name) for name in names]


def worked(queue: dict) -> bool:
    return "RedrivePolicy" in queue


def reads_queue(mapping: dict) -> bool:
    return "FunctionResponseTypes" in mapping


def first_statement(role: dict) -> dict:
    return role["Policies"][0]["PolicyDocument"]["Statement"][0]


@planted("validate")
def a_function_without_a_runtime(app):
    return spoilt(app, LAMBDA, setting(Events={"Call": {"Type": "Sometimes"}}))


@planted("translate")
def an_alias_that_is_a_number(app):
    return spoilt(app, LAMBDA, setting(AutoPublishAlias={"Number": 1}))


@planted("lint")
def a_property_that_does_not_exist(app):
    return spoilt(app, QUEUE, setting(VisibilitySeconds=5))


@planted("lint")
def a_value_of_the_wrong_type(app):
    return spoilt(app, ALARM, setting(EvaluationPeriods="often"))


@planted("lint")
def a_reference_to_nothing(app):
    return spoilt(app, QUEUE, setting(QueueName={"Ref": "Nothing"}))


@planted("lint")
def a_parameter_that_is_not_used(app):
    return spoilt_template(app, "infra/stacks/bus.yaml", lambda bus: bus["Parameters"].update(Unused={"Type": "String"}))


@planted("lint")
def a_parameter_that_is_not_passed(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].pop("Prefix"))


@planted("lint")
def a_parameter_that_is_not_declared(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].update(Undeclared="x"))


@planted("lint")
def nested_stacks_that_wait_for_each_other(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].update(Prefix={"Fn::GetAtt": "Operations.Outputs.AlarmTopicArn"}))


@planted("nested-file")
def a_template_that_is_missing(app):
    return spoilt(app, STACK, setting(Location="infra/stacks/nowhere.yaml"))


@planted("nested-file")
def a_template_that_no_stack_has(app):
    return spoilt_template(app, ROOT, lambda root: root["Resources"].pop("Mail"))


@planted("nested-output")
def an_output_that_does_not_exist(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].update(Prefix={"Fn::GetAtt": "Data.Outputs.Nothing"}))


@planted("resource-count")
def a_stack_that_is_full(app):
    many = {f"Log{number}": {"Type": LOG, "Properties": {"RetentionInDays": 1}} for number in range(450)}
    return spoilt_template(app, "infra/stacks/bus.yaml", lambda bus: bus["Resources"].update(many))


@planted("name-length")
def a_function_with_a_long_name(app):
    return spoilt(app, LAMBDA, setting(FunctionName={"Fn::Sub": "${Prefix}" + 45 * "n"}))


@planted("name-unique")
def a_queue_called_like_another(app):
    return spoilt(app, QUEUE, setting(QueueName={"Fn::Sub": "${Prefix}email"}), lambda queue: "email" not in str(queue))


@planted("name-prefix")
def a_table_that_two_deployments_share(app):
    return spoilt(app, TABLE, setting(TableName="core"))


@planted("visibility")
def messages_that_come_back_too_early(app):
    return spoilt(app, QUEUE, setting(VisibilityTimeout=60), worked)


@planted("partial-failures")
def a_batch_that_fails_as_one(app):
    return spoilt(app, MAPPING, lacking("FunctionResponseTypes"), reads_queue)


@planted("stream-bounded")
def a_stream_that_stops_at_a_failure(app):
    return spoilt(app, MAPPING, lacking("MaximumRetryAttempts", "MaximumRecordAgeInSeconds"), lambda mapping: not reads_queue(mapping))


@planted("dead-letters")
def a_queue_without_dead_letters(app):
    return spoilt(app, QUEUE, lacking("RedrivePolicy"), worked)


@planted("dead-letters")
def dead_letters_that_are_soon_forgotten(app):
    return spoilt(app, QUEUE, setting(MessageRetentionPeriod=3600), lambda queue: not worked(queue))


@planted("queue-alarm")
def an_alarm_that_tells_nobody(app):
    return spoilt(app, ALARM, lacking("AlarmActions"), lambda alarm: "QueueName" in str(alarm))


@planted("function-log")
def a_log_that_never_forgets(app):
    return spoilt(app, LOG, lacking("RetentionInDays"), lambda log: "/aws/lambda/" in str(log))


@planted("function-role")
def two_functions_with_one_role(app):
    def share(source):
        functions = [resource["Properties"] for resource in source["Resources"].values() if resource["Type"] == LAMBDA]
        functions[0]["Role"] = functions[1]["Role"]

    return spoilt_template(app, "infra/stacks/watchers.yaml", share)


@planted("role-managed")
def a_policy_of_aws(app):
    return spoilt(app, ROLE, setting(ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]))


@planted("role-action")
def a_role_that_may_do_everything(app):
    return spoilt(app, ROLE, lambda role: first_statement(role).update(Action="dynamodb:*"))


@planted("role-resource")
def a_role_that_reaches_everything(app):
    return spoilt(app, ROLE, lambda role: first_statement(role).update(Resource="*"))


@planted("role-resource")
def a_role_that_reaches_every_table(app):
    every = {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*"}
    return spoilt(app, ROLE, lambda role: first_statement(role).update(Resource=every))


@planted("secret-variable")
def a_key_that_is_a_parameter(app):
    return spoilt(app, LAMBDA, setting(Environment={"Variables": {"DUFFEL_KEY": {"Ref": "Prefix"}}}))


@planted("secret-text")
def a_key_that_is_written_down(app):
    return spoilt(app, LAMBDA, setting(Description="duffel_" + "test_0123456789"))


@planted("environment-encrypted")
def an_environment_that_anyone_may_read(app):
    return spoilt_template(app, "infra/stacks/watchers.yaml", lambda source: source["Globals"]["Function"].pop("KmsKeyArn"))


@planted("environment-size")
def an_environment_that_is_too_large(app):
    return spoilt(app, LAMBDA, setting(Environment={"Variables": {"MUCH": "m" * 4000}}))


@planted("alias-target")
def a_mapping_past_the_alias(app):
    def past(source):
        mapping = next(resource["Properties"] for resource in source["Resources"].values() if resource["Type"] == MAPPING)
        mapping["FunctionName"] = {"Ref": mapping["FunctionName"]["Ref"].removesuffix(".Alias")}

    return spoilt_template(app, "infra/stacks/search.yaml", past)


@planted("binary")
def a_function_that_is_not_deployed(app):
    def remove(source):
        functions = [name for name, resource in source["Resources"].items() if resource["Type"] == LAMBDA]
        source["Resources"].pop(functions[0])

    return spoilt_template(app, "infra/stacks/watchers.yaml", remove)


@planted("binary")
def a_function_made_of_nothing(app):
    return spoilt_template(app, "infra/stacks/watchers.yaml", lambda source: first_function(source)["Metadata"]["BuildProperties"].update(Binary="nothing"))


@planted("binary")
def a_function_under_another_name(app):
    return spoilt(app, LAMBDA, setting(FunctionName={"Fn::Sub": "${Prefix}watchers-do-else"}))


@planted("access-log")
def a_log_of_who_asked(app):
    return spoilt(app, STAGE, lambda stage: stage["AccessLogSettings"].update(Format='{"who": "$context.identity.sourceIp"}'))


@planted("metric-exists")
def a_metric_that_nothing_counts(app):
    return spoilt(app, ALARM, setting(MetricName="OutboxSize"), lambda alarm: alarm.get("MetricName") == "OutboxAge")


@planted("dimension-exists")
def an_alarm_of_a_function_that_is_gone(app):
    gone = [{"Name": "function", "Value": {"Fn::Sub": "${Prefix}system-relay-inbox"}}]
    return spoilt(app, ALARM, setting(Dimensions=gone), lambda alarm: alarm.get("MetricName") == "OutboxAge")


@planted("queue-shown")
def a_queue_on_no_dashboard(app):
    def hide(dashboard):
        dashboard["DashboardBody"]["Fn::Sub"] = dashboard["DashboardBody"]["Fn::Sub"].replace("${Prefix}email-dead", "${Prefix}searches-dead")

    return spoilt(app, DASHBOARD, hide)


def first_function(source: dict) -> dict:
    return next(resource for resource in source["Resources"].values() if resource["Type"] == LAMBDA)


FAULTY_SCHEDULES = [
    "1 minute",
    "rate(1 minutes)",
    "rate(2 minute)",
    "rate(0 minutes)",
    "rate(1 second)",
    "rate(1.5 hours)",
    "cron(0 9 * * *)",
    "cron(0 9 * * * *)",
    "cron(0 9 ? * ? *)",
    "cron(60 9 * * ? *)",
    "cron(0 24 * * ? *)",
    "cron(0 9 32 * ? *)",
    "cron(0 9 ? 13 MON *)",
    "cron(0 9 ? * 8 *)",
    "cron(0 9 ? * FRI-MON *)",
    "cron(0 9 * * ? 1969)",
    "cron(0/0 9 * * ? *)",
    "at(2026-02-30T09:00:00)",
    "at(tomorrow)",
]
SOUND_SCHEDULES = [
    "rate(1 minute)",
    "rate(15 minutes)",
    "cron(0/15 8-17 ? * MON-FRI *)",
    "cron(0 9 L * ? *)",
    "cron(0 9 15W JAN,JUL ? 2026-2030)",
    "cron(30 0 ? * 6#3 *)",
    "at(2026-11-21T09:00:00)",
]


def plant_schedule(expression: str) -> None:
    PLANTS.append((expression, "schedule", lambda app: spoilt(app, SCHEDULE, setting(ScheduleExpression=expression))))


for faulty in FAULTY_SCHEDULES:
    plant_schedule(faulty)


def misses(app: Application) -> list[str]:
    """What the checks miss of the planted faults, and what has no planted fault."""
    missed = [f"{check} does not report {what}" for what, check, spoil in PLANTS if not reported(check, *spoil(app))]
    missed += [f"{check} has no planted fault" for check in (TOOLS | RULES).keys() - {check for _, check, _ in PLANTS}]
    missed += [f"schedule refuses {expression}" for expression in SOUND_SCHEDULES if fault(expression, once=True)]
    return missed


def reported(check: str, app: Application, path: str) -> bool:
    faults = TOOLS[check](app, [path]) if check in TOOLS else RULES[check](app)
    return any(True for _ in faults)
