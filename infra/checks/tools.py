"""The checks that others wrote: `sam validate`, the translator of SAM, and cfn-lint on what it makes."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from application import Application

PROGRAMS = Path(sys.executable).parent

# Findings of cfn-lint that don't hold here, with the reason.
IGNORED = {
    "W2001": "the translator puts the values of some parameters in place; the rule parameter-used reads the templates as written",
    "W3002": "nested templates are local files until `sam deploy` packages them",
}


def validate(app: Application, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What `sam validate` says of each template as it is written."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=2) as pool:

        def run(path: str) -> subprocess.CompletedProcess:
            # Functions lie in tags that only SAM's own reader knows: what is written is what was read.
            written = Path(folder, path.replace("/", "-"))
            written.write_text(json.dumps(app.stacks[path].source, default=str))
            return subprocess.run([PROGRAMS / "sam", "validate", "--template", written], capture_output=True, text=True)

        for path, done in zip(paths, pool.map(run, paths)):
            if done.returncode != 0:
                yield path, " ".join((done.stderr or done.stdout).split())


def translate(app: Application, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What the translator refused when the templates were read."""
    for path in paths:
        if app.stacks[path].refused:
            yield path, app.stacks[path].refused


def lint(app: Application, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What cfn-lint says of each translated template, with the others beside it: it compares nested stacks' parameters."""
    with tempfile.TemporaryDirectory() as folder:
        for path, stack in app.stacks.items():
            written = Path(folder, path)
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(json.dumps(stack.template))
        command = [PROGRAMS / "cfn-lint", "--format", "json", "--ignore-checks", *IGNORED, "--", *paths]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode != 0 and not done.stdout:
            yield "cfn-lint", done.stderr
        for found in json.loads(done.stdout or "[]"):
            place = "/".join(map(str, found["Location"]["Path"] or []))
            yield f"{found['Filename']} {place}", f"{found['Rule']['Id']} {found['Message']}"


TOOLS = {"validate": validate, "translate": translate, "lint": lint}
