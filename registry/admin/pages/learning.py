"""How a version learned: its training step by step, and what more data brought to the versions of its model."""

from collections.abc import Sequence

from django.utils.safestring import SafeString

from registry.admin.parts.curves import curves
from registry.admin.parts.display import number, unit_text
from registry.admin.parts.figures import axis_unit, headline, property_order
from registry.admin.parts.held_out import held_out
from registry.admin.parts.panels import Panel
from registry.admin.parts.plot import Labels, Layer, plot
from registry.models import ModelVersion, RegisteredModel

NEWEST = 30  # versions of a line that are drawn


def learning_panel(version: ModelVersion) -> Panel | None:
    """None for a version that was not trained here and has no sisters."""
    run = version.training_run
    charts = curves(run.job) if run is not None and run.job is not None else []
    if version.model.task == RegisteredModel.Task.PREDICT:
        charts = [chart for chart in (_over_data(version), *charts) if chart]
    return Panel("How it learned", "registry/model/learning.html", {"charts": charts}) if charts else None


def _over_data(version: ModelVersion) -> SafeString:
    """Test error of the first property over the rows learned from, of the versions of one architecture."""
    names = property_order(version)
    line = version.model.versions.filter(architecture=version.architecture).select_related("model")
    rows = list(line.prefetch_related("properties").order_by("-number")[:NEWEST])
    item = next((one for one in version.properties.all() if names and one.name == names[0]), None)
    if item is None or len(rows) < 2:
        return SafeString("")
    found = sorted(point for one in rows if (point := _point(one, item.label)))
    unit = unit_text(axis_unit(item))
    notes = [f"{one}: {number(error)} with {size:,} training rows" for size, error, one in found]
    labels = Labels(
        f"Test error of {item.label} over training data",
        "training rows",
        f"MAE{', ' if unit else ''}{unit}",
        "; ".join(notes),
    )
    layers = [
        Layer("versions of this model, each on its own test rows", _spots(found), "dots", notes=notes),
        Layer(str(version), _spots([one for one in found if one[2] == str(version)]), "dots", 1),
    ]
    return plot(labels, layers, log_x=True) if len({size for size, _, _ in found}) > 1 else SafeString("")


def _point(version: ModelVersion, label: str) -> tuple[int, float, str] | None:
    """Training rows, test MAE, name."""
    size = held_out(version).train
    error = next((one.value for one in headline(version).get(label, ()) if one.key == "mae"), None)
    return (size, error, str(version)) if size and error is not None else None


def _spots(found: Sequence[tuple[int, float, str]]) -> list[tuple[float, float]]:
    return [(float(size), error) for size, error, _ in found]
