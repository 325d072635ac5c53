"""What the training action refuses, in the words of the form: inputs go by their labels and not by their API names."""

import re
from collections.abc import Mapping

from registry.actions import training_levels
from registry.actions.base import ActionError
from registry.admin.forms.training_inputs import LABELS, LEVEL

SPLIT = "data.split"


def told(error: ActionError, labels: Mapping[str, str]) -> str:
    """labels: of the settings by path, such as training.steps."""
    text = error.message.removeprefix("inputs: ").removeprefix("config: ")
    if error.field == training_levels.FIELD:
        return f"{text.partition(training_levels.CHOOSE)[0]}Choose one under “{LEVEL}”."
    known = {path: f"“{label}”" for path, label in labels.items()} | {SPLIT: "Held-out shares"}
    if error.field.startswith("inputs"):
        known |= LABELS
    return _path(known).sub(lambda found: known[found[0]], text)


def at(error: ActionError, labels: Mapping[str, str]) -> str | None:
    """The setting that the message names first; None where it names none."""
    found = _path(labels).search(error.message) if error.field == "config" and labels else None
    return found[0] if found else None


def _path(names: Mapping[str, str]) -> re.Pattern[str]:
    """Any of these names, as a whole."""
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, longest))})(?![\w.]*\w)")
