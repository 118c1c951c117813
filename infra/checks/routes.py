"""Rules of routes: who gets in where, for apps and for pages."""

import re

from application import LONGEST, Application, Stack
from rules import INTEGRATION, ROUTE, at, function_of, referred, rule

API = "AWS::ApiGatewayV2::Api"

# Where pages ask, with cookies: shared/platform/src/web.rs.
PAGES = "/web"
# API Gateway's quotas for one HTTP API: that of routes can be raised, that of integrations can't.
MOST = 300


@rule
def route_closed(app: Application):
    """A route asks for a token where API Gateway checks them, unless its endpoint is public, or for systems that sign what they
    send, or it is for pages: they have none that it could check."""
    sources = "".join(source.read_text() for source in app.root.glob("functions/*/src/*.rs"))
    public = {LONGEST["Prefix"] + name for name in re.findall(r'Endpoint::(?:public|signed)\(\s*"([a-z-]+)"', sources)}
    for stack, name, route in app.each(ROUTE):
        integration = referred(stack, route["Target"], INTEGRATION) or {}
        endpoint = stack.text((function_of(stack, integration.get("IntegrationUri")) or {}).get("FunctionName"))
        open_for = "its endpoint is public" if endpoint in public else "it is for pages" if is_of_pages(route) else ""
        if is_closed(route) == bool(open_for):
            yield at(stack, name), f"is closed though {open_for}" if open_for else "is open to everybody"


def is_closed(route: dict) -> bool:
    """Whether a route asks for a token, at least when `ChecksTokens` holds."""
    match route.get("AuthorizationType"), route.get("AuthorizerId"):
        case "JWT", {"Ref": _}:
            return True
        case {"Fn::If": ["ChecksTokens", "JWT", _]}, {"Fn::If": ["ChecksTokens", {"Ref": _}, _]}:
            return True
        case _:
            return False


def is_of_pages(route: dict) -> bool:
    return route["RouteKey"].partition(" ")[2].startswith(f"{PAGES}/")


@rule
def route_of_pages(app: Application):
    """What pages ask is what apps ask, at the same path after the prefix."""
    for stack in app.stacks.values():
        asked = {key(stack, route) for _, route in stack.properties(ROUTE)}
        for name, route in stack.properties(ROUTE):
            method, path, target = key(stack, route)
            if is_of_pages(route) and (method, path.removeprefix(PAGES), target) not in asked:
                yield at(stack, name), "is for pages, and none for apps leads where it does"


def key(stack: Stack, route: dict) -> tuple[str, str, str]:
    """Method, path and target of a route."""
    method, _, path = route["RouteKey"].partition(" ")
    return method, path, stack.text(route["Target"])


@rule
def route_count(app: Application):
    """The API takes as many routes and integrations as there are."""
    for kind, what in ((ROUTE, "routes"), (INTEGRATION, "integrations")):
        count = len(app.each(kind))
        if count > MOST:
            yield "the API", f"has {count} {what}; {MOST} are allowed"


@rule
def cors_closed(app: Application):
    """No page of another origin asks with cookies: the API says to browsers neither that it may, nor that it may show a token."""
    for stack, name, api in app.each(API):
        for cors in found_cors(api.get("CorsConfiguration")):
            if cors.get("AllowCredentials", False) is not False:
                yield at(stack, name), "lets pages of other origins ask with cookies"
            if {"*", "x-csrf-token", "cookie"} & {header.lower() for header in cors.get("AllowHeaders", [])}:
                yield at(stack, name), "lets pages of other origins send what a session shows"
            if {"*", "x-csrf-token"} & {header.lower() for header in cors.get("ExposeHeaders", [])}:
                yield at(stack, name), "shows pages of other origins what a session shows"


def found_cors(value) -> list[dict]:
    """The configurations that a value may come to."""
    match value:
        case {"Fn::If": [_, then, otherwise]}:
            return found_cors(then) + found_cors(otherwise)
        case {"Ref": _} | None:
            return []
        case _:
            return [value]
