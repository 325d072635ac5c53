"""Structures, and their drawings."""

import json
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeNumericFilter

from mlcore.chem import drawing
from registry.actions.conformers import GuessConformer
from registry.admin.base import RecordAdmin
from registry.admin.conformer import conformers
from registry.admin.lists.new_in_import import NewInImport
from registry.admin.parts import display, domain
from registry.admin.parts.candidate_values import curves_of, measured_value
from registry.admin.parts.conditions import conditions, stated
from registry.admin.parts.evidence import evidence, method_text
from registry.admin.parts.levels import at_level
from registry.admin.parts.panels import Button, Fact, Panel, go, list_of, table
from registry.admin.parts.refusals import unscored
from registry.models import Fingerprint, Measurement, Prediction, Structure
from registry.search.identity import meant

SHOWN = 100  # rows of a table on the page of a structure
SIZES = {(260, 88), (240, 160), (520, 320)}


@lru_cache(maxsize=4096)
def _svg(smiles: str, width: int, height: int) -> str:
    return drawing.svg(smiles, width, height)


@admin.register(Structure)
class StructureAdmin(RecordAdmin):
    list_display = ("picture", "identity", "kind", "formula_", "mass_", "heavy_atoms", "sa", "created")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        NewInImport,
        ("heavy_atoms", RangeNumericFilter),
        ("sa_score", RangeNumericFilter),
    )
    search_fields = ("smiles__contains", "formula__exact")
    search_help_text = "A SMILES in any spelling, a part of one, or a formula"
    ordering = ("-pk",)
    empty_hint = "Structures arrive with imports and with generation runs."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Structure], search_term: str
    ) -> tuple[QuerySet[Structure], bool]:
        """Whoever writes a whole structure means that one, however it is written."""
        if (found := meant(search_term)) is not None:
            return queryset.filter(pk=found.pk), False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[URLPattern]:
        return [self.own_path("<int:pk>/drawing.svg", self.drawing, "drawing"), *super().get_urls()]

    def drawing(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A structure never changes, so browsers may keep its picture for good."""
        structure = get_object_or_404(Structure.objects.only("smiles"), pk=pk)
        width, _, height = request.GET.get("size", "").partition("x")
        size = (int(width), int(height)) if width.isdecimal() and height.isdecimal() else (0, 0)
        response = HttpResponse(
            _svg(structure.smiles, *(size if size in SIZES else (240, 160))), content_type="image/svg+xml"
        )
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return response

    @admin.display(description="structure")
    def picture(self, row: Structure) -> str:
        return display.drawing(row)

    @admin.display(description="SMILES", ordering="smiles")
    def identity(self, row: Structure) -> str:
        return display.smiles(row)

    @admin.display(description="formula", ordering="formula")
    def formula_(self, row: Structure) -> str:
        return display.formula(row.formula)

    @admin.display(description="mass (g/mol)", ordering="mass")
    def mass_(self, row: Structure) -> str:
        return f"{row.mass:,.2f}"

    @admin.display(description="SA score", ordering="sa_score")
    def sa(self, row: Structure) -> str:
        return display.number(row.sa_score)

    def facts(self, request: HttpRequest, row: Structure) -> list[Fact]:
        candidate = getattr(row, "candidate", None)
        return [
            Fact("Drawing", display.drawing(row, 520, 320), wide=True),
            *identity_facts(row),
            Fact("Candidate", display.link(candidate, f"candidate {candidate.pk}") if candidate else display.EMPTY),
        ]

    def panels(self, request: HttpRequest, row: Structure) -> list[Panel]:
        curves = curves_of(row)
        drawn = [Panel("Over temperature", "registry/model/learning.html", {"charts": curves})] if curves else []
        shapes = conformers(row)
        return [measurements(row), predictions(row), *drawn, *([shapes] if shapes else [])]

    def buttons(self, request: HttpRequest, row: Structure) -> list[Button | None]:
        record = go(request, "registry.add_measurement", "Record a measurement", "registry_measurement_record", "labs",
                    query=f"structure={row.pk}", style="primary")  # fmt: skip
        score = self._score(request, row)
        if row.kind != Structure.Kind.MOLECULE:
            return [score, record]
        guess = go(request, GuessConformer.permission, "Guess a geometry", "registry_conformer_guess", "view_in_ar",
                   args=[row.pk], post=True)  # fmt: skip
        return [guess, score, record]

    def _score(self, request: HttpRequest, row: Structure) -> Button | None:
        query = urlencode({"subject": "structures", "selection": json.dumps({"ids": row.pk})})
        return go(request, "registry.add_scoringrun", "Score", "registry_scoringrun_start", "leaderboard", query=query)


def identity_facts(row: Structure) -> list[Fact]:
    unit = " of the repeat unit" if row.kind == Structure.Kind.POLYMER else ""
    return [
        Fact("SMILES", display.smiles(row), wide=True),
        Fact("Formula", format_html("{}{}", display.formula(row.formula), unit)),
        Fact("Mass", f"{row.mass:,.2f} g/mol"),
        Fact("Charge", row.charge),
        Fact("Heavy atoms", row.heavy_atoms),
        Fact("SA score", f"{display.number(row.sa_score)}  (1 easy … 10 hard)"),
    ]


def measurements(row: Structure) -> Panel:
    """Measured, simulated or computed by others: the first ones; of more, how many there are and where."""
    rows = row.measurements.select_related("property", "dataset").order_by("property__name", "pk")
    return table(
        "Reported",
        ["property", "value", "method", "conditions", "dataset"],
        [[m.property, measured(m), method_text(m.method, m.method_detail), conditions(m), display.link(m.dataset)]
         for m in rows[:SHOWN]],
        empty="Nobody has reported a value of this structure.",
        **_beyond(rows, Measurement, row),
    )  # fmt: skip


def measured(row: Measurement) -> Any:
    if row.value is None:
        return row.missing_reason
    return display.link(row, measured_value(row))


def predictions(row: Structure) -> Panel:
    rows = row.predictions.select_related("property", "model_version__model", "model_version__dataset_version__dataset")
    rows = rows.prefetch_related("model_version__properties").order_by("property__name", "-pk")
    reasons = domain.Reasons()
    shown = [
        [p.property, at_level(p), domain.told(p, reasons), display.link(p.model_version), rests_on(p),
         display.when(p.created_at)]
        for p in rows[:SHOWN]
    ]  # fmt: skip
    return table(
        "Predicted",
        ["property", "value", "domain", "by", "test error and training data", "when"],
        shown,
        empty="" if shown else unscored(row),
        **_beyond(rows, Prediction, row),
    )


def _beyond(rows: QuerySet[Any], noun: type[Model], row: Structure) -> dict[str, str]:
    """That a table is cut, and the address of the whole list; nothing for one that is not."""
    total = rows.count()
    if total <= SHOWN:
        return {}
    return {"note": f"the first {SHOWN} of {total:,}", "link": list_of(noun, structure__id__exact=row.pk)}


def rests_on(row: Prediction) -> str:
    """The model's error, and the conditions that its training data hold for."""
    found, asked = evidence(row.model_version, row.property), stated(row.conditions)
    under = found.conditions or "the conditions of the training data are not stored"
    return display.stacked(found.error or "no test error is stored", f"at {asked}; {under}" if asked else under)


@admin.register(Fingerprint)
class FingerprintAdmin(RecordAdmin):
    list_display = ("structure", "morgan_popcount")
    list_select_related = ("structure",)
    search_fields = ("structure__smiles__contains",)
    ordering = ("-pk",)
    empty_hint = "Search bits are made together with their structures."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fingerprint]:
        return super().get_queryset(request).defer("morgan", "pattern")

    def facts(self, request: HttpRequest, row: Fingerprint) -> list[Fact]:
        return [
            Fact("Structure", display.link(row.structure)),
            Fact("Morgan bits set", f"{row.morgan_popcount} of 2048"),
            Fact("Pattern bits set", len(row.pattern)),
        ]
