"""The curation workbench: the list of candidates."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import FilteredRelation, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join

from registry.actions.decide import Decide
from registry.actions.tag_candidates import TagCandidates
from registry.admin.base import RecordAdmin
from registry.admin.forms.curation import AssignForm, DecideForm, TagForm
from registry.admin.lists.candidate_list import CandidateChangeList, LastWhenMissing
from registry.admin.lists.chips import chips
from registry.admin.lists.factors import in_decades
from registry.admin.lists.filters import SelectionFilter, chosen_of, scored_properties, selection_of
from registry.admin.lists.list_sort import list_sort
from registry.admin.lists.status_tabs import status_tabs
from registry.admin.pages.candidate_page import candidate_page
from registry.admin.pages.selection_view import SelectionView, selection_page
from registry.admin.parts import display
from registry.admin.parts.candidate_values import measured_briefly, standing_values
from registry.admin.parts.panels import Button, go
from registry.admin.parts.scores import score_text, scores_with_models
from registry.models import Candidate, CandidateScore, Decision, Property
from registry.search.selection import CandidateFilter

MOST_COLUMNS = 4  # properties in the list; a candidate's page shows all


@admin.register(Candidate)
class CandidateAdmin(RecordAdmin):
    list_filter = (SelectionFilter,)
    search_fields = ("structure__smiles",)  # shows the box; CandidateFilter says what is searched
    search_help_text = "Number, SMILES or a part of it, tag, formula"
    list_display_links = None
    list_before_template = "registry/candidate/before_list.html"
    actions = ("accept", "reject", "hold", "comment", "tag", "assign", "score", "export")
    list_buttons = ("export_button", "generate_button")
    empty_hint = "Candidates come from generation runs: let a generator draw some."
    page_template = "registry/candidate/page.html"

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Candidate]:
        return self.with_scores(request, super().get_queryset(request))

    def with_scores(self, request: HttpRequest, rows: QuerySet[Candidate]) -> QuerySet[Candidate]:
        """What a row of the list shows, in four queries; and a join for each property, used only to sort by it."""
        joins = {
            f"score_{p.pk}": FilteredRelation("scores", condition=Q(scores__property_id=p.pk))
            for p in scored_properties(request)
        }
        scores = Prefetch("scores", scores_with_models().order_by("property_id"))
        found = Prefetch("structure__measurements", standing_values(), to_attr="standing_values")
        return rows.select_related("structure", "assignee").prefetch_related("tags", scores, found).alias(**joins)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """The best first, by the first property that has a better direction."""
        best = next((p for p in scored_properties(request) if p.better != Property.Better.NEITHER), None)
        if best is None:
            return ["-pk"]
        value = LastWhenMissing(f"score_{best.pk}__value")
        return [value.asc() if best.better == Property.Better.LOWER else value.desc(), "-pk"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CandidateChangeList]:
        return CandidateChangeList

    def get_sortable_by(self, request: HttpRequest) -> None:
        """Whatever names an order: columns are functions made for the request, and no name would list them."""

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        shown = scored_properties(request)[:MOST_COLUMNS]
        columns = [_score_column(p, with_spread=bool(place)) for place, p in enumerate(shown)]
        columns[1:1] = [_spread_column(p) for p in shown[:1]]
        return [_structure_column(request), "status_", *columns, "created"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Candidate], search_term: str
    ) -> tuple[QuerySet[Candidate], bool]:
        return CandidateFilter({"search": search_term.strip()}, queryset).qs, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if (moved := in_decades(request)) is not None:
            return moved
        context = {
            "chips": chips(request),
            "unfiltered": "?" + urlencode({"o": request.GET["o"]} if "o" in request.GET else {}),
        }
        response = super().changelist_view(request, context | (extra_context or {}))
        if "cl" in (shown := getattr(response, "context_data", None) or {}):
            shown["status_tabs"] = status_tabs(request, shown["cl"].queryset)
        return response

    def export_button(self, request: HttpRequest) -> Button | None:
        selection = json.dumps(selection_of(request.GET))
        query = urlencode({"subject": "candidates", "selection": selection, "sort": list_sort(self, request)})
        return go(
            request, "registry.add_exportrun", "Export these", "registry_exportrun_start", "download", query=query
        )

    def generate_button(self, request: HttpRequest) -> Button | None:
        return go(request, "registry.add_generationrun", "Generate", "registry_generationrun_start", "auto_awesome",
                  style="primary")  # fmt: skip

    @admin.display(description="status", ordering="status")
    def status_(self, row: Candidate) -> str:
        """How far it is, who has it, and what people call it."""
        parts = [display.status(row)]
        if row.assignee:
            parts.append(format_html("<small>with {}</small>", row.assignee))
        if tags := row.tags.all():
            parts.append(format_html('<span class="sv-tags">{}</span>', display.tags(tags)))
        return format_html('<span class="sv-stack">{}</span>', format_html_join("", "{}", ((part,) for part in parts)))

    @admin.display(description="found", ordering="created_at")
    def created(self, row: Candidate) -> str:
        return display.when(row.created_at)

    # Many at once: the list's actions lead to a form on the selection.

    @admin.action(description="Accept …", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        return selection_page(request, "decide", queryset, verdict=Decision.Verdict.ACCEPT)

    @admin.action(description="Reject …", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        return selection_page(request, "decide", queryset, verdict=Decision.Verdict.REJECT)

    @admin.action(description="Hold …", permissions=["decide"])
    def hold(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        return selection_page(request, "decide", queryset, verdict=Decision.Verdict.HOLD)

    @admin.action(description="Comment on …", permissions=["decide"])
    def comment(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        return selection_page(request, "decide", queryset, verdict=Decision.Verdict.COMMENT)

    @admin.action(description="Tag …", permissions=["label"])
    def tag(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        return selection_page(request, "tag", queryset)

    @admin.action(description="Assign …", permissions=["label"])
    def assign(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        return selection_page(request, "assign", queryset)

    @admin.action(description="Score …", permissions=["score"])
    def score(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        query = urlencode({"selection": json.dumps(chosen_of(request, queryset))})
        return redirect(f"{reverse('admin:registry_scoringrun_start')}?{query}")

    @admin.action(description="Export …", permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> HttpResponse:
        query = urlencode({"selection": json.dumps(chosen_of(request, queryset)), "sort": list_sort(self, request)})
        return redirect(f"{reverse('admin:registry_exportrun_start')}?{query}")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(Decide.permission)

    def has_label_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(TagCandidates.permission)

    def has_score_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("registry.add_scoringrun")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("registry.add_exportrun")

    # One at a time

    def get_urls(self) -> list[URLPattern]:
        forms = {"decide": DecideForm, "tag": TagForm, "assign": AssignForm}
        views = {name: SelectionView.as_view(form_class=form, model_admin=self) for name, form in forms.items()}
        own = [self.own_path(f"{name}/", view, name) for name, view in views.items()]
        return [*own, *super().get_urls()]

    def page(self, request: HttpRequest, row: Candidate) -> dict[str, Any]:
        return candidate_page(self, request, row)


def _structure_column(request: HttpRequest) -> Callable[[Candidate], str]:
    """Drawing and SMILES; its link carries the list's query along, for previous and next on the page."""
    kept = urlencode({"_changelist_filters": request.GET.urlencode()}) if request.GET else ""

    @admin.display(description="structure", ordering="structure__smiles")
    def drawn(row: Candidate) -> str:
        shown = format_html("{}{}", display.drawing(row.structure), display.smiles(row.structure))
        named = format_html("candidate {} · {}", row.pk, display.formula(row.structure.formula))
        return display.stacked(display.link(row, shown, kept), named)

    return drawn


