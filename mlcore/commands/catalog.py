"""`python -m mlcore catalog`: what can be trained, and with which settings."""

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlcore import catalog, config
from mlcore.events import Events

_NAME, _DEFAULT = 32, 12
"""Widths of the columns in front of the help."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("--json", action="store_true", help="everything, settings included, as one JSON object")


def run(args: argparse.Namespace, events: Events) -> None:
    """Describes the architectures and their settings, for a person or for a program."""
    architectures = [catalog.describe(entry) for entry in catalog.ARCHITECTURES.values()]
    content = {"architectures": architectures, "sections": config.sections()}
    text = json.dumps(content, indent=2) if args.json else "\n".join(_page(architectures, content["sections"]))
    sys.stdout.write(text + "\n")


def _page(architectures: Iterable[Mapping[str, Any]], sections: Any) -> Iterator[str]:
    for entry in architectures:
        yield f"{entry['name']:<14}{entry['task']:<10}{entry['summary']}"
        yield from _settings("model", entry["model"])
        own = ", ".join(f"{name} {_value(value)}" for name, value in entry["training_defaults"].items())
        yield from _line("its own defaults of training", "", own or "none")
        if (used := entry["training_used"]) is not None:
            yield from _line("what it uses of training", "", ", ".join(used) or "nothing")
        yield ""
    yield "Settings that all architectures share, with the defaults of those that have none of their own"
    for name, entries in {"": config.top(), **sections}.items():
        yield from _settings(name, entries)


def _settings(section: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line a setting: its path in the configuration, its default, what it does and its bounds."""
    for entry in entries:
        path = f"{section}.{entry['name']}".removeprefix(".")
        if entry["fields"]:
            yield from _settings(f"{path}[]" if entry["type"] == "list" else path, entry["fields"])
        else:
            default = "required" if entry["required"] else _value(entry["default"])
            yield from _line(path, default, f"{entry['help']}{_bounds(entry)}")


def _line(name: str, default: str, text: str) -> Iterator[str]:
    width = max(80, shutil.get_terminal_size((120, 24)).columns)
    indent = " " * (2 + _NAME + _DEFAULT)
    head = f"  {name:<{_NAME}}{default:<{_DEFAULT}}"
    yield from textwrap.wrap(text, width, initial_indent=head, subsequent_indent=indent)


def _bounds(entry: Mapping[str, Any]) -> str:
    low, high = entry["minimum"], entry["maximum"]
    if entry["choices"]:
        return f" ({', '.join(entry['choices'])})"
    if low is None and high is None:
        return ""
    if high is None:
        return f" (at least {_value(low)})"
    return f" (at most {_value(high)})" if low is None else f" ({_value(low)} to {_value(high)})"


def _value(value: Any) -> str:
    """A default as a person would write it in the configuration."""
    if isinstance(value, float):
        return f"{value:.12g}"
    return json.dumps(value) if value in ("", None) or isinstance(value, bool | list | tuple | dict) else str(value)
