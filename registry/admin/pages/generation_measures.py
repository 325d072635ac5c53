"""How good a run's strings are, beside the run before it and what was published of a generator like it."""

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.pages.compare_runs_figures import comparable, groups
from registry.admin.parts import display
from registry.admin.parts.evaluation import SPELLING, Report
from registry.admin.parts.panels import Panel
from registry.admin.parts.report_histograms import OUTER, histograms
from registry.catalogue.published import like
from registry.models import GenerationRun, Job

POPULATIONS = {"drawn": "strings, repeats counted", "distinct": "different strings"}


def headline(run: GenerationRun) -> SafeString:
    """What a list shows: how many are valid, and how many are valid, unique and new by structure."""
    values = Report.of(run).values
    shown = [
        (label, values[key]) for label, key in (("Valid", "validity"), ("VUN by key", "by_key.vun")) if key in values
    ]
    if not shown:
        return display.EMPTY
    numbers = ((label, f"{100 * value:.1f}\u00a0%") for label, value in shown)
    inner = format_html_join("", "<span>{} <b>{}</b></span>", numbers)
    return format_html('<div class="sv-headline"><p>{}</p></div>', inner)


def previous_of(run: GenerationRun) -> GenerationRun | None:
    """The latest evaluated run before this one that it can be held against, the most alike first.

    Asked for the same and by the same line of models; else asked for the same; else by the same line.
    """
    line = Q(model_version__model=run.model_version.model_id)
    wish = Q(condition=run.condition)
    alike = sum(
        (Case(When(one, then=Value(worth)), default=Value(0), output_field=IntegerField())
         for one, worth in ((wish, 4), (line, 2), (Q(requested=run.requested, distinct=run.distinct), 1))),
        start=Value(0),
    )  # fmt: skip
    earlier = GenerationRun.objects.filter(wish | line, pk__lt=run.pk, metrics__has_key="evaluation")
    earlier = earlier.filter(Q(job=None) | Q(job__state=Job.State.SUCCEEDED))
    chosen = earlier.select_related("model_version__model").prefetch_related("model_version__properties")
    return chosen.annotate(alike=alike).order_by("-alike", "-pk").first()


def likeness(run: GenerationRun, other: GenerationRun) -> str:
    """In what the other run is comparable."""
    line = other.model_version.model_id == run.model_version.model_id
    if other.condition == run.condition:
        return "same model, same wish" if line else "same wish, another model"
    return "same model, another wish"


def measures(run: GenerationRun) -> list[Panel]:
    """The table and the histograms; nothing before the run was evaluated."""
    report = Report.of(run)
    if not report.values:
        return []
    previous = previous_of(run)
    reports = [report] + ([Report.of(previous)] if previous else [])
    published = like(run.model_version.architecture, report.n or 0)
    heads = [{"link": "this run", "badges": _n(report)}]
    if previous is not None:
        heads.append({"link": display.link(previous, f"run {previous.pk}"),
                      "badges": format_html("{}<br>{}", likeness(run, previous), _n(reports[1]))})  # fmt: skip
    heads.append({"link": f"{published.name}, published", "badges": f"label high, N {published.n:,}"})
    context = {"heads": heads, "groups": groups(reports, [published]), "notes": _notes(reports, published.source)}
    table = Panel("How good they are", "registry/generation/measures.html", context, note=_against(report))
    drawn = histograms(reports[:1], ["this run"])
    pictures = Panel("What they are like", "registry/generation/histograms.html", {"charts": drawn}, note=OUTER)
    return [table, *([pictures] if drawn else [])]


def _n(report: Report) -> str:
    return f"N {report.n:,}" + (", different" if report.population == "distinct" else "") if report.n else ""


def _against(report: Report) -> str:
    """Of which strings, and against what."""
    drawn = report.content.get("drawn")
    of = f" of {drawn:,} drawn" if isinstance(drawn, int) and drawn != report.n else ""
    name, rows = report.reference.get("name"), report.reference.get("rows")
    against = f", against {name} ({rows:,})" if name and rows else ""
    return f"{report.n or 0:,} {POPULATIONS.get(report.population, 'strings')}{of}{against}"


def _notes(reports: list[Report], source: str) -> list[str]:
    """What has to be known before two columns are compared."""
    notes = []
    if len(reports) > 1 and not comparable(reports):
        notes.append("The two runs differ in number, way of drawing or wish, so none is marked as better.")
    if reports[0].population == "distinct":
        notes.append("Published figures are of strings drawn with replacement; this run drew repeats again.")
    notes.append(f"Uniqueness, novelty and VUN depend on N. {SPELLING} Published: {source}.")
    return notes
