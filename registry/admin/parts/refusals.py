"""Why a structure has no prediction, where the log of a scoring says it."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin.parts import display
from registry.models import JobEvent, ScoringRun, Structure

RUNS = 20  # the newest that refused anything; their logs are read for each such page
NAMED = 100  # characters by which a log names a structure: a longer one is not told from others


def unscored(row: Structure) -> SafeString | str:
    """That no model has scored it, and what the newest run said that tried."""
    said = "No model has scored this structure."
    if len(row.smiles) > NAMED:
        return said
    start = f"{row.smiles}: "
    runs = (
        ScoringRun.objects.filter(failed__gt=0, job__isnull=False)
        .order_by("-pk")
        .select_related("model_version__model")
    )
    by_job = {run.job_id: run for run in runs[:RUNS]}
    logged = JobEvent.objects.filter(job__in=by_job, kind=JobEvent.Kind.LOG, message__startswith=start)
    found = logged.order_by("-job_id", "-pk").first()
    if found is None:
        return said
    return format_html(
        "{} {} refused it: {}", said, display.link(by_job[found.job_id]), found.message.removeprefix(start)
    )
