"""Prints every template by its path, as CloudFormation gets it, in one JSON document."""

import json
import sys
from pathlib import Path

from application import Application

stacks = Application.read(Path(__file__).parents[2]).stacks
refused = [f"{path}: {stack.refused}" for path, stack in stacks.items() if stack.refused]
if refused:
    sys.exit("\n".join(refused))
json.dump({path: stack.template for path, stack in stacks.items()}, sys.stdout, default=str)