def _score(row: Candidate, property_: Property) -> CandidateScore | None:
    return next((score for score in row.scores.all() if score.property_id == property_.pk), None)


def _spread_column(property_: Property) -> Callable[[Candidate], str]:
    """The uncertainty of the property that candidates are ranked by, to sort by it."""

    @admin.display(description="uncertainty", ordering=LastWhenMissing(f"score_{property_.pk}__standard_deviation"))
    def column(row: Candidate) -> str:
        score = _score(row, property_)
        spread = display.spread(score.value, score.standard_deviation, property_) if score else ""
        return spread or display.EMPTY

    column.__name__ = f"spread_{property_.name}"
    return column


def _score_column(property_: Property, with_spread: bool = True) -> Callable[[Candidate], str]:
    """A column of the list: the predicted value of one property, and what was measured."""

    @admin.display(
        description=f"{property_.label}, {display.unit_text(property_.unit)}".removesuffix(", "),
        ordering=LastWhenMissing(f"score_{property_.pk}__value"),
    )
    def column(row: Candidate) -> str:
        score = _score(row, property_)
        found = measured_briefly(row.structure, property_)
        if score is None:
            return found or display.EMPTY
        value = score_text(score, property_, unit=False, with_spread=with_spread)
        return display.stacked(value, found) if found else value

    column.largest_first = property_.better != Property.Better.LOWER  # type: ignore[attr-defined]
    column.__name__ = f"score_{property_.name}"
    return column
