"""Planted faults: each is put into the good templates alone, and the check that is meant for it must report it."""

from collections.abc import Callable
from dataclasses import dataclass

from application import ROOT, Application
from metrics import FILTER
from rules import ALARM, DASHBOARD, KEY, LOG, MAPPING, PERMISSION, QUEUE, ROUTE, RULES, STAGE, TABLE
from routes import API, MOST, is_closed, is_of_pages
from schedules import fault
from tools import TOOLS

LAMBDA = "AWS::Serverless::Function"
STACK = "AWS::Serverless::Application"
ROLE = "AWS::IAM::Role"
SCHEDULE = "AWS::Scheduler::Schedule"


@dataclass
class Plant:
    """A planted fault: what is wrong, the check that is meant for it, what it must say, and the application with the fault."""

    what: str
    check: str
    says: str
    spoil: Callable[[Application], tuple[Application, str]]


PLANTS: list[Plant] = []


def planted(check: str, says: str):
    """Makes a function that spoils an application a planted fault."""

    def plant(spoil):
        PLANTS.append(Plant(spoil.__name__.replace("_", " "), check, says, spoil))
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


def first_statement(holder: dict) -> dict:
    """The first statement of a role, or of the policy of a topic or a queue."""
    [policy, *_] = holder.get("Policies", [holder])
    return policy["PolicyDocument"]["Statement"][0]


@planted("validate", "Sometimes")
def an_event_of_no_kind(app):
    return spoilt(app, LAMBDA, setting(Events={"Call": {"Type": "Sometimes"}}))


@planted("translate", "AutoPublishAlias")
def an_alias_that_is_a_number(app):
    return spoilt(app, LAMBDA, setting(AutoPublishAlias={"Number": 1}))


@planted("translate", "Duplicate")
def a_resource_that_stands_twice(app):
    path = "infra/stacks/bus.yaml"
    return app.with_text(path, lambda text: text.replace("  Archive:\n", "  Bus:\n")), path


@planted("lint", "E3002")
def a_property_that_does_not_exist(app):
    return spoilt(app, QUEUE, setting(VisibilitySeconds=5))


@planted("lint", "E3012")
def a_value_of_the_wrong_type(app):
    return spoilt(app, ALARM, setting(EvaluationPeriods="often"))


@planted("lint", "E1020")
def a_reference_to_nothing(app):
    return spoilt(app, QUEUE, setting(QueueName={"Ref": "Nothing"}))


@planted("parameter-used", "Unused")
def a_parameter_that_is_not_used(app):
    return spoilt_template(app, "infra/stacks/bus.yaml", lambda bus: bus["Parameters"].update(Unused={"Type": "String"}))


@planted("lint", "E3043")
def a_parameter_that_is_not_passed(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].pop("Prefix"))


@planted("lint", "E3043")
def a_parameter_that_is_not_declared(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].update(Undeclared="x"))


@planted("lint", "E3004")
def nested_stacks_that_wait_for_each_other(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].update(Prefix={"Fn::GetAtt": "Operations.Outputs.AlarmTopicArn"}))


@planted("parameter-length", "64 are checked")
def a_domain_that_is_longer_than_what_is_checked(app):
    return spoilt_template(app, "infra/stacks/mail.yaml", lambda mail: mail["Parameters"]["MailDomain"].update(MaxLength=65))


@planted("parameter-length", "up to any characters")
def a_prefix_of_any_length(app):
    return spoilt_template(app, "infra/stacks/mail.yaml", lambda mail: mail["Parameters"]["Prefix"].pop("MaxLength"))


@planted("parameter-passed", "not handed Revision")
def a_revision_that_a_stack_does_not_hear_of(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].pop("Revision"), lambda stack: "Revision" in str(stack))


@planted("nested-file", "nowhere.yaml is missing")
def a_template_that_is_missing(app):
    return spoilt(app, STACK, setting(Location="infra/stacks/nowhere.yaml"))


