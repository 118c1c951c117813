"""Checks the templates, says everything that is wrong with them, and proves on planted faults that the checks bite."""

import logging
import sys
import time
from pathlib import Path

import planted
from application import Application
from rules import MOST_RESOURCES, RULES
from tools import TOOLS


def faults(app: Application) -> list[str]:
    """Everything that is wrong."""
    found = [(name, *fault) for name, tool in TOOLS.items() for fault in tool(app, list(app.stacks))]
    # Our rules look at all templates together.
    if not any(stack.refused for stack in app.stacks.values()):
        found += [(name, *fault) for name, rule in RULES.items() for fault in rule(app)]
    return [f"{name}: {place}: {sentence}" for name, place, sentence in found]


def table(app: Application) -> list[str]:
    """Resources after translation, a stack a line."""
    counts = {path: len(stack.resources()) for path, stack in app.stacks.items()}
    lines = [f"{count:>5}  {path}" for path, count in counts.items()]
    return [f"resources after translation ({MOST_RESOURCES} a stack are allowed)", *lines, f"{sum(counts.values()):>5}  together"]


def main(root: Path) -> int:
    # The translator warns of metrics of its own that it does not send.
    logging.disable(logging.WARNING)
    started = time.monotonic()
    app = Application.read(root)
    print("\n".join(table(app)))
    wrong = faults(app)
    checks, took = len(TOOLS | RULES), time.monotonic() - started
    print(f"{checks} checks of {len(app.stacks)} templates in {took:.0f} s: {len(wrong)} faults")
    if not wrong:
        started = time.monotonic()
        wrong = planted.misses(app)
        print(f"{len(planted.PLANTS)} planted faults in {time.monotonic() - started:.0f} s: {len(wrong)} missed")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
