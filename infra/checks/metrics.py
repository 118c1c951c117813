"""Rules of what is counted, and of the alarms and dashboards that look at it."""

import json
import re

from application import Application, Stack, references
from rules import ALARM, DASHBOARD, FUNCTION, NAMED, QUEUE, STAGE, TABLE, at, metrics_of, rule

FILTER = "AWS::Logs::MetricFilter"

# What we count: by function, as shared/platform/src/telemetry.rs writes it, or by API, as the filters of its access log do.
OURS = "MileBuyClub"
# What is counted that we look at, and by which dimensions.
METRICS = {
    OURS: ((), [{"function"}, {"api"}, {"api", "route"}]),
    "AWS/ApiGateway": (("4xx", "5xx", "Count", "IntegrationLatency", "Latency"), [{"ApiId"}]),
    "AWS/DynamoDB": (
        ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"),
        [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
    ),
    "AWS/Lambda": (
        ("ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"),
        [set(), {"FunctionName"}, {"FunctionName", "Resource"}],
    ),
    "AWS/Logs": (("IncomingBytes",), [set()]),
    "AWS/SES": (
        ("Bounce", "Complaint", "Delivery", "Reject", "Reputation.BounceRate", "Reputation.ComplaintRate", "Send"),
        [{"ses:configuration-set"}],
    ),
    "AWS/SQS": (
        ("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfEmptyReceives"),
        [{"QueueName"}],
    ),
}


@rule
def metric_exists(app: Application):
    """What alarms and dashboards show is something that is counted: by our code, by a filter of a log, or by AWS."""
    counted = set()
    for source in (*app.root.glob("functions/*/src/*.rs"), *app.root.glob("shared/platform/src/*.rs")):
        counted.update(re.findall(r'"([A-Z][A-Za-z]+)"', source.read_text()))
    for stack, _, log in app.each(FILTER):
        counted.update(transformation["MetricName"] for transformation in log["MetricTransformations"])
    for place, namespace, metric, _ in shown(app):
        if metric not in (counted if namespace == OURS else METRICS.get(namespace, ((), ()))[0]):
            yield place, f"shows {namespace} {metric}, which nothing counts"


@rule
def metric_dimensions(app: Application):
    """Metrics are asked for by the dimensions that they are counted by; by others there is nothing to see."""
    for place, namespace, metric, of in shown(app):
        if namespace in METRICS and set(of) not in METRICS[namespace][1]:
            yield place, f"shows {namespace} {metric} by {', '.join(of) or 'nothing'}"


@rule
def dimension_exists(app: Application):
    """Functions, queues and tables that alarms and dashboards show are those of the deployment."""
    there = {"QueueName": QUEUE, "FunctionName": FUNCTION, "function": FUNCTION, "TableName": TABLE}
    known = {d: {stack.text(p.get(NAMED[kind][0])) for stack, _, p in app.each(kind)} for d, kind in there.items()}
    for place, _, metric, of in shown(app):
        for dimension, value in of.items():
            if dimension in known and value not in known[dimension]:
                yield place, f"shows {metric} of {value}, which does not exist"


@rule
def index_exists(app: Application):
    """Indexes that alarms and dashboards show are those of the table that they name."""
    indexes = {
        (stack.text(table["TableName"]), index["IndexName"])
        for stack, _, table in app.each(TABLE)
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    for place, _, metric, of in shown(app):
        index = of.get("GlobalSecondaryIndexName")
        if index and (of.get("TableName"), index) not in indexes:
            yield place, f"shows {metric} of {index}, which is no index of {of.get('TableName')}"


@rule
def filter_field(app: Application):
    """Filters of an access log read what API Gateway writes into it."""
    for stack, name, log in app.each(FILTER):
        read = set(re.findall(r"\$\.(\w+)", json.dumps([log["FilterPattern"], log["MetricTransformations"]])))
        absent = read - logged(stack, log["LogGroupName"])
        if absent:
            yield at(stack, name), f"reads {', '.join(sorted(absent))}, which nothing logs"


def logged(stack: Stack, group) -> set[str]:
    """The names of what is written into an access log."""
    logs = [stage.get("AccessLogSettings", {}) for _, stage in stack.properties(STAGE)]
    formats = [stack.text(log["Format"]) for log in logs if references(log.get("DestinationArn")) & references(group)]
    return {name for line in formats for name in re.findall(r'"(\w+)":', line)}


@rule
def queue_shown(app: Application):
    """Every queue and every dead-letter queue is on a dashboard."""
    seen = {of.get("QueueName") for place, _, _, of in shown(app, (DASHBOARD,))}
    for stack, name, queue in app.each(QUEUE):
        if stack.text(queue.get("QueueName", {"Ref": name})) not in seen:
            yield at(stack, name), "is on no dashboard"


def shown(app: Application, kinds=(ALARM, DASHBOARD)):
    """Place, namespace, metric and dimensions of everything that an alarm or a dashboard looks at."""
    for stack, name, alarm in app.each(ALARM) if ALARM in kinds else ():
        for looked in metrics_of(alarm):
            of = {d["Name"]: stack.text(d["Value"]) for d in looked.get("Dimensions", [])}
            yield at(stack, name), looked["Namespace"], looked["MetricName"], of
    for stack, name, dashboard in app.each(DASHBOARD) if DASHBOARD in kinds else ():
        for widget in json.loads(stack.text(dashboard["DashboardBody"]))["widgets"]:
            for namespace, metric, *of in spelt_out(widget["properties"].get("metrics", [])):
                yield at(stack, name), namespace, metric, dict(zip(of[::2], of[1::2]))


def spelt_out(rows: list[list]):
    """The metrics of a widget without their abbreviations: `.` is what stands above, `...` all but the last of it."""
    above = []
    for row in rows:
        row = [part for part in row if isinstance(part, str)]
        if row[0] == "...":
            row = above[: len(above) - len(row) + 1] + row[1:]
        above = [above[place] if part == "." else part for place, part in enumerate(row)]
        yield above