@planted("nested-file", "is no stack")
def a_template_that_no_stack_has(app):
    return spoilt_template(app, ROOT, lambda root: root["Resources"].pop("Mail"))


@planted("nested-output", "has no output Nothing")
def an_output_that_does_not_exist(app):
    return spoilt(app, STACK, lambda stack: stack["Parameters"].update(Prefix={"Fn::GetAtt": "Data.Outputs.Nothing"}))


@planted("resource-count", "has 45")
def a_stack_that_is_full(app):
    many = {f"Log{number}": {"Type": LOG, "Properties": {"RetentionInDays": 1}} for number in range(450)}
    return spoilt_template(app, "infra/stacks/bus.yaml", lambda bus: bus["Resources"].update(many))


@planted("name-length", "longer than 64")
def a_function_with_a_long_name(app):
    return spoilt(app, LAMBDA, setting(FunctionName={"Fn::Sub": "${Prefix}" + 45 * "n"}))


@planted("name-unique", "like another AWS::SQS::Queue")
def a_queue_called_like_another(app):
    return spoilt(app, QUEUE, setting(QueueName={"Fn::Sub": "${Prefix}email"}), lambda queue: "email" not in str(queue))


@planted("name-prefix", "is called core")
def a_table_that_two_deployments_share(app):
    return spoilt(app, TABLE, setting(TableName="core"))


@planted("visibility", "hides messages for 60 s")
def messages_that_come_back_too_early(app):
    return spoilt(app, QUEUE, setting(VisibilityTimeout=60), worked)


@planted("visibility", "no function of its stack")
def a_queue_that_is_worked_elsewhere(app):
    return spoilt(app, MAPPING, setting(FunctionName={"Fn::Sub": "${Prefix}elsewhere"}), reads_queue)


@planted("partial-failures", "one by one")
def a_batch_that_fails_as_one(app):
    return spoilt(app, MAPPING, lacking("FunctionResponseTypes"), reads_queue)


@planted("stream-bounded", "for ever")
def a_stream_that_stops_at_a_failure(app):
    unbounded = lacking("MaximumRetryAttempts", "MaximumRecordAgeInSeconds")
    return spoilt(app, MAPPING, unbounded, lambda mapping: not reads_queue(mapping))


@planted("dead-letters", "without dead letters")
def a_queue_without_dead_letters(app):
    return spoilt(app, QUEUE, lacking("RedrivePolicy"), worked)


@planted("dead-letters", "kept no longer")
def dead_letters_that_are_soon_forgotten(app):
    return spoilt(app, QUEUE, setting(MessageRetentionPeriod=3600), lambda queue: not worked(queue))


@planted("queue-alarm", "no alarm")
def an_alarm_that_tells_nobody(app):
    return spoilt(app, ALARM, lacking("AlarmActions"), lambda alarm: "QueueName" in str(alarm))


@planted("alarm-mailed", "mailed to nobody")
def alarms_that_go_nowhere(app):
    return spoilt(app, "AWS::SNS::Subscription", setting(Protocol="sms"))


@planted("log-retention", "forgets nothing")
def a_log_that_never_forgets(app):
    return spoilt(app, LOG, lacking("RetentionInDays"), lambda log: "/aws/lambda/" in str(log))


@planted("alarm-explained", "api-strange")
def an_alarm_that_nobody_understands(app):
    return spoilt(app, ALARM, setting(AlarmName={"Fn::Sub": "${Prefix}api-strange"}))


@planted("function-log", "has no log group")
def a_function_that_has_lambda_make_its_log(app):
    return spoilt(app, LOG, setting(LogGroupName="elsewhere"), lambda log: "/aws/lambda/" in str(log))


@planted("function-role", "no role of its own")
def two_functions_with_one_role(app):
    def share(source):
        functions = [resource["Properties"] for resource in source["Resources"].values() if resource["Type"] == LAMBDA]
        functions[0]["Role"] = functions[1]["Role"]

    return spoilt_template(app, "infra/stacks/watchers.yaml", share)


