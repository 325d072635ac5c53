"""The overview: the loop in numbers, what runs, what is best, what was decided."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest

from registry.actions.retry_job import run_of
from registry.admin.job import RUNS, progress
from registry.admin.lists.filters import scored_properties
from registry.admin.parts import display, domain
from registry.admin.parts.panels import go, list_of
from registry.admin.parts.scores import scores_with_models, source
from registry.models import (
    Alias,
    Candidate,
    Dataset,
    Decision,
    GenerationRun,
    Job,
    Measurement,
    ModelVersion,
    Prediction,
    Property,
    ScoringRun,
    Structure,
)
from registry.search.sentence import counted

BEST, LATEST = 12, 8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    if not request.user.has_perm("registry.view_candidate"):
        return context
    counts = dict(Candidate.objects.order_by().values_list("status").annotate(Count("pk")))
    return context | {
        "title": "Overview",
        "stages": _stages(counts),
        "statuses": _statuses(counts),
        "jobs": _jobs(),
        "best": _best(request),
        "decisions": _latest_decisions(),
        "next_steps": _next_steps(request, counts),
    }


def _stages(counts: dict[str, int]) -> list[dict[str, Any]]:
    """Round the loop: each number leads to its list."""
    computed = Q(method=Measurement.Method.COMPUTED)
    measured = Measurement.objects.filter(retired_at=None).aggregate(
        all=Count("pk", filter=~computed), waiting=Count("pk", filter=Q(added_in=None)),
        computed=Count("pk", filter=computed),
    )  # fmt: skip
    versions = ModelVersion.objects.aggregate(
        all=Count("pk", distinct=True), champions=Count("pk", filter=Q(aliases__name=Alias.CHAMPION), distinct=True)
    )
    undecided = counts.get(Candidate.Status.PROPOSED, 0)
    waiting = f"{measured['waiting']:,} not yet frozen" if measured["waiting"] else "all frozen"
    if measured["computed"]:
        waiting = f"and {measured['computed']:,} computed; {waiting}"
    return [
        _stage("Structures", Structure.objects.count(), "hub", list_of(Structure),
               counted(Dataset.objects.count(), "dataset")),
        _stage("Measurements", measured["all"], "labs", list_of(Measurement), waiting),
        _stage("Model versions", versions["all"], "deployed_code", list_of(ModelVersion),
               counted(versions["champions"], "champion")),
        _stage("Candidates", sum(counts.values()), "science", list_of(Candidate),
               counted(GenerationRun.objects.count(), "generation run")),
        _stage("Predictions", Prediction.objects.count(), "query_stats", list_of(Prediction), "with uncertainty"),
        _stage("Decisions", Decision.objects.count(), "gavel", list_of(Decision),
               f"{undecided:,} undecided"),
    ]  # fmt: skip


def _stage(label: str, count: int, icon: str, url: str, note: str) -> dict[str, Any]:
    return {"label": label, "count": f"{count:,}", "icon": icon, "url": url, "note": note}


def _statuses(counts: dict[str, int]) -> list[dict[str, Any]]:
    total = sum(counts.values()) or 1
    return [
        {
            "label": label,
            "count": counts.get(value, 0),
            "share": f"{100 * counts.get(value, 0) / total:.2f}",
            "colour": display.STATUS_LOOK[Candidate.Status(value)][0],
            "url": list_of(Candidate, status=value),
        }
        for value, label in Candidate.Status.choices
    ]


def _jobs() -> list[dict[str, Any]]:
    """What runs and waits, then the latest of what has ended."""
    rows = Job.objects.select_related(*RUNS)
    open_ = list(rows.exclude(state__in=Job.FINAL).order_by("-created_at", "pk")[:LATEST])
    ended = list(rows.filter(state__in=Job.FINAL).order_by("-created_at", "pk")[: LATEST - len(open_)])
    return [
        {
            "job": job,
            "work": display.link(run_of(job) or job),
            "progress": progress(job),
            "when": display.when(job.created_at),
        }
        for job in (*open_, *ended)
    ]


def _best(request: HttpRequest) -> dict[str, Any]:
    """The best candidates by the first property that has a better direction.

    Neither the rejected ones nor those out of the model's domain: there the largest values are the least to be trusted.
    """
    property_ = next((p for p in scored_properties(request) if p.better != Property.Better.NEITHER), None)
    if property_ is None:
        return {"cards": [], "waiting": _champions_scoring()}
    order = "value" if property_.better == Property.Better.LOWER else "-value"
    rows = list(
        scores_with_models()
        .filter(property=property_)
        .exclude(candidate__status=Candidate.Status.REJECTED)
        .exclude(in_domain=False)
        .select_related("candidate__structure")
        .order_by(order, "candidate_id")[:BEST]
    )
    cards = [
        (
            s.candidate,
            display.drawing(s.candidate.structure),
            display.status(s.candidate),
            display.stacked(
                display.uncertain(s.value, s.standard_deviation, property_, domain.mark(s.prediction)), source(s)
            ),
        )
        for s in rows
    ]
    judged = {f"{property_.name}_in_domain": "true"} if any(s.in_domain for s in rows) else {}
    return {"property": property_, "cards": cards, "judged": judged, "url": list_of(Candidate, **judged)}


def _champions_scoring() -> ScoringRun | None:
    """Why there are no scores yet: a new champion's are on their way."""
    waiting = ScoringRun.objects.filter(model_version__aliases__name=Alias.CHAMPION).exclude(job__state__in=Job.FINAL)
    return waiting.select_related("model_version__model", "job").order_by("pk").first()


def _latest_decisions() -> list[dict[str, Any]]:
    rows = Decision.objects.select_related("candidate__structure", "reviewer").order_by("-pk")[:LATEST]
    return [
        {
            "row": row,
            "picture": display.drawing(row.candidate.structure, css="sv-small"),
            "verdict": display.verdict(row),
            "when": display.when(row.created_at),
        }
        for row in rows
    ]


def _next_steps(request: HttpRequest, counts: dict[str, int]) -> list[Any]:
    """What a person can do from here, in the order of the loop."""
    steps = [
        go(request, "registry.add_importrun", "Import data", "registry_importrun_upload", "upload_file"),
        go(request, "registry.add_trainingrun", "Train a model", "registry_trainingrun_start", "model_training"),
        go(
            request, "registry.add_generationrun", "Generate candidates", "registry_generationrun_start", "auto_awesome"
        ),
    ]
    if counts.get(Candidate.Status.PROPOSED):
        steps.append(go(request, "registry.decide_candidate", "Curate", "registry_candidate_changelist", "science",
                        query="status=proposed", style="primary"))  # fmt: skip
    return [step for step in steps if step]
