"""Rules of what is counted, and of the alarms and dashboards that look at it."""

import json
import re
from collections import defaultdict
from pathlib import Path

from application import LONGEST, Application, Stack, references
from rules import ALARM, ALIAS, DASHBOARD, FUNCTION, NAMED, QUEUE, ROUTE, STAGE, TABLE, at, function_of, metrics_of, rule

FILTER = "AWS::Logs::MetricFilter"

# What we count: by function, as shared/platform/src/telemetry.rs writes it, or as the filters of the access log do.
OURS = "MileBuyClub"
# What AWS counts that we look at, and by which dimensions.
METRICS = {
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

# What is meant by a dimension.
DIMENSIONS = {
    "FunctionName": FUNCTION,
    "QueueName": QUEUE,
    "TableName": TABLE,
    "function": FUNCTION,
    "route": ROUTE,
    "ses:configuration-set": "AWS::SES::ConfigurationSet",
}


@rule
def metric_exists(app: Application):
    """What alarms and dashboards show is something that is counted: by our code, by a filter of a log, or by AWS."""
    ours = counters(app).keys() | filtered(app).keys()
    for place, namespace, metric, _ in shown(app):
        if metric not in (ours if namespace == OURS else METRICS.get(namespace, ((), ()))[0]):
            yield place, f"shows {namespace} {metric}, which nothing counts"


@rule
def metric_counter(app: Application):
    """What alarms and dashboards show of a function is something that this function counts."""
    known = counters(app)
    for place, namespace, metric, of in shown(app):
        if namespace == OURS and "function" in of and of["function"] not in known.get(metric, ()):
            yield place, f"shows {metric} of {of['function']}, which does not count it"


def counters(app: Application) -> dict[str, set[str]]:
    """The functions, as they are deployed, that count something, by what they count."""
    functions = [path.stem for path in app.root.glob("functions/*/src/bin/*.rs")]
    found = defaultdict(set)
    shared = [source for crate in ("platform", "providers") for source in app.root.glob(f"shared/{crate}/src/*.rs")]
    for source in (*app.root.glob("functions/*/src/*.rs"), *shared):
        for metric in counted(source.read_text()):
            found[metric].update(LONGEST["Prefix"] + function for function in running(source, functions))
    return found


def running(source: Path, functions: list[str]) -> list[str]:
    """The functions that a source file may run in: the one that it is of, those of its context, or all."""
    context = source.parents[1].name
    own = f"{context}-{source.stem.replace('_', '-')}"
    return [own] if own in functions else [name for name in functions if name.startswith(f"{context}-")] or functions


def counted(source: str) -> set[str]:
    """What a source file counts: the names in the calls, and in what a name in them is bound to."""
    code = re.sub(r"(?m)^\s*//.*$", "", source.split("#[cfg(test)]")[0])
    found = set()
    for named in re.findall(r"\b(?:count|measure)\(\s*&?(?:self\.)?cx,\s*([^,;]+),", code):
        meant = bound(named, code) if named.isidentifier() else named
        found.update(re.findall(r'"([A-Z]\w+)"', meant))
    return found


def bound(name: str, code: str) -> str:
    """What a name is bound to, by `let` or by `for`."""
    lets = re.findall(rf"\blet {name} = ([^;]*);", code)
    loops = re.findall(rf"\bfor [^;{{]*\b{name}\b[^;{{]* in ([^;{{]*){{", code)
    return " ".join(lets + loops)


def filtered(app: Application) -> dict[str, list[set[str]]]:
    """What filters of logs count, and by which dimensions."""
    found = defaultdict(list)
    for _, _, log in app.each(FILTER):
        for made in log["MetricTransformations"]:
            if made["MetricNamespace"] == OURS:
                found[made["MetricName"]].append({dimension["Key"] for dimension in made.get("Dimensions", [])})
    return found


@rule
def metric_dimensions(app: Application):
    """Metrics are asked for by the dimensions that they are counted by; by others there is nothing to see."""
    ours = {metric: [{"function"}] for metric in counters(app)} | filtered(app)
    for place, namespace, metric, of in shown(app):
        known = ours.get(metric) if namespace == OURS else METRICS.get(namespace, ((), None))[1]
        if known and set(of) not in known:
            yield place, f"shows {namespace} {metric} by {', '.join(of) or 'nothing'}"


@rule
def dimension_exists(app: Application):
    """Functions, queues, tables, routes and configuration sets that alarms and dashboards show are those of the deployment."""
    known = {d: {stack.text(p.get(NAMED[kind][0])) for stack, _, p in app.each(kind)} for d, kind in DIMENSIONS.items()}
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
def alias_exists(app: Application):
    """Aliases that alarms and dashboards show are those of the function that they name."""
    aliases = set()
    for stack, name, alias in app.each(ALIAS):
        function = stack.text(function_of(stack, {"Ref": name})["FunctionName"])
        aliases.add((function, f"{function}:{alias['Name']}"))
    for place, _, metric, of in shown(app):
        alias = of.get("Resource")
        if alias and (of.get("FunctionName"), alias) not in aliases:
            yield place, f"shows {metric} of {alias}, which is no alias of {of.get('FunctionName')}"


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
