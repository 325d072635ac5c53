"""`python -m mlcore catalog`: what can be trained, and with which settings."""

import argparse
import json
import sys

from mlcore import catalog, config
from mlcore.events import Events


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("--json", action="store_true", help="everything, settings included, as one JSON object")


def run(args: argparse.Namespace, events: Events) -> None:
    """Lists the architectures for a person, or describes them whole for a program."""
    architectures = catalog.ARCHITECTURES.values()
    if args.json:
        content = {"architectures": [catalog.describe(entry) for entry in architectures], "sections": config.sections()}
        sys.stdout.write(json.dumps(content, indent=2) + "\n")
        return
    for entry in architectures:
        sys.stdout.write(f"{entry.name:<14}{entry.task:<10}{entry.summary}\n")
