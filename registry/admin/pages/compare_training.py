"""How the trainings of several versions differed: in their settings, and in their curves."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.safestring import SafeString

from registry.admin.pages.compare_figures import merged
from registry.admin.parts import display
from registry.admin.parts.chart import Points, line_chart
from registry.models import JobEvent, ModelVersion

DEEPEST = 8  # levels of settings; a bundle may come from anywhere
OF_THE_FILE = ("column", "smiles_column")  # how the training table named its columns says nothing of the model
PARTS = {"train": "Training", "valid": "Validation", "test": "Test"}
_MISSING = object()


def settings(versions: Sequence[ModelVersion]) -> tuple[list[tuple[str, list[str]]], int]:
    """Settings that differ, and how many are the same."""
    columns = [dict(flat(version.config)) for version in versions]
    rows = [(name, [column.get(name, _MISSING) for column in columns]) for name in merged(columns)]
    rows = [(name, values) for name, values in rows if name.rpartition(".")[2] not in OF_THE_FILE]
    differ = [(name, [_text(v) for v in values]) for name, values in rows if any(v != values[0] for v in values)]
    return differ, len(rows) - len(differ)


def flat(content: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Settings as dotted names; entries of a list that have a name go by it, so that their order says nothing."""
    if isinstance(content, dict) and depth < DEEPEST:
        for name, value in content.items():
            yield from flat(value, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(content, list) and content and all(isinstance(one, dict) and "name" in one for one in content):
        for one in content:
            rest = {key: value for key, value in one.items() if key != "name"}
            yield from flat(rest, f"{path}.{one['name']}", depth + 1)
    else:
        yield path, content


def pairs(content: Any) -> list[tuple[str, str]]:
    """Settings as names and readable values."""
    return [(name, _text(value)) for name, value in flat(content)]


def _text(value: Any) -> str:
    return "–" if value is _MISSING else display.pairs({"": value if not isinstance(value, dict) else None})[0][1]


class Curves(NamedTuple):
    """charts: for each metric and part, one line a version. without: which versions have none, and why."""

    charts: list[tuple[str, SafeString]]
    without: str


def curves(versions: Sequence[ModelVersion]) -> Curves:
    """A version has curves where it was trained here, step by step."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for version in versions:
        for title, point in _points(version):
            found.setdefault(title, {}).setdefault(str(version), []).append(point)
    order = sorted(found, key=lambda title: ("loss" not in title, title))
    series: list[tuple[str, dict[str, Points]]] = [(title, dict(found[title])) for title in order]
    drawn = {name for lines in found.values() for name in lines}
    without = _without([version for version in versions if str(version) not in drawn])
    return Curves([(title, line_chart(lines)) for title, lines in series], without)


def _without(versions: Sequence[ModelVersion]) -> str:
    """not trained here: ions v1; trained here without a curve: energies v2."""
    said: dict[str, list[str]] = {}
    for version in versions:
        here = version.training_run is not None and version.training_run.job_id is not None
        said.setdefault("trained here without a curve" if here else "not trained here", []).append(str(version))
    return "; ".join(f"{why}: {', '.join(names)}" for why, names in said.items())


def _points(version: ModelVersion) -> Iterator[tuple[str, tuple[float, float]]]:
    job = version.training_run.job_id if version.training_run else None
    if job is None:
        return
    labels = {f"mae_{item.name}": f"MAE, {item.label}" for item in version.properties.all()}
    labels["loss_unprompted"] = "loss without a condition"
    events = JobEvent.objects.filter(job=job, kind=JobEvent.Kind.METRIC).order_by("attempt", "sequence")
    for data in events.values_list("data", flat=True):
        step, value = data.get("step"), data.get("value")
        name, part = str(data.get("name", "metric")), str(data.get("split", ""))
        if isinstance(step, int | float) and isinstance(value, int | float):
            yield f"{PARTS.get(part, part)} {labels.get(name, name)}".strip(), (step, value)
