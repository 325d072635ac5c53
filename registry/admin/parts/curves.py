"""What a training reports step by step, as charts."""

from collections.abc import Mapping

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.actions.retry_job import subject_of
from registry.admin.parts.chart import line_chart
from registry.admin.parts.display import unit_text
from registry.models import Job, JobEvent, Property, TrainingRun

SPLITS = {"train": "training", "valid": "validation", "test": "test"}
# Where the two lines of a loss are no two values of one thing; all others are the same loss on other rows.
LOSS_NOTES = {
    "polymer-gnn": "Training: Huber loss of the value plus the likelihood of its variance, which may be negative. "
    "Validation: mean squared error of the ensemble. Only the course of each line counts, not the gap between them.",
}
TITLES = {"loss": "Loss", "loss_unprompted": "Loss without a condition"}


def curves(job: Job) -> list[SafeString]:
    """One chart for each metric, with a line for each split."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    metrics = job.events.filter(kind=JobEvent.Kind.METRIC).order_by("attempt", "sequence")
    for data in metrics.values_list("data", flat=True):
        step, value = data.get("step"), data.get("value")
        if isinstance(step, int | float) and isinstance(value, int | float):
            name, split = str(data.get("name", "metric")), str(data.get("split", ""))
            found.setdefault(name, {}).setdefault(SPLITS.get(split, split) or "value", []).append((step, value))
    run = subject_of(job) if found else None
    known = {item.name: item for item in run.properties.all()} if isinstance(run, TrainingRun) else {}
    notes = {"loss": LOSS_NOTES.get(run.architecture, "")} if isinstance(run, TrainingRun) else {}
    colours = {split: place for place, split in enumerate(SPLITS.values())}
    return [
        _noted(line_chart(series, title=metric_title(name, known), apart=True, colours=colours), notes.get(name, ""))
        for name, series in found.items()
    ]


def metric_title(name: str, known: Mapping[str, Property]) -> str:
    """mae_conductivity as MAE of Ionic conductivity, decades; a name that nobody has explained stays as it is."""
    measure, _, subject = name.partition("_")
    if measure == "mae" and subject in known:
        item = known[subject]
        unit = "decades" if item.scale == Property.Scale.LOG10 else unit_text(item.unit)
        return f"MAE of {item.label}{', ' if unit else ''}{unit}"
    return TITLES.get(name, name)


def _noted(chart: SafeString, note: str) -> SafeString:
    return format_html('<div>{}<p class="sv-foot sv-faint">{}</p></div>', chart, note) if note else chart
