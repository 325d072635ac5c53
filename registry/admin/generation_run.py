"""Generation runs, and the strings that they drew."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.html import format_html
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from registry.admin import display
from registry.admin.action_view import ActionView
from registry.admin.base import RecordAdmin
from registry.admin.forms.generation import StartGenerationForm
from registry.admin.panels import Button, Fact, Panel, go, list_of, table
from registry.admin.related import RelatedFilter
from registry.admin.run import RunAdmin
from registry.models import Candidate, GenerationRun, Proposal

SHOWN = 24


@admin.register(GenerationRun)
class GenerationRunAdmin(RunAdmin):
    list_display = ("__str__", "live", "version", "wish", "requested", "found", "by", "created")
    list_filter = (("job__state", ChoicesDropdownFilter), ("model_version", RelatedFilter))
    list_select_related = ("job__created_by", "model_version__model")
    search_fields = ("model_version__model__name",)
    empty_hint = "Let a generator draw its first candidates."
    list_buttons = ("start_button",)

    def start_button(self, request: HttpRequest) -> Button | None:
        return go(request, StartGenerationForm.permission, "Generate candidates", "registry_generationrun_start",
                  "auto_awesome", style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=StartGenerationForm, model_admin=self)
        return [self.own_path("start/", view, "start"), *super().get_urls()]

    @admin.display(description="model version")
    def version(self, row: GenerationRun) -> str:
        return display.link(row.model_version)

    @admin.display(description="asked for")
    def wish(self, row: GenerationRun) -> str:
        return ", ".join(f"{name} {wish}" for name, wish in row.condition.items()) or "nothing in particular"

    @admin.display(description="candidates")
    def found(self, row: GenerationRun) -> str:
        return format_html('<a class="sv-link" href="{}">see them</a>', list_of(Candidate, run=row.pk))

    def inputs(self, row: GenerationRun) -> list[Fact]:
        return [
            Fact("Model version", self.version(row)),
            Fact("Asked for", self.wish(row)),
            Fact("Requested", f"{row.requested:,} {'new structures' if row.accept else 'strings'}"),
            Fact("Seed", row.seed),
        ]

    def outputs(self, request: HttpRequest, row: GenerationRun) -> list[Panel]:
        return [_candidates(row), _proposals(row)]

    def moving(self, request: HttpRequest, row: GenerationRun) -> list[Panel]:
        return [_funnel(row)]

    def buttons(self, request: HttpRequest, row: GenerationRun) -> list[Button | None]:
        score = go(request, "registry.add_scoringrun", "Score its candidates", "registry_scoringrun_start",
                   "leaderboard", query=f"generation_run={row.pk}", style="primary")  # fmt: skip
        see = go(request, "registry.view_candidate", "Curate its candidates", "registry_candidate_changelist",
                 "science", query=f"run={row.pk}")  # fmt: skip
        return [*super().buttons(request, row), see, score]


def _funnel(row: GenerationRun) -> Panel:
    """What each stage left of the strings."""
    fresh = Q(valid=True, duplicate=False)
    counts = row.proposals.aggregate(
        n_drawn=Count("pk"),
        n_valid=Count("pk", filter=Q(valid=True)),
        n_distinct=Count("pk", filter=fresh),
        n_new=Count("pk", filter=fresh & Q(known=False)),
        n_accepted=Count("candidate", filter=Q(candidate__status=Candidate.Status.ACCEPTED), distinct=True),
    )
    top = counts["n_drawn"] or 1
    stages = [(name.removeprefix("n_"), count, f"{100 * count / top:.1f}") for name, count in counts.items()]
    context = {"stages": stages, "empty": not counts["n_drawn"]}
    return Panel("What became of the strings", "registry/parts/funnel.html", context, name="funnel")


def _candidates(row: GenerationRun) -> Panel:
    rows = (
        Candidate.objects.filter(proposals__run=row)
        .select_related("structure")
        .prefetch_related("scores__property")
        .distinct()
        .order_by("pk")[:SHOWN]
    )
    cards = [(c, display.drawing(c.structure), display.status(c), _first_score(c)) for c in rows]
    context = {"cards": cards, "empty": "No candidates yet."}
    return Panel("Candidates", "registry/parts/cards.html", context, link=list_of(Candidate, run=row.pk))


def _first_score(candidate: Candidate) -> Any:
    scores = candidate.scores.all()
    return (
        display.uncertain(s.value, s.standard_deviation, s.property, s.in_domain)
        if (s := next(iter(scores), None))
        else ""
    )


def _proposals(row: GenerationRun) -> Panel:
    rows = row.proposals.select_related("candidate")[:15]
    return table(
        "Proposals",
        ["rank", "string", "log-likelihood", "what became of it"],
        [[p.rank, code(p.text), display.number(p.log_likelihood), outcome(p)] for p in rows],
        empty="Nothing has been drawn yet.",
        link=list_of(Proposal, run__id__exact=row.pk),
    )


def code(text: str) -> str:
    return format_html('<code class="sv-smiles">{}</code>', text)


def outcome(row: Proposal) -> Any:
    if not row.valid:
        return display.badge(row.reason, "red", "block")
    if row.duplicate:
        return display.badge("drawn before", "grey")
    if row.candidate is None:
        return display.badge("known", "grey")
    return display.link(row.candidate)


@admin.register(Proposal)
class ProposalAdmin(RecordAdmin):
    list_display = ("string", "run", "rank", "likelihood", "became")
    list_filter = (
        ("run", RelatedFilter),
        ("valid", BooleanRadioFilter),
        ("duplicate", BooleanRadioFilter),
        ("known", BooleanRadioFilter),
    )
    list_select_related = ("run__model_version__model", "candidate")
    search_fields = ("text__contains", "reason__contains")
    ordering = ("-run", "rank")
    empty_hint = "Generation runs keep every string that they draw here, and what became of it."

    @admin.display(description="string", ordering="text")
    def string(self, row: Proposal) -> str:
        return code(row.text)

    @admin.display(description="log-likelihood", ordering="log_likelihood")
    def likelihood(self, row: Proposal) -> str:
        return display.number(row.log_likelihood)

    @admin.display(description="became")
    def became(self, row: Proposal) -> str:
        return outcome(row)

    def facts(self, request: HttpRequest, row: Proposal) -> list[Fact]:
        return [
            Fact("String", code(row.text), wide=True),
            Fact("Run", display.link(row.run)),
            Fact("Rank", row.rank),
            Fact("Log-likelihood", display.number(row.log_likelihood)),
            Fact("Became", outcome(row)),
        ]
