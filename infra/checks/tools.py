"""The checks that others wrote: `sam validate`, the translator of SAM, and cfn-lint on what it makes.

Their programs are called in this process: each takes more time to start than to check a template.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cfnlint.config import ConfigMixIn
from cfnlint.runner import Runner
from click.testing import CliRunner
from samcli.cli.main import cli as sam

from application import Application

# Findings of cfn-lint that don't hold here, with the reason.
IGNORED = {
    "W2001": "the translator puts the values of some parameters in place; the rule parameter-used reads the templates as written",
    "W3002": "nested templates are local files until `sam deploy` packages them",
}


def validate(app: Application, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What `sam validate` says of each template as it is written."""
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            # A template with a planted fault is no file of the project.
            written = write(Path(folder, path), app.stacks[path].source)
            done = CliRunner().invoke(sam, ["validate", "--template", str(written)])
            if done.exit_code != 0:
                yield path, " ".join(done.output.split()) or repr(done.exception)


def translate(app: Application, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What was refused when the templates were read and translated."""
    for path in paths:
        if app.stacks[path].refused:
            yield path, app.stacks[path].refused


def lint(app: Application, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What cfn-lint says of each translated template, with the others beside it: it compares nested stacks' parameters."""
    with tempfile.TemporaryDirectory() as folder:
        written = {path: write(Path(folder, path), stack.template) for path, stack in app.stacks.items()}
        chosen = [str(written[path]) for path in paths if not app.stacks[path].refused]
        for found in Runner(ConfigMixIn(["--ignore-checks", *IGNORED, "--", *chosen])).run():
            place = "/".join(map(str, found.path or []))
            yield f"{Path(found.filename).relative_to(folder)} {place}", f"{found.rule.id} {found.message}"


def write(path: Path, template: dict) -> Path:
    """Writes a template as JSON, which is YAML too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(template, default=str))
    return path


TOOLS = {"validate": validate, "translate": translate, "lint": lint}
