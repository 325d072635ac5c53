"""What a training reports step by step, as charts."""

from django.utils.safestring import SafeString

from registry.admin.chart import line_chart
from registry.models import Job, JobEvent


def curves(job: Job) -> list[SafeString]:
    """One chart for each metric, with a line for each split."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    metrics = job.events.filter(kind=JobEvent.Kind.METRIC).order_by("attempt", "sequence")
    for data in metrics.values_list("data", flat=True):
        step, value = data.get("step"), data.get("value")
        if isinstance(step, int | float) and isinstance(value, int | float):
            name, split = str(data.get("name", "metric")), str(data.get("split", ""))
            found.setdefault(name, {}).setdefault(f"{split} {name}".strip(), []).append((step, value))
    return [line_chart(series) for series in found.values()]
