"""Scoring runs, and what they predicted."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeNumericFilter,
)

from registry.admin.base import RecordAdmin
from registry.admin.forms.export import ExportForm
from registry.admin.forms.scoring import StartScoringForm
from registry.admin.lists.by_structure import SearchedByStructure
from registry.admin.lists.list_sort import sort_words
from registry.admin.lists.prediction_list import KELVIN, SORTS, predictions_of
from registry.admin.lists.related import RelatedFilter
from registry.admin.lists.selections import properties_by_name, scored_structures, scoring_column
from registry.admin.pages.action_view import ActionView
from registry.admin.parts import display, domain
from registry.admin.parts.conditions import stated
from registry.admin.parts.figures import axis_unit
from registry.admin.parts.levels import at_level, predicted_at
from registry.admin.parts.panels import Button, Fact, Panel, go, list_of, table
from registry.admin.parts.scores import score_text
from registry.admin.run import RunAdmin
from registry.models import CandidateScore, ExportRun, Prediction, ScoringRun
from registry.search.sentence import counted

SHOWN = 12  # predictions on the page of a run


@admin.register(ScoringRun)
class ScoringRunAdmin(RunAdmin):
    list_filter = (("job__state", ChoicesDropdownFilter), ("model_version", RelatedFilter))
    list_select_related = ("job__created_by", "model_version__model", "generation_run__model_version__model",
                           "dataset_version__dataset")  # fmt: skip
    search_fields = ("model_version__model__name",)
    empty_hint = "Score candidates with a predictor: lists show and sort by the champion's values. Or score a dataset."
    list_buttons = ("start_button",)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return ["__str__", "live", "version", scoring_column(request), "scored", "kept", "failed", "by", "created"]

    def start_button(self, request: HttpRequest) -> Button | None:
        return go(request, StartScoringForm.permission, "Score structures", "registry_scoringrun_start",
                  "leaderboard", style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=StartScoringForm, model_admin=self)
        return [self.own_path("start/", view, "start"), *super().get_urls()]

    @admin.display(description="model version")
    def version(self, row: ScoringRun) -> str:
        return display.link(row.model_version)

    def inputs(self, row: ScoringRun) -> list[Fact]:
        return [
            Fact("Model version", self.version(row)),
            Fact("Structures", scored_structures(row, properties_by_name()), wide=True),
            Fact("Conditions", stated(row.conditions, whole=True) or "–"),
            Fact("Newly scored", f"{row.scored:,}"),
            Fact("Had their prediction already", f"{row.kept:,}"),
            Fact("Could not be scored", f"{row.failed:,}"),
            Fact("Of another kind than the model reads", f"{row.left_out:,}"),
            Fact("Out of domain", outside(row)),
        ]

    def metrics(self, row: ScoringRun) -> Panel | None:
        return super().metrics(row) if row.metrics else None  # a scoring measures nothing

    def outputs(self, request: HttpRequest, row: ScoringRun) -> list[Panel]:
        rows = row.predictions.select_related("structure", "property", "model_version")
        latest = set(rows.order_by("-pk").values_list("structure", flat=True)[:SHOWN])  # few enough to be sorted
        shown = rows.filter(structure__in=latest).order_by("structure", "property__name", KELVIN, "pk")[:SHOWN]
        reasons = domain.Reasons()
        return [
            table(
                "Latest predictions",
                ["structure", "property", "value", "domain", "conditions"],
                [
                    [
                        display.link(p.structure, display.drawing(p.structure)),
                        p.property,
                        at_level(p),
                        domain.told(p, reasons),
                        stated(p.conditions),
                    ]
                    for p in shown
                ],
                empty="Every structure had its prediction by this version already."
                if row.kept
                else "Nothing has been scored yet.",
                link=list_of(Prediction, scoring_run__id__exact=row.pk),
            )
        ]

    def buttons(self, request: HttpRequest, row: ScoringRun) -> list[Button | None]:
        return [*super().buttons(request, row), *exports(request, row)]


def exports(request: HttpRequest, row: ScoringRun) -> Iterator[Button | None]:
    """What a structure had already belongs to the run that predicted it: of a frozen version all can be told."""
    if row.predictions.exists():
        label = "Export new predictions" if row.kept else "Export predictions"
        yield export_button(request, label, {"scoring_run": row.pk})
    if row.kept and row.dataset_version_id:
        whole = {"model_version": row.model_version_id, "dataset_version": row.dataset_version_id}
        yield export_button(request, "Export all predictions", whole, icon="database")


def export_button(
    request: HttpRequest, label: str, selection: dict[str, Any], icon: str = "download", **more: str
) -> Button | None:
    """To the form that exports so selected predictions. icon: all that a telephone shows of the button."""
    query = urlencode({"subject": ExportRun.Subject.PREDICTIONS, "selection": json.dumps(selection)} | more)
    return go(request, ExportForm.permission, label, "registry_exportrun_start", icon, query=query)


def outside(row: ScoringRun) -> SafeString | str:
    """3 of 42 predictions, which are a link away."""
    found = row.predictions.aggregate(
        all=Count("pk"),
        judged=Count("pk", filter=Q(in_domain__isnull=False)),
        out=Count("pk", filter=Q(in_domain=False)),
    )
    if not found["judged"]:
        return display.EMPTY
    text = f"{found['out']:,} of {counted(found['all'], 'prediction')}"
    address = list_of(Prediction, scoring_run__id__exact=row.pk, in_domain__exact=0)
    return format_html('<a class="sv-link" href="{}">{}</a>', address, text) if found["out"] else text


@admin.register(Prediction)
class PredictionAdmin(SearchedByStructure, RecordAdmin):
    list_display = ("picture", "property", "predicted", "domain", "spread", "at", "version", "created")
    list_filter = (
        ("property", RelatedFilter),
        ("model_version", RelatedFilter),
        ("scoring_run", RelatedFilter),
        ("value", RangeNumericFilter),
        ("standard_deviation", RangeNumericFilter),
        ("in_domain", BooleanRadioFilter),
        "geometry",
    )
    list_select_related = ("structure", "property", "model_version__model")
    search_fields = ("structure__smiles__contains",)
    ordering = ("-pk",)
    empty_hint = "Scoring runs write their predictions here."
    list_buttons = ("export_button",)

    def export_button(self, request: HttpRequest) -> Button | None:
        sort = sort_words(self, request, SORTS.get)
        return export_button(request, "Export these", predictions_of(request.GET), sort=sort)

    @admin.display(description="structure")
    def picture(self, row: Prediction) -> str:
        return display.drawing(row.structure)

    @admin.display(description="value", ordering="value")
    def predicted(self, row: Prediction) -> str:
        return at_level(row)

    @admin.display(description="domain", ordering="in_domain")
    def domain(self, row: Prediction) -> SafeString | str:
        return domain.told(row) or display.EMPTY

    @admin.display(description="standard deviation", ordering="standard_deviation")
    def spread(self, row: Prediction) -> str:
        """On the model's axis, by which the list sorts."""
        unit = axis_unit(row.property)
        return f"{display.number(row.standard_deviation, 2)} {display.unit_text(unit)}".rstrip()

    @admin.display(description="at", ordering=KELVIN)
    def at(self, row: Prediction) -> str:
        return stated(row.conditions) or display.EMPTY

    @admin.display(description="by")
    def version(self, row: Prediction) -> str:
        return display.link(row.model_version)

    def facts(self, request: HttpRequest, row: Prediction) -> list[Fact]:
        return [
            Fact("Structure", display.link(row.structure, display.drawing(row.structure, 240, 160)), wide=True),
            Fact("Property", display.link(row.property)),
            Fact("Value", display.uncertain(row.value, row.standard_deviation, row.property)),
            Fact("Level of theory", predicted_at(row) or "–"),
            Fact("Domain", domain.told(row) or "–"),
            Fact("By", self.version(row)),
            Fact("Run", display.link(row.scoring_run)),
            Fact("Conditions", stated(row.conditions, whole=True) or "–"),
        ]


@admin.register(CandidateScore)
class CandidateScoreAdmin(RecordAdmin):
    list_display = ("candidate", "property", "score")
    list_filter = (("property", RelatedFilter),)
    list_select_related = ("candidate", "property", "prediction__model_version__model")
    search_fields = ("candidate__structure__smiles__contains",)
    ordering = ("-pk",)
    empty_hint = "The champion's predictions of candidates stand here, for fast lists."

    @admin.display(description="value", ordering="value")
    def score(self, row: CandidateScore) -> str:
        return score_text(row, row.property)

    def facts(self, request: HttpRequest, row: CandidateScore) -> list[Fact]:
        return [
            Fact("Candidate", display.link(row.candidate)),
            Fact("Property", display.link(row.property)),
            Fact("Value", score_text(row, row.property)),
            Fact("Prediction", display.link(row.prediction)),
        ]
