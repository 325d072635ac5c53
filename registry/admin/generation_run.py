"""Generation runs, and the strings that they drew."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from registry.admin.base import RecordAdmin
from registry.admin.forms.generation import StartGenerationForm
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages import generation_measures, generation_page
from registry.admin.pages.action_view import ActionView
from registry.admin.pages.compare import Incomparable
from registry.admin.pages.compare_runs import MOST, chosen
from registry.admin.pages.generation_page import code, outcome
from registry.admin.parts import display
from registry.admin.parts.panels import Button, Fact, Panel, go, list_of
from registry.admin.parts.sampling import asked_number, sampling
from registry.admin.parts.wishes import wishes
from registry.admin.run import RunAdmin
from registry.models import Candidate, GenerationRun, Job, Proposal


@admin.register(GenerationRun)
class GenerationRunAdmin(RunAdmin):
    list_display = ("__str__", "live", "version", "wish", "number", "found", "quality", "by", "created")
    list_filter = (("job__state", ChoicesDropdownFilter), ("model_version", RelatedFilter))
    list_select_related = ("job__created_by", "model_version__model")
    search_fields = ("model_version__model__name",)
    empty_hint = "Let a generator draw its first candidates."
    list_buttons = ("start_button",)
    actions = ("compare_chosen",)

    def start_button(self, request: HttpRequest) -> Button | None:
        return go(request, StartGenerationForm.permission, "Generate candidates", "registry_generationrun_start",
                  "auto_awesome", style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=StartGenerationForm, model_admin=self)
        return [
            self.own_path("start/", view, "start"),
            self.own_path("compare/", self.compare_view, "compare"),
            self.own_path("compare/csv/", self.compare_csv, "compare_csv"),
            *super().get_urls(),
        ]

    @admin.action(description="Compare", permissions=["view"])
    def compare_chosen(self, request: HttpRequest, rows: Any) -> HttpResponse:
        query = "&".join(f"run={pk}" for pk in rows.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
        return redirect(f"{reverse('admin:registry_generationrun_compare')}?{query}")

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Runs side by side, at an address that can be sent to somebody."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        try:
            content, status = chosen(request).context(), 200
        except Incomparable as error:
            content, status = {"problem": str(error)}, 400
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Compare runs", **content}
        return TemplateResponse(request, "registry/generation/compare.html", context, status=status)

    def compare_csv(self, request: HttpRequest) -> HttpResponse:
        """The table of the same page as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            comparison = chosen(request)
        except Incomparable as error:
            return HttpResponse(str(error), status=400, content_type="text/plain")
        name = "-".join(str(run.pk) for run in comparison.runs)
        headers = {"Content-Disposition": f'attachment; filename="generation-runs-{name}.csv"'}
        return HttpResponse("\ufeff" + comparison.csv(), content_type="text/csv; charset=utf-8", headers=headers)

    @admin.display(description="model version")
    def version(self, row: GenerationRun) -> str:
        return display.link(row.model_version)

    @admin.display(description="asked for")
    def wish(self, row: GenerationRun) -> str:
        asked = (f"{wish.property.label}: {wish.brief}" for wish in wishes(row, ranges=False))
        return ", ".join(asked) or "nothing in particular"

    @admin.display(description="requested", ordering="requested")
    def number(self, row: GenerationRun) -> str:
        return asked_number(row)

    @admin.display(description="new candidates")
    def found(self, row: GenerationRun) -> str:
        count = row.metrics.get("new_structures")
        if not count:
            return display.EMPTY if count is None else "0"
        return format_html('<a class="sv-link" href="{}">{}</a>', list_of(Candidate, run=row.pk), f"{count:,}")

    @admin.display(description="quality")
    def quality(self, row: GenerationRun) -> str:
        return generation_measures.headline(row)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GenerationRun]:
        return super().get_queryset(request).prefetch_related("model_version__properties")

    def inputs(self, row: GenerationRun) -> list[Fact]:
        asked = "; ".join(f"{wish.property.label}: {wish.text}" for wish in wishes(row))
        return [
            Fact("Model version", self.version(row)),
            Fact("Asked for", asked or "nothing in particular"),
            Fact("Requested", asked_number(row)),
            Fact("Sampling", sampling(row)),
            Fact("Seed", row.seed),
        ]

    def outputs(self, request: HttpRequest, row: GenerationRun) -> list[Panel]:
        return [*generation_measures.measures(row), *generation_page.candidates(row), generation_page.proposals(row)]

    def metrics(self, row: GenerationRun) -> Panel:
        return generation_page.measures(row)

    def moving(self, request: HttpRequest, row: GenerationRun) -> list[Panel]:
        return [generation_page.funnel(row)]

    def buttons(self, request: HttpRequest, row: GenerationRun) -> list[Button | None]:
        """Nothing is done with candidates before all are in."""
        if row.job is not None and row.job.state != Job.State.SUCCEEDED:
            return super().buttons(request, row)
        previous = generation_measures.previous_of(row) if "evaluation" in row.metrics else None
        compare = previous and go(request, "registry.view_generationrun", "Compare", "registry_generationrun_compare",
                                  "balance", query=f"run={previous.pk}&run={row.pk}")  # fmt: skip
        score = go(request, "registry.add_scoringrun", "Score its candidates", "registry_scoringrun_start",
                   "leaderboard", query=f"generation_run={row.pk}", style="primary")  # fmt: skip
        see = go(request, "registry.view_candidate", "Curate its candidates", "registry_candidate_changelist",
                 "science", query=f"run={row.pk}")  # fmt: skip
        return [*super().buttons(request, row), compare, see, score]


@admin.register(Proposal)
class ProposalAdmin(RecordAdmin):
    list_display = ("string", "run", "place", "likelihood", "became")
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

    @admin.display(description="drawn as no.", ordering="rank")
    def place(self, row: Proposal) -> int:
        return row.rank + 1

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
            Fact("Drawn as", f"no. {self.place(row):,}"),
            Fact("Log-likelihood", display.number(row.log_likelihood)),
            Fact("Became", outcome(row)),
        ]