@planted("role-managed", "AmazonDynamoDBFullAccess")
def a_policy_of_aws(app):
    return spoilt(app, ROLE, setting(ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]))


@planted("role-action", "may dynamodb:*")
def a_role_that_may_do_everything(app):
    return spoilt(app, ROLE, lambda role: first_statement(role).update(Action="dynamodb:*"))


@planted("role-resource", "reaches *")
def a_role_that_reaches_everything(app):
    return spoilt(app, ROLE, lambda role: first_statement(role).update(Resource="*"))


@planted("role-resource", "table/*")
def a_role_that_reaches_every_table(app):
    every = {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*"}
    return spoilt(app, ROLE, lambda role: first_statement(role).update(Resource=every))


@planted("sender-named", "on behalf of anybody")
def a_topic_that_takes_alarms_of_anybody(app):
    return spoilt(app, "AWS::SNS::TopicPolicy", lambda policy: first_statement(policy).pop("Condition"))


@planted("sender-named", "on behalf of anybody")
def a_topic_that_takes_every_alarm_of_the_account(app):
    every = {"Fn::Sub": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"}
    condition = {"ArnLike": {"aws:SourceArn": every}}
    return spoilt(app, "AWS::SNS::TopicPolicy", lambda policy: first_statement(policy).update(Condition=condition))


@planted("sender-named", "on behalf of anybody")
def a_queue_that_takes_messages_of_anybody(app):
    return spoilt(app, "AWS::SQS::QueuePolicy", lambda policy: first_statement(policy).pop("Condition"))


@planted("caller-named", "on behalf of anybody")
def a_function_that_any_api_may_call(app):
    return spoilt(app, PERMISSION, lacking("SourceArn"))


@planted("key-policy", "kms:CreateAlias")
def a_key_that_cannot_be_named(app):
    return spoilt(app, KEY, lambda key: key["KeyPolicy"]["Statement"][0]["Action"].remove("kms:CreateAlias"))


@planted("key-use", "without a condition")
def a_key_for_everybody(app):
    return spoilt(app, KEY, lambda key: key["KeyPolicy"]["Statement"][1].pop("Condition"))


@planted("table-encrypted", "not encrypted under our key")
def a_table_under_no_key(app):
    return spoilt(app, TABLE, lacking("SSESpecification"))


@planted("table-encrypted", "not encrypted under our key")
def a_table_under_a_key_of_aws(app):
    return spoilt(app, TABLE, lambda table: table["SSESpecification"].pop("KMSMasterKeyId"))


@planted("secret-variable", "DUFFEL_KEY in the clear")
def a_key_that_is_a_parameter(app):
    return spoilt(app, LAMBDA, setting(Environment={"Variables": {"DUFFEL_KEY": {"Ref": "Prefix"}}}))


@planted("secret-text", "like a secret")
def a_key_that_is_written_down(app):
    return spoilt(app, LAMBDA, setting(Description="duffel_" + "test_0123456789"))


@planted("environment-encrypted", "under our key")
def an_environment_that_anyone_may_read(app):
    return spoilt_template(app, "infra/stacks/watchers.yaml", lambda source: source["Globals"]["Function"].pop("KmsKeyArn"))


@planted("environment-readable", "can't decrypt")
def a_role_without_the_key(app):
    def forget(role):
        statements = role["Policies"][0]["PolicyDocument"]["Statement"]
        statements[:] = [statement for statement in statements if "kms:Decrypt" not in statement["Action"]]

    return spoilt(app, ROLE, forget, lambda role: "kms:Decrypt" in str(role))


@planted("environment-size", "4096 are allowed")
def an_environment_that_is_too_large(app):
    return spoilt(app, LAMBDA, setting(Environment={"Variables": {"MUCH": "m" * 4000}}))


@planted("alias-target", "past its alias")
def a_mapping_past_the_alias(app):
    def past(source):
        mapping = next(resource["Properties"] for resource in source["Resources"].values() if resource["Type"] == MAPPING)
        mapping["FunctionName"] = {"Ref": mapping["FunctionName"]["Ref"].removesuffix(".Alias")}

    return spoilt_template(app, "infra/stacks/search.yaml", past)


@planted("alias-target", "past its alias")
def a_leave_to_call_by_name(app):
    function = {"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Prefix}watchers-get-watcher"}
    return spoilt(app, PERMISSION, setting(FunctionName=function))


@planted("alias-first", "does not wait")
def retries_of_an_alias_that_is_not_there_yet(app):
    early = {"FunctionName": {"Ref": "RunSearch"}, "Qualifier": "live", "MaximumRetryAttempts": 0}
    retries = {"Early": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": early}}
    return spoilt_template(app, "infra/stacks/search.yaml", lambda search: search["Resources"].update(retries))


@planted("version-revised", "stays when Revision is raised")
def a_version_that_a_revision_does_not_replace(app):
    return spoilt(app, LAMBDA, lacking("VersionDescription"))


@planted("roll-back", "does not go back")
def a_canary_without_alarms(app):
    return spoilt(app, LAMBDA, lambda function: function["DeploymentPreference"].pop("Alarms"))


@planted("roll-back", "does not go back")
def a_version_that_takes_over_at_once(app):
    return spoilt(app, LAMBDA, lacking("DeploymentPreference"))


@planted("roll-back", "does not go back")
def a_canary_under_the_alarm_of_another_function(app):
    def swap(source):
        first, second, *_ = [resource["Properties"] for resource in source["Resources"].values() if resource["Type"] == LAMBDA]
        first["DeploymentPreference"]["Alarms"] = second["DeploymentPreference"]["Alarms"]

    return spoilt_template(app, "infra/stacks/watchers.yaml", swap)


@planted("failed-messages", "does not ring when messages")
def a_worker_whose_failed_messages_nobody_looks_at(app):
    def only_errors(alarm):
        alarm["Metrics"] = [metric for metric in alarm["Metrics"] if metric["Id"] not in ("failed", "parked", "done")]

    return spoilt(app, ALARM, only_errors, lambda alarm: "JobsParked" in str(alarm))


@planted("binary", "a function of 0 stacks")
def a_function_that_is_not_deployed(app):
    def remove(source):
        functions = [name for name, resource in source["Resources"].items() if resource["Type"] == LAMBDA]
        source["Resources"].pop(functions[0])

    return spoilt_template(app, "infra/stacks/watchers.yaml", remove)


@planted("binary", "nothing, which is no binary")
def a_function_made_of_nothing(app):
    def of_nothing(source):
        functions = [resource for resource in source["Resources"].values() if resource["Type"] == LAMBDA]
        functions[0]["Metadata"]["BuildProperties"]["Binary"] = "nothing"

    return spoilt_template(app, "infra/stacks/watchers.yaml", of_nothing)


@planted("binary", "is not called")
def a_function_under_another_name(app):
    return spoilt(app, LAMBDA, setting(FunctionName={"Fn::Sub": "${Prefix}watchers-do-else"}))


@planted("route-closed", "open to everybody")
def a_route_that_asks_for_no_token(app):
    return spoilt(app, ROUTE, lacking("AuthorizationType", "AuthorizerId"), is_closed)


@planted("route-closed", "though its endpoint is public")
def a_public_route_that_asks_for_a_token(app):
    token = setting(AuthorizationType="JWT", AuthorizerId={"Ref": "ApiId"})
    return spoilt(app, ROUTE, token, lambda route: not is_closed(route) and not is_of_pages(route))


@planted("route-closed", "though it is for pages")
def a_route_of_pages_that_asks_for_a_bearer_token(app):
    token = setting(AuthorizationType="JWT", AuthorizerId={"Ref": "ApiId"})
    return spoilt_template(app, "infra/stacks/watchers.yaml", lambda stack: token(route_of_pages(stack)))


@planted("route-of-pages", "none for apps leads where it does")
def a_route_that_is_for_pages_alone(app):
    astray = setting(RouteKey="GET /web/v1/everything")
    return spoilt_template(app, "infra/stacks/watchers.yaml", lambda stack: astray(route_of_pages(stack)))


def route_of_pages(stack: dict) -> dict:
    """The first of the routes of pages."""
    routes = [resource["Properties"] for resource in stack["Resources"].values() if resource["Type"] == ROUTE]
    return next(route for route in routes if is_of_pages(route))


@planted("route-count", f"{MOST} are allowed")
def more_routes_than_the_api_takes(app):
    def crowd(stack):
        some = next(resource for resource in stack["Resources"].values() if resource["Type"] == ROUTE)
        for number in range(MOST):
            route = some["Properties"] | {"RouteKey": f"GET /v1/things-{number}"}
            stack["Resources"][f"Crowd{number}"] = {"Type": ROUTE, "Properties": route}

    return spoilt_template(app, "infra/stacks/watchers.yaml", crowd)


def change_cors(**properties):
    """A change of what the API says to browsers."""
    return lambda api: api["CorsConfiguration"]["Fn::If"][1].update(properties)


@planted("cors-closed", "ask with cookies")
def an_api_that_lets_other_origins_ask_with_cookies(app):
    return spoilt(app, API, change_cors(AllowCredentials=True))


@planted("cors-closed", "send what a session shows")
def an_api_that_takes_the_tokens_of_pages_from_other_origins(app):
    return spoilt(app, API, change_cors(AllowHeaders=["X-CSRF-Token"]))


@planted("cors-closed", "shows pages of other origins")
def an_api_that_shows_the_tokens_of_pages_to_other_origins(app):
    return spoilt(app, API, change_cors(ExposeHeaders=["*"]))


@planted("api-throttled", "no ThrottlingRateLimit")
def an_api_that_lets_in_everything(app):
    return spoilt(app, STAGE, lacking("DefaultRouteSettings"))


@planted("api-throttled", "no ThrottlingBurstLimit")
def an_api_without_a_burst_limit(app):
    return spoilt(app, STAGE, lambda stage: stage["DefaultRouteSettings"].pop("ThrottlingBurstLimit"))


@planted("access-log", "identity.sourceIp")
def an_access_log_of_who_asked(app):
    return spoilt(app, STAGE, lambda stage: stage["AccessLogSettings"].update(Format='{"who": "$context.identity.sourceIp"}'))


@planted("metric-exists", "OutboxSize")
def a_metric_that_nothing_counts(app):
    return spoilt(app, ALARM, setting(MetricName="OutboxSize"), lambda alarm: alarm.get("MetricName") == "OutboxAge")


@planted("metric-exists", "MessageSent, which nothing counts")
def a_metric_that_is_an_event(app):
    return spoilt(app, ALARM, setting(MetricName="MessageSent"), lambda alarm: alarm.get("MetricName") == "OutboxAge")


@planted("metric-exists", "RequestsFailed, which nothing counts")
def a_filter_that_counts_for_somebody_else(app):
    def misspell(log):
        log["MetricTransformations"][0]["MetricNamespace"] = "MileBuyClubs"

    return spoilt(app, FILTER, misspell, lambda log: "RequestsFailed" in str(log))


@planted("metric-counter", "search-run-search, which does not count it")
def a_metric_that_another_function_counts(app):
    def swap(dashboard):
        body = dashboard["DashboardBody"]
        body["Fn::Sub"] = body["Fn::Sub"].replace("notifications-send-email", "search-run-search", 1)

    return spoilt(app, DASHBOARD, swap, lambda dashboard: "MailsSent" in str(dashboard))


@planted("metric-exists", "ApproximateAge,")
def a_metric_that_aws_does_not_count(app):
    return spoilt(app, ALARM, setting(MetricName="ApproximateAge"), lambda alarm: alarm.get("Namespace") == "AWS/SQS")


@planted("metric-dimensions", "by Queue")
def an_alarm_that_asks_by_another_dimension(app):
    other = [{"Name": "Queue", "Value": "x"}]
    return spoilt(app, ALARM, setting(Dimensions=other), lambda alarm: alarm.get("Namespace") == "AWS/SQS")


@planted("metric-dimensions", "RequestsFailed by api")
def an_alarm_that_asks_of_all_routes(app):
    def forget(alarm):
        alarm["Dimensions"] = [dimension for dimension in alarm["Dimensions"] if dimension["Name"] == "api"]

    return spoilt(app, ALARM, forget, lambda alarm: alarm.get("MetricName") == "RequestsFailed")


@planted("dimension-exists", "POST /v1/watcherz")
def an_alarm_of_a_route_that_does_not_exist(app):
    def misspell(alarm):
        [route] = [dimension for dimension in alarm["Dimensions"] if dimension["Name"] == "route"]
        route["Value"] = "POST /v1/watcherz"

    return spoilt(app, ALARM, misspell, lambda alarm: alarm.get("MetricName") == "RequestsFailed")


@planted("dimension-exists", "system-relay-inbox")
def an_alarm_of_a_function_that_is_gone(app):
    gone = [{"Name": "function", "Value": {"Fn::Sub": "${Prefix}system-relay-inbox"}}]
    return spoilt(app, ALARM, setting(Dimensions=gone), lambda alarm: alarm.get("MetricName") == "OutboxAge")


@planted("index-exists", "gsi3, which is no index")
def an_alarm_of_an_index_that_does_not_exist(app):
    def rename(alarm):
        [reads] = [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if query["Id"] == "gsi1Reads"]
        reads["Dimensions"][-1]["Value"] = "gsi3"

    return spoilt(app, ALARM, rename, lambda alarm: "gsi1Reads" in str(alarm))


@planted("alias-exists", ":alive, which is no alias")
def an_alarm_of_an_alias_that_does_not_exist(app):
    def rename(alarm):
        [alias] = [dimension for dimension in alarm["Dimensions"] if dimension["Name"] == "Resource"]
        alias["Value"] = {"Fn::Sub": alias["Value"]["Fn::Sub"].replace(":live", ":alive")}

    return spoilt(app, ALARM, rename, lambda alarm: "Resource" in str(alarm.get("Dimensions")))


@planted("filter-field", "reads statuss")
def a_filter_of_what_is_not_logged(app):
    return spoilt(app, FILTER, setting(FilterPattern="{ $.statuss >= 500 }"))


@planted("filter-field", "reads path")
def a_metric_by_what_is_not_logged(app):
    return spoilt(app, FILTER, lambda log: log["MetricTransformations"][0].update(Dimensions=[{"Key": "api", "Value": "$.path"}]))


@planted("queue-shown", "on no dashboard")
def a_queue_on_no_dashboard(app):
    def hide(dashboard):
        body = dashboard["DashboardBody"]
        body["Fn::Sub"] = body["Fn::Sub"].replace("${Prefix}email-dead", "${Prefix}searches-dead")

    return spoilt(app, DASHBOARD, hide)


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
    def spoil(app):
        return spoilt(app, SCHEDULE, setting(ScheduleExpression=expression))

    PLANTS.append(Plant(expression, "schedule", expression, spoil))


for faulty in FAULTY_SCHEDULES:
    plant_schedule(faulty)


def misses(app: Application) -> list[str]:
    """What the checks miss of the planted faults, and what has no planted fault."""
    missed = [f"{plant.check} does not report {plant.what}" for plant in PLANTS if not reported(plant, app)]
    missed += [f"{check} has no planted fault" for check in (TOOLS | RULES).keys() - {plant.check for plant in PLANTS}]
    missed += [f"schedule refuses {expression}" for expression in SOUND_SCHEDULES if fault(expression, once=True)]
    return missed


def reported(plant: Plant, app: Application) -> bool:
    spoilt_app, path = plant.spoil(app)
    faults = TOOLS[plant.check](spoilt_app, [path]) if plant.check in TOOLS else RULES[plant.check](spoilt_app)
    return any(plant.says in sentence for _, sentence in faults)
