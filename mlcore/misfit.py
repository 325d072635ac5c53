"""Why weights do not fit a network, in the words of its settings and not of its tensors."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

Shapes = Mapping[str, tuple[int, ...]]

_COUNTS = ("model.layers", "model.members")
"""Settings that say how many modules there are, and not how large they are."""


def explain(expected: Shapes, found: Shapes, settings: Mapping[str, int]) -> str:
    """What the network has otherwise than the weights, in one short phrase.

    expected: the shapes of the network's tensors by name; found: those of the weights.
    settings: the numbers that decide the shapes, by the name in which they are told.
    """
    told = [f"{name} is {ours}, the weights have {theirs}" for name, (ours, theirs) in _counts(expected, found).items()]
    told += _blame(_sizes(expected, found), {n: size for n, size in settings.items() if n not in _COUNTS})
    return "; ".join(told) or _first(expected, found)


def _blame(pairs: set[tuple[int, int]], settings: Mapping[str, int]) -> list[str]:
    """The settings whose value explains all (expected, found) sizes, themselves or some multiple of them."""
    for value, actual in sorted(pairs):
        names = [name for name, number in settings.items() if number == value]
        if names and all(a * actual == b * value for a, b in pairs):
            return [f"{' or '.join(names)} is {value}, the weights have {actual}"]
    return []


def _counts(expected: Shapes, found: Shapes) -> dict[str, tuple[int, int]]:
    """By setting the (expected, found) numbers of modules of one kind, where they differ."""
    ours, theirs = _numbered(expected), _numbered(found)
    differing = [group for group in sorted(ours.keys() & theirs) if ours[group] != theirs[group]]
    return {_setting(group): (len(ours[group]), len(theirs[group])) for group in differing}


def _setting(group: str) -> str:
    name = f"model.{group.rpartition('.')[2]}"
    return name if name in _COUNTS else "model.layers"


def _first(expected: Shapes, found: Shapes) -> str:
    """The first tensor that differs, where no setting is to blame."""
    name = min(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    if name not in found:
        return f"the tensor {name} is missing"
    if name not in expected:
        return f"there is no place for the tensor {name}"
    return f"{name} must be {_written(expected[name])}, the weights have {_written(found[name])}"


def _numbered(names: Iterable[str]) -> Mapping[str, set[str]]:
    """The numbers that occur below each name: {'blocks': {'0', '1', '2'}}."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        parts = name.split(".")
        for place, part in enumerate(parts):
            if part.isdigit():
                groups[".".join(parts[:place])].add(part)
    return groups


def _sizes(expected: Shapes, found: Shapes) -> set[tuple[int, int]]:
    """(expected, found) sizes of tensors that both have, where they differ."""
    both = [
        (expected[name], found[name]) for name in expected.keys() & found if len(expected[name]) == len(found[name])
    ]
    return {pair for ours, theirs in both for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]}


def _written(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
