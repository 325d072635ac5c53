"""What validation rows did in a training, which depends on the architecture, and so why their figures flatter."""

from collections.abc import Iterable

_STEP = "chose the training step, so they flatter"
_WIDTH = "set the width of the intervals, so the share within these flatters"
_TURNS = "are of models that had not learned from these rows, but set the width of the intervals"
STEERED: dict[str, str] = {
    "trees": "chose the number of rounds and set the width of the intervals, so they flatter",
    "fchl": _WIDTH,
    "dressed-atoms": _WIDTH,
    "gaussian-process": f"{_TURNS}, so they flatter",
    "stack": f"{_TURNS} and the weights of the members, so they flatter",
}
"""By architecture, of those that keep no training step: what the figures of the validation rows did."""


def steered(architectures: Iterable[str]) -> str:
    """they chose the training step, so they flatter; where architectures differ, of each."""
    said: dict[str, list[str]] = {}
    for name in dict.fromkeys(architectures):
        said.setdefault(STEERED.get(name, _STEP), []).append(name)
    if len(said) == 1:
        return f"they {next(iter(said))}"
    return "; ".join(f"those of {' and '.join(names)} {what}" for what, names in said.items())
