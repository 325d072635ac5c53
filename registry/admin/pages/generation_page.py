"""What a generation run brought: how many strings got how far, and the new candidates, the best answers first."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Exists, FilteredRelation, OuterRef, Prefetch, Q, QuerySet
from django.utils.html import format_html, format_html_join

from registry.actions.start_generation import CLASSES
from registry.admin.parts import display
from registry.admin.parts.panels import Panel, list_of, table
from registry.admin.parts.scores import score_text, scores_with_models
from registry.admin.parts.wishes import Wish, answers, wishes
from registry.models import Candidate, CandidateScore, GenerationRun, Property, Proposal

SHOWN = 24
LISTED = 15
NEW = Q(valid=True, duplicate=False, known=False)  # proposals that made a candidate of this run
MEASURES = (
    ("valid", "Validity", "strings that are a polymer or molecule"),
    ("unique", "Uniqueness", "strings that are valid and the first of their structure in this run"),
    ("new", "Novelty", "strings that are valid and were not in the registry before"),
    ("vun", "Valid, unique and new", "strings that made a candidate"),
    ("synthesizability", "Synthesizability", "of the new structures, those with an SA score below 5"),
    ("similarity", "Similarity", "mean Tanimoto similarity of the new structures to the measured ones, 0 to 1"),
    ("diversity", "Diversity", "mean Tanimoto distance between the new structures, 0 to 1"),
)
NO_SHARES = ("similarity", "diversity")


def new_candidates(run: GenerationRun) -> QuerySet[Candidate]:
    """Those that this run was the first to propose."""
    return Candidate.objects.filter(pk__in=run.proposals.filter(NEW).values("candidate"))


def funnel(run: GenerationRun) -> Panel:
    """Each stage as a share of the one before it, because that is where it was lost."""
    counts = run.proposals.aggregate(
        n_drawn=Count("pk"),
        n_valid=Count("pk", filter=Q(valid=True)),
        n_distinct=Count("pk", filter=Q(valid=True, duplicate=False)),
        n_new=Count("pk", filter=NEW),
    )
    mine = new_candidates(run)
    scored = mine.filter(Exists(CandidateScore.objects.filter(candidate=OuterRef("pk")))).count()
    accepted = mine.filter(status=Candidate.Status.ACCEPTED).count()
    stages = (
        ("Strings drawn", counts["n_drawn"], counts["n_drawn"], ""),
        ("Valid structures", counts["n_valid"], counts["n_drawn"], "of the strings"),
        ("Different structures", counts["n_distinct"], counts["n_valid"], "of the valid"),
        ("New to the registry", counts["n_new"], counts["n_distinct"], "of the different"),
        ("Scored by a champion", scored, counts["n_new"], "of the new"),
        ("Accepted by a curator", accepted, counts["n_new"], "of the new"),
    )
    top = counts["n_drawn"] or 1
    rows = [
        (label, f"{count:,}", f"{100 * count / top:.1f}", _share(count, of, what)) for label, count, of, what in stages
    ]
    context = {"stages": rows, "empty": not counts["n_drawn"]}
    return Panel("From strings to candidates", "registry/parts/funnel.html", context, name="funnel")


def _share(count: int, of: int, what: str) -> str:
    return f"{100 * count / of:.1f} % {what}" if of and what else ""


def measures(run: GenerationRun) -> Panel:
    """The six measures of PolyGen by structure, of all strings and, where repeats were drawn again, of the others."""
    n, unlike = run.metrics.get("n"), run.metrics.get("distinct", {})
    populations = [(f"all {n:,} strings drawn", run.metrics)] if n else []
    populations += [(f"the {unlike['n']:,} different ones", unlike)] if unlike else []
    rows = [
        [name, *(_measure(key, metrics) for _, metrics in populations), what]
        for key, name, what in MEASURES
        if run.metrics.get(key) is not None
    ]
    title = "As the registry counts" if "evaluation" in run.metrics else "How good they are"
    note = "two spellings of one structure count as one; new is what was not in the registry" if n else ""
    if why := run.metrics.get("not_evaluated"):
        note = f"not evaluated: {why}"
    return table(title, ["measure", *(of for of, _ in populations), "what it is"], rows,
                 empty="Known when the run is done.", note=note,
                 wide=bool(unlike))  # fmt: skip


def _measure(key: str, metrics: dict[str, Any]) -> object:
    """A share in per cent; what new structures are like does not depend on the strings counted."""
    value = metrics.get(key)
    if value is None:
        return display.EMPTY
    return f"{value:.3f}" if key in NO_SHARES else f"{100 * value:.1f}\u00a0%"


def candidates(run: GenerationRun) -> list[Panel]:
    """New candidates by how well they answer the wish, and for each wish what was asked for and what is predicted."""
    asked = wishes(run)
    lead = asked[0] if asked else _best_property(run)
    rows = new_candidates(run)
    count = rows.count()
    ordered = rows.order_by("pk")
    if lead is not None:
        score = FilteredRelation("scores", condition=Q(scores__property=lead.property))
        ordered = rows.alias(lead=score).order_by(lead.order("lead"), "pk")
    scores = Prefetch("scores", scores_with_models().select_related("property"))
    shown = ordered.select_related("structure").prefetch_related(scores)[:SHOWN]
    names = [wish.property.pk for wish in asked] or ([lead.property.pk] if lead else [])
    cards = [(c, display.drawing(c.structure), display.status(c), _scores(c, names)) for c in shown]
    context = {"cards": cards, "empty": _none_new(run)}
    title = f"New candidates ({count:,})" if count else "New candidates"
    panel = Panel(title, "registry/parts/cards.html", context, link=list_of(Candidate, run=run.pk),
                  note=_order_note(lead, [card[0] for card in cards]))  # fmt: skip
    return [*([answers(asked, rows)] if asked and count else []), panel]


def _best_property(run: GenerationRun) -> Wish | None:
    """For a run without a wish: the first scored property that has a better direction."""
    scored = CandidateScore.objects.filter(candidate__in=new_candidates(run)).values("property")
    better = Property.objects.exclude(better=Property.Better.NEITHER).filter(pk__in=scored).first()
    if better is None:
        return None
    return Wish(better, "low" if better.better == Property.Better.LOWER else "high", None)


def _order_note(lead: Wish | None, shown: list[Candidate]) -> str:
    if lead is None or not shown:
        return ""
    label = lead.property.label
    if not any(
        score.property_id == lead.property.pk for score in shown[0].scores.all()
    ):  # those with a score come first
        return f"no {label} predicted yet"
    if lead.asked not in CLASSES:
        return f"predicted {label} closest to {lead.text} first"
    return f"{'highest' if lead.asked == 'high' else 'lowest'} predicted {label} first"


def _none_new(run: GenerationRun) -> str:
    if not run.proposals.exists():
        return "No candidates yet."
    return "Nothing new: every valid structure was in the registry before, or drawn twice."


def _scores(candidate: Candidate, properties: Iterable[int]) -> Any:
    found = {score.property_id: score for score in candidate.scores.all()}
    parts = [(score_text(s, s.property),) for pk in properties if (s := found.get(pk)) is not None]
    return format_html_join("", "{}", parts) or format_html('<span class="sv-faint">{}</span>', "not scored yet")


def proposals(run: GenerationRun) -> Panel:
    rows = run.proposals.select_related("candidate")[:LISTED]
    return table(
        "Strings as drawn",
        ["no.", "string", "log-likelihood", "what became of it"],
        [[p.rank + 1, code(p.text), display.number(p.log_likelihood), outcome(p)] for p in rows],
        empty="Nothing has been drawn yet.",
        link=list_of(Proposal, run__id__exact=run.pk),
    )


def code(text: str) -> str:
    return format_html('<code class="sv-smiles">{}</code>', text)


def outcome(row: Proposal) -> Any:
    if not row.valid:
        return display.badge(row.reason, "red", "block")
    if row.duplicate:
        return display.badge("drawn before", "grey")
    if row.known:
        known = display.badge("known before", "grey")
        return known if row.candidate is None else format_html("{} {}", known, display.link(row.candidate))
    return display.link(row.candidate)
