"""The templates of the application: as they are written, and as CloudFormation gets them."""

import copy
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cfnlint.decode import decode_str
from samcli.yamlhelper import yaml_parse
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

# The translator asks boto for a region, and takes any.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

ROOT = "template.yaml"
STACKS = "infra/stacks"

# What names, limits and sizes are checked with: parameters as long as they may be, and the longest that AWS has.
LONGEST = {
    "Prefix": "abcdefghijklmnopqrs-",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "ap-southeast-2",
    "AWS::URLSuffix": "amazonaws.com",
    "ApiDomain": "d" * 64,
    "MailDomain": "d" * 64,
    "MailSender": "m" * 100,
    "PublicUrl": "u" * 100,
    "TokenIssuer": "i" * 100,
    "TokenAudience": "a" * 64,
    # Two RSA keys of 2048 bits: the one that signs, and the one that did before.
    "TokenJwks": "k" * 2 * 480,
}
# A secret that a dynamic reference stands for.
SECRET = "s" * 128


@dataclass
class Stack:
    """One template."""

    path: str
    source: dict
    template: dict = field(default_factory=dict)
    refused: str = ""

    def resources(self, *types: str) -> dict[str, dict]:
        """Its translated resources of these types, by logical id."""
        found = self.template.get("Resources", {}).items()
        return {name: resource for name, resource in found if not types or resource["Type"] in types}

    def properties(self, kind: str):
        """Logical id and properties of each translated resource of a type."""
        return [(name, resource.get("Properties", {})) for name, resource in self.resources(kind).items()]

    def text(self, value) -> str:
        """What a value becomes at most. What only a deployment knows stands in angle brackets."""
        match value:
            case {"Ref": name}:
                return self._named(name)
            case {"Fn::Sub": str(pattern)}:
                return self._substituted(pattern, {})
            case {"Fn::Sub": [pattern, variables]}:
                return self._substituted(pattern, variables)
            case {"Fn::Join": [separator, list(parts)]}:
                return separator.join(self.text(part) for part in parts)
            case {"Fn::GetAtt": [*path]}:
                return f"<{'.'.join(map(str, path))}>"
            case {"Fn::GetAtt": str(path)}:
                return f"<{path}>"
            case {"Fn::If": [_, then, otherwise]}:
                return max(self.text(then), self.text(otherwise), key=len)
            case str():
                return value
            case bool():
                return str(value).lower()
            case int() | float():
                return str(value)
            case _:
                return json.dumps(value, default=str)

    def _substituted(self, pattern: str, variables: dict) -> str:
        def found(match):
            name = match[1]
            return self.text(variables[name]) if name in variables else self._named(name)

        return re.sub(r"\$\{([^!}][^}]*)\}", found, pattern)

    def _named(self, name: str) -> str:
        if name in LONGEST:
            return LONGEST[name]
        default = self.template.get("Parameters", {}).get(name, {}).get("Default")
        return f"<{name}>" if default in (None, "") else str(default)


@dataclass
class Application:
    """All templates: the root's, and one for each nested stack."""

    root: Path
    stacks: dict[str, Stack]

    @classmethod
    def read(cls, root: Path) -> "Application":
        """Reads every template, and translates it."""
        paths = [root / ROOT, *sorted((root / STACKS).glob("*.yaml"))]
        relative = [path.relative_to(root).as_posix() for path in paths]
        return cls(root, {path: read(path, (root / path).read_text()) for path in relative})

    def with_text(self, path: str, change) -> "Application":
        """The same application with the text of one template changed."""
        text = change((self.root / path).read_text())
        return Application(self.root, self.stacks | {path: read(path, text)})

    def with_changed(self, path: str, change) -> "Application":
        """The same application with one template changed."""
        source = copy.deepcopy(self.stacks[path].source)
        change(source)
        return Application(self.root, self.stacks | {path: translated(path, source)})

    def nested(self) -> dict[str, str]:
        """The path of each nested stack's template, by the stack's name in the root."""
        stacks = self.stacks[ROOT].properties("AWS::CloudFormation::Stack")
        return {name: Path(str(stack["TemplateURL"])).as_posix() for name, stack in stacks}

    def each(self, kind: str):
        """Stack, logical id and properties of each resource of a type."""
        return [(stack, *found) for stack in self.stacks.values() for found in stack.properties(kind)]


def read(path: str, text: str) -> Stack:
    """A template of a file. SAM's reader takes the last of two values of one name; that of cfn-lint refuses both."""
    _, faults = decode_str(text)
    if faults:
        return Stack(path, {}, refused="; ".join(str(fault) for fault in faults))
    return translated(path, yaml_parse(text))


def translated(path: str, source: dict) -> Stack:
    """A template as the translator of SAM makes it; it translates code only that is in a bucket."""
    stack = Stack(path, source)
    fragment = json.loads(json.dumps(source, default=str))
    for resource in fragment.get("Resources", {}).values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/function.zip"
    try:
        stack.template = transform(fragment, values(fragment), ManagedPolicyLoader(None))
    except InvalidDocumentException as refused:
        stack.refused = "; ".join(cause.message for cause in refused.causes)
    return stack


def values(source: dict) -> dict[str, str]:
    """A value for each parameter that has no default: the translator asks for them."""
    declared = source.get("Parameters", {}).items()
    return {name: str(parameter.get("Default", LONGEST.get(name, "any"))) for name, parameter in declared}


def walk(value, path=()):
    """Every value within a value, with the way there."""
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from walk(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from walk(inner, (*path, place))


def references(value) -> set[str]:
    """The logical ids that a value refers to."""
    found = set()
    for _, inner in walk(value):
        match inner:
            case {"Ref": str(name)}:
                found.add(name)
            case {"Fn::GetAtt": [name, *_]}:
                found.add(name)
            case {"Fn::GetAtt": str(name)}:
                found.add(name.split(".")[0])
            case {"Fn::Sub": str(pattern)} | {"Fn::Sub": [str(pattern), _]}:
                found.update(re.findall(r"\$\{([A-Za-z0-9]+)[.}]", pattern))
    return found
